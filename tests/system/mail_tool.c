/*
 * mail_tool: client/smime by itself, with keys in files: for tests that have
 * many mails to make, and need neither agent nor token.
 *
 *	mail_tool entity 7bit|8bit MAIL         the entity, to stdout
 *	mail_tool sign detached|opaque KEY CERT MAIL
 *	mail_tool verify ANCHOR MAIL            what is signed, to stdout
 *	mail_tool judge ANCHOR MAIL             likewise, but without content
 *	mail_tool encrypt aes256-cbc|... CERT MAIL
 *	mail_tool decrypt KEY CERT MAIL
 *	mail_tool serve                         lines of such words on stdin,
 *	    with an output file in front of them; answers "STATUS text"
 *	mail_tool time WORDS...                 CPU seconds to stderr
 *
 * "sign detached" of a mail that cannot be is opaque and says so on stderr.
 * Exit status as cardseal's.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/smime/smime.h"
#include "tests/unit/soft_key.h"

#define WORDS_MAX 8

struct tool {
	struct output *out;
	struct err err;
	char note[256]; /* why it is opaque, or the verdict */
};

/* Keys are read once. */
static struct soft_key *
tool_key(struct tool *t, const char *key_path, const char *cert_path)
{
	static char *paths[4];
	static struct soft_key *keys[4];
	size_t i;

	for (i = 0; i < 3 && paths[i] != NULL; i++)
		if (strcmp(paths[i], key_path) == 0)
			return keys[i];
	free(paths[i]);
	soft_key_free(keys[i]);
	paths[i] = strdup(key_path);
	keys[i] = soft_key_load(key_path, cert_path);
	if (keys[i] == NULL)
		err_set(&t->err, -CS_ERR_NO_KEY, "cannot read %s or %s",
		    key_path, cert_path);
	return keys[i];
}

static int
with_mail(struct tool *t, const char *path,
    int (*fn)(struct tool *t, struct smime_mail *mail, void *ctx), void *ctx)
{
	struct smime_mail *mail = NULL;
	struct input *in = NULL;
	int r = input_open(path, &in, &t->err);

	if (r == 0)
		r = smime_mail_scan(in, &mail, &t->err);
	if (r == 0)
		r = fn(t, mail, ctx);
	smime_mail_free(mail);
	input_free(in);
	return r;
}

static int
do_entity(struct tool *t, struct smime_mail *mail, void *ctx)
{
	bool is_7bit = strcmp(ctx, "7bit") == 0;

	return source_run(smime_mail_get_entity(mail, is_7bit),
	    output_get_sink(t->out), &t->err);
}

static int
do_sign(struct tool *t, struct smime_mail *mail, void *ctx)
{
	char **words = ctx;
	struct soft_key *key = tool_key(t, words[2], words[3]);
	struct soft_ring ring = {.keys = {key}, .len = 1};
	struct cms_key_ops ops = soft_ring_ops(&ring);
	struct cms_signer signer = {0};
	struct cms_sign_params params = {.signers = &signer,
	    .signers_len = 1,
	    .content_type = OID_DATA,
	    .signing_time = (int64_t)time(NULL),
	    .ops = &ops};
	bool is_opaque = strcmp(words[1], "opaque") == 0;
	const struct spki *spki;
	struct err why = ERR_INIT;
	int r;

	if (key == NULL)
		return t->err.code;
	signer.cert = soft_key_get_cert(key);
	spki = cert_get_spki(signer.cert);
	r = sig_scheme_choose(
	    spki, sig_default_digest(spki), false, &signer.scheme);
	if (!is_opaque && !smime_mail_can_detach(mail, &why))
		snprintf(t->note, sizeof(t->note), "opaque: %.200s", why.text);
	if (r == 0)
		r = smime_sign(mail, is_opaque ? SMIME_OPAQUE : SMIME_DETACHED,
		    &params, output_get_sink(t->out), &t->err);
	return r;
}

static int
do_encrypt(struct tool *t, struct smime_mail *mail, void *ctx)
{
	char **words = ctx;
	struct cert_set *set = cert_set_new();
	struct cert *cert;
	struct cms_encrypt_params params = {.recipients_len = 1,
	    .cipher = alg_find_name(words[1], ALG_KIND_CIPHER),
	    .content_type = OID_DATA};
	int r = cert_set_add_file(set, words[2], &t->err);

	if (params.cipher == ALG_NONE)
		params.cipher = alg_find_name(words[1], ALG_KIND_AEAD);
	if (r == 0) {
		cert = cert_set_get(set, 0);
		params.recipients = &cert;
		r = smime_encrypt(
		    mail, &params, output_get_sink(t->out), &t->err);
	}
	cert_set_free(set);
	return r;
}

static int
tool_read(struct tool *t, const struct smime_read_params *params,
    const char *path, struct output *out)
{
	struct verdict *v = verdict_new();
	struct input *in = NULL;
	int r = input_open(path, &in, &t->err);

	if (r == 0)
		r = smime_read(in, params, out, v, &t->err);
	if (r == 0) {
		snprintf(t->note, sizeof(t->note), "%s, %zu warnings: %.200s",
		    verdict_summary_name(v->summary), v->warnings_len, v->text);
		r = v->code;
	}
	verdict_free(v);
	input_free(in);
	return r;
}

static int
do_verify(struct tool *t, char **words)
{
	struct cert_set *anchors = cert_set_new();
	struct cms_trust trust = {
	    .path = {.anchors = anchors, .purpose = PATH_SIGN}};
	struct smime_read_params params = {
	    .cms = {.trust = &trust}, .wants_signed = true};
	int r = cert_set_add_file(anchors, words[1], &t->err);

	if (r == 0)
		r = tool_read(
		    t, &params, words[2], words[0][0] == 'j' ? NULL : t->out);
	cert_set_free(anchors);
	return r;
}

static int
do_decrypt(struct tool *t, char **words)
{
	struct soft_key *key = tool_key(t, words[1], words[2]);
	struct soft_ring ring = {.keys = {key}, .len = 1};
	struct cms_key_ops ops = soft_ring_ops(&ring);
	struct cert_set *own = cert_set_new();
	struct smime_read_params params = {.cms = {.ops = &ops, .own = own},
	    .wants_encrypted = true,
	    .keeps_headers = true};
	int r = key != NULL ? cert_set_add(own, soft_key_get_cert(key))
			    : t->err.code;

	if (r == 0)
		r = tool_read(t, &params, words[3], t->out);
	cert_set_free(own);
	return r;
}

static int
tool_run(struct tool *t, char **words, size_t n)
{
	const char *verb = n > 0 ? words[0] : "";

	err_clear(&t->err);
	t->note[0] = '\0';
	if (strcmp(verb, "entity") == 0 && n == 3)
		return with_mail(t, words[2], do_entity, words[1]);
	if (strcmp(verb, "sign") == 0 && n == 5)
		return with_mail(t, words[4], do_sign, words);
	if (strcmp(verb, "encrypt") == 0 && n == 4)
		return with_mail(t, words[3], do_encrypt, words);
	if ((strcmp(verb, "verify") == 0 || strcmp(verb, "judge") == 0) &&
	    n == 3)
		return do_verify(t, words);
	if (strcmp(verb, "decrypt") == 0 && n == 4)
		return do_decrypt(t, words);
	return err_set(&t->err, -CS_ERR_USAGE, "see the head of mail_tool.c");
}

static int
tool_run_to(struct tool *t, const char *path, char **words, size_t n)
{
	int r = output_open(path, &t->out, &t->err);

	if (r == 0) {
		r = tool_run(t, words, n);
		if (r == 0)
			r = output_commit(t->out, &t->err);
	}
	output_free(t->out);
	t->out = NULL;
	return r;
}

/* "OUTPUT VERB ..." per line; the answer is a line, too. */
static int
serve(struct tool *t)
{
	char *line = NULL, *words[WORDS_MAX], *rest;
	size_t cap = 0, n;
	int r;

	while (getline(&line, &cap, stdin) > 0) {
		rest = line;
		rest[strcspn(rest, "\n")] = '\0';
		for (n = 0; n < WORDS_MAX && rest != NULL; n++)
			words[n] = strsep(&rest, " ");
		r = n > 1 ? tool_run_to(t, words[0], words + 1, n - 1) : 0;
		printf("%d %s%s\n", err_exit_status(r),
		    r != 0 && t->note[0] == '\0' ? err_get_text(&t->err) : "",
		    t->note);
		fflush(stdout);
	}
	free(line);
	return 0;
}

static void
print_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	fprintf(stderr, "cpu %lld.%03ld\n", (long long)now.tv_sec,
	    now.tv_nsec / 1000000);
}

int
main(int argc, char **argv)
{
	struct tool t = {.err = ERR_INIT};
	bool is_timed = argc > 1 && strcmp(argv[1], "time") == 0;
	int r = alg_init(&t.err), skip = is_timed ? 2 : 1;

	if (r == 0 && argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve(&t);
	if (r == 0)
		r = tool_run_to(&t, NULL, argv + skip, (size_t)(argc - skip));
	if (is_timed)
		print_time();
	if (t.note[0] != '\0')
		fprintf(stderr, "mail_tool: %s\n", t.note);
	else if (r != 0)
		fprintf(stderr, "mail_tool: %s\n", err_get_text(&t.err));
	return err_exit_status(r);
}
