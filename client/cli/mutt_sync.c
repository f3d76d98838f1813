/*
 * mutt's folders of certificates and keys. Each has a file .index, a line for
 * each address and certificate:
 *
 *	mailbox hash.N label issuer-hash.N|? trust purpose
 *
 * hash.N is the name of a file in smime_certificates. mutt only compares it,
 * so that here it is the beginning of the certificate's SHA-256.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/cmd_mutt.h"

/* Of our lines: correspondents, and one's own keys. */
#define LABEL "cardseal"
#define LABEL_KEY "cardseal-key"
#define LABEL_SIZE 32
#define MAILBOX_SIZE 512
#define ID_MAX 100 /* certificates with the same beginning */
#define EXIT_NO_AGENT 3
#define EXIT_NO_TOKEN 4

static int
fail(const struct mutt_sync *s, const char *path)
{
	cli_error("%s: %s: %s", s->cli->command->name, path, strerror(errno));
	return CLI_EXIT_IO;
}

/* Writes the file in one step. */
static int
write_file(const struct mutt_sync *s, const char *path, const char *text)
{
	char *beside;
	FILE *f;
	int status = 0;

	if (asprintf(&beside, "%s.%ld", path, (long)getpid()) < 0)
		return fail(s, path);
	f = fopen(beside, "wxe");
	if (f == NULL) {
		status = fail(s, beside);
		free(beside);
		return status;
	}
	if (fputs(text, f) == EOF)
		status = fail(s, beside);
	if (fclose(f) != 0 && status == 0)
		status = fail(s, beside);
	if (status == 0 && rename(beside, path) != 0)
		status = fail(s, path);
	if (status != 0)
		unlink(beside);
	free(beside);
	return status;
}

/* Does the file have that text? 1, 0, or -1: there is none. */
static int
has_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "re");
	size_t len = strlen(text), i = 0;
	int c;

	if (f == NULL)
		return -1;
	while ((c = fgetc(f)) != EOF && i < len && c == (unsigned char)text[i])
		i++;
	fclose(f);
	return c == EOF && i == len;
}

/* Puts the certificate beside the index, under the name that id gets. */
static int
write_certificate(const struct mutt_sync *s, const char *sha256,
    const char *pem, char id[static MUTT_ID_SIZE])
{
	char *path;
	int n, has, status = 0;

	for (n = 0; n < ID_MAX; n++) {
		snprintf(id, MUTT_ID_SIZE, "%.8s.%d", sha256, n);
		if (asprintf(&path, "%s/%s", s->certificates, id) < 0)
			return fail(s, s->certificates);
		has = has_text(path, pem);
		if (has < 0)
			status = write_file(s, path, pem);
		free(path);
		if (has != 0)
			return status;
	}
	errno = EEXIST;
	return fail(s, s->certificates);
}

/* A line for each of the addresses, which have ", " between. */
static void
put_lines(FILE *to, const char *addresses, const char *id, const char *label,
    const char *purpose)
{
	size_t len;

	while (*addresses != '\0') {
		len = strcspn(addresses, ",");
		fprintf(to, "%.*s %s %s ? t %s\n", (int)len, addresses, id,
		    label, purpose);
		addresses += len;
		addresses += strspn(addresses, ", ");
	}
}

/* --- the indexes --- */

/* "MAILBOX ID LABEL ISSUER TRUST PURPOSE" */
enum field { FIELD_MAILBOX, FIELD_ID, FIELD_LABEL, FIELD_PURPOSE = 5 };

/* A field of the line; the empty text if it has none that fits. */
static void
get_field(const char *line, enum field which, char *text, size_t size)
{
	static const char blank[] = " \t\r\n";
	size_t len;
	int i;

	line += strspn(line, blank);
	for (i = 0; i < (int)which; i++) {
		line += strcspn(line, blank);
		line += strspn(line, blank);
	}
	len = strcspn(line, blank);
	snprintf(text, size, "%.*s", len < size ? (int)len : 0, line);
}

static bool
has_label(const char *line, const char *label)
{
	char found[LABEL_SIZE];

	get_field(line, FIELD_LABEL, found, sizeof(found));
	return strcmp(found, label) == 0;
}

/* What others wrote into the index, and what is left as it was, for the new
 * one. */
static int
keep_others(
    const struct mutt_sync *s, const char *path, bool keeps_keys, FILE *to)
{
	char *line = NULL;
	size_t size = 0;
	int status = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return errno == ENOENT ? 0 : fail(s, path);
	while (getline(&line, &size, f) >= 0)
		if (!has_label(line, LABEL) &&
		    (keeps_keys || !has_label(line, LABEL_KEY)))
			fputs(line, to);
	if (ferror(f))
		status = fail(s, path);
	free(line);
	fclose(f);
	return status;
}

/* The index of a folder: what others wrote, then what fill puts. ctx: the
 * keys; NULL: not known, so that their lines stay. */
static int
write_index(struct mutt_sync *s, const char *folder,
    int (*fill)(struct mutt_sync *s, void *ctx, FILE *to), void *ctx)
{
	char *path, *text = NULL;
	size_t len;
	FILE *to;
	int status;

	if (asprintf(&path, "%s/.index", folder) < 0)
		return fail(s, folder);
	to = open_memstream(&text, &len);
	status =
	    to == NULL ? fail(s, path) : keep_others(s, path, ctx == NULL, to);
	if (status == 0)
		status = fill(s, ctx, to);
	if (to != NULL && fclose(to) != 0 && status == 0)
		status = fail(s, path);
	/* mutt goes on without an index only if there is none to read. */
	if (status == 0 && has_text(path, text) != 1)
		status = write_file(s, path, text);
	free(text);
	free(path);
	return status;
}

static bool
is_for_signing(const struct cardseal_key *k)
{
	return k->can_sign && k->sign_refused[0] == '\0' &&
	       k->addresses[0] != '\0';
}

/* Is a better to sign with: the PIV card's key for that, else the newer. */
static bool
is_better(const struct cardseal_key *a, const struct cardseal_key *b)
{
	bool has_a = strcmp(a->role, "9c") == 0;

	if (has_a != (strcmp(b->role, "9c") == 0))
		return has_a;
	return a->not_before > b->not_before;
}

/* Of those with an address: which one mutt signs with. */
static const struct cardseal_key *
choose_signing_key(const struct cardseal_keys *keys)
{
	const struct cardseal_key *best = NULL, *k;
	size_t i;

	for (i = 0; i < cardseal_keys_get_len(keys); i++) {
		k = cardseal_keys_get_key(keys, i);
		if (is_for_signing(k) && (best == NULL || is_better(k, best)))
			best = k;
	}
	return best;
}

/* A key's certificate and its lines in one of the indexes. */
static int
put_key(struct mutt_sync *s, const struct cardseal_key *k, bool is_private,
    FILE *to)
{
	char id[MUTT_ID_SIZE], purpose[3];
	bool signs = is_private && is_for_signing(k), is_old, opens;
	int status = 0;

	/* What is expired still opens old mail. */
	is_old = is_private && k->not_after < (int64_t)time(NULL);
	opens = k->can_decrypt && (is_old || k->encrypt_refused[0] == '\0');
	snprintf(purpose, sizeof(purpose), "%s%s", signs ? "s" : "",
	    opens ? "e" : "");
	if (purpose[0] == '\0' || k->addresses[0] == '\0')
		return 0;
	status = write_certificate(s, k->certificate_sha256, k->pem, id);
	if (status == 0)
		put_lines(to, k->addresses, id, LABEL_KEY, purpose);
	return status;
}

/* The one to sign with comes first; find_sign_as counts on it. */
static int
fill_keys(struct mutt_sync *s, void *ctx, FILE *to)
{
	const struct cardseal_keys *keys = ctx;
	const struct cardseal_key *best = choose_signing_key(keys), *k;
	size_t i;
	int status = best != NULL ? put_key(s, best, true, to) : 0;

	/* RFC 8419 3: the others take any. */
	if (best != NULL && strcmp(best->type, "Ed25519") == 0)
		s->digest = "sha512";
	for (i = 0; status == 0 && i < cardseal_keys_get_len(keys); i++) {
		k = cardseal_keys_get_key(keys, i);
		if (k != best)
			status = put_key(s, k, true, to);
	}
	return status;
}

/* Which key the index says to sign with, and which its owner reads with. */
static int
find_sign_as(struct mutt_sync *s)
{
	char *path, *line = NULL, purpose[LABEL_SIZE], owner[MAILBOX_SIZE] = "",
		    mailbox[MAILBOX_SIZE];
	size_t size = 0;
	FILE *f;

	if (asprintf(&path, "%s/.index", s->keys) < 0)
		return fail(s, s->keys);
	f = fopen(path, "re");
	free(path);
	if (f == NULL)
		return errno == ENOENT ? 0 : fail(s, s->keys);
	while (s->encrypt_as[0] == '\0' && getline(&line, &size, f) >= 0) {
		if (!has_label(line, LABEL_KEY))
			continue;
		get_field(line, FIELD_PURPOSE, purpose, sizeof(purpose));
		get_field(line, FIELD_MAILBOX, mailbox, sizeof(mailbox));
		if (s->sign_as[0] == '\0' && strchr(purpose, 's') != NULL) {
			get_field(
			    line, FIELD_ID, s->sign_as, sizeof(s->sign_as));
			memcpy(owner, mailbox, sizeof(owner));
		}
		if (owner[0] != '\0' && strcmp(mailbox, owner) == 0 &&
		    strchr(purpose, 'e') != NULL)
			get_field(line, FIELD_ID, s->encrypt_as,
			    sizeof(s->encrypt_as));
	}
	free(line);
	fclose(f);
	return 0;
}

static int
fill_certificates(struct mutt_sync *s, void *ctx, FILE *to)
{
	const struct cardseal_keys *keys = ctx;
	const struct cardseal_certificate *c;
	struct cardseal_certificates *list;
	char id[MUTT_ID_SIZE];
	size_t i;
	int r, status = 0;

	for (i = 0;
	     status == 0 && keys != NULL && i < cardseal_keys_get_len(keys);
	     i++)
		status = put_key(s, cardseal_keys_get_key(keys, i), false, to);
	if (status != 0)
		return status;
	r = cardseal_certificates_get(s->cli->job, NULL, &list);
	if (r != 0)
		return cli_fail(s->cli, r);
	for (i = 0; status == 0 && i < cardseal_certificates_get_len(list);
	     i++) {
		c = cardseal_certificates_get_item(list, i);
		if (c->encrypt_refused[0] != '\0' || c->addresses[0] == '\0')
			continue;
		status = write_certificate(s, c->sha256, c->pem, id);
		if (status == 0)
			put_lines(to, c->addresses, id, LABEL, "e");
	}
	cardseal_certificates_free(list);
	return status;
}

/* --- folders --- */

static int
make_folder(const struct mutt_sync *s, const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : fail(s, path);
}

static int
find_folders(struct mutt_sync *s)
{
	const char *home = getenv("HOME"), *folder = s->cli->folder;
	char *smime = NULL;
	int status;

	if (folder == NULL && home == NULL) {
		cli_error("%s: HOME is not set; name mutt's folder with "
			  "--folder",
		    s->cli->command->name);
		return CLI_EXIT_USAGE;
	}
	if ((folder != NULL ? asprintf(&smime, "%s", folder)
			    : asprintf(&smime, "%s/.smime", home)) < 0)
		return fail(s, "mutt's folder");
	status = make_folder(s, smime);
	if (status == 0 &&
	    (asprintf(&s->certificates, "%s/certificates", smime) < 0 ||
		asprintf(&s->keys, "%s/keys", smime) < 0))
		status = fail(s, smime);
	if (status == 0)
		status = make_folder(s, s->certificates);
	if (status == 0)
		status = make_folder(s, s->keys);
	free(smime);
	return status;
}

/* The agent's keys; without an agent none, and that is no fault. */
static int
get_keys(struct mutt_sync *s, struct cardseal_keys **keys)
{
	int status, r = cardseal_keys_get(s->cli->job, keys);

	if (r == 0 && cardseal_keys_get_len(*keys) != 0)
		return 0;
	/* None at all: a card that is not in, or not read yet. */
	if (r == 0)
		cardseal_keys_free(*keys);
	status = r != 0 ? cardseal_exit_status(r) : EXIT_NO_TOKEN;
	*keys = NULL;
	if (status != EXIT_NO_AGENT && status != EXIT_NO_TOKEN)
		return cli_fail(s->cli, r);
	if (!s->cli->is_quiet)
		cli_error("%s: keys are left as they were: %s",
		    s->cli->command->name,
		    r != 0 ? cardseal_job_get_error(s->cli->job)
			   : cli_say("the agent has none"));
	return 0;
}

int
mutt_sync_write(struct cli *cli, struct mutt_sync *s)
{
	struct cardseal_keys *keys = NULL;
	int status;

	*s = (struct mutt_sync){.cli = cli, .digest = "sha256"};
	status = find_folders(s);
	if (status == 0)
		status = get_keys(s, &keys);
	if (status == 0 && keys != NULL)
		status = write_index(s, s->keys, fill_keys, keys);
	if (status == 0)
		status =
		    write_index(s, s->certificates, fill_certificates, keys);
	cardseal_keys_free(keys);
	return status == 0 ? find_sign_as(s) : status;
}

void
mutt_sync_clear(struct mutt_sync *s)
{
	free(s->certificates);
	free(s->keys);
	*s = (struct mutt_sync){0};
}
