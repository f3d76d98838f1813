#include "agent/pin_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/policy.h"
#include "asn1/alg/digest.h"

#define SOURCE_PREFIX "pin-of "
#define SOURCE_MARK_MAX (1024 + 96)

bool
pin_sources_has_section(const char *section)
{
	return strncmp(section, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0;
}

static struct pin_source *
source_get(struct pin_sources *s, const char *name)
{
	struct pin_source *source;
	unsigned i;

	for (i = 0; i < s->len; i++)
		if (strcmp(s->list[i].name, name) == 0)
			return &s->list[i];
	if (s->len == PIN_SOURCES_MAX)
		return NULL;
	source = &s->list[s->len++];
	snprintf(source->name, sizeof(source->name), "%s", name);
	return source;
}

static int
source_put(char dst[PIN_SOURCE_PATH_MAX], const char *name, const char *text,
    struct err *e)
{
	int n = snprintf(dst, PIN_SOURCE_PATH_MAX, "%s", text);

	if (n > 0 && n < PIN_SOURCE_PATH_MAX)
		return 0;
	return err_set(e, -CS_ERR_CONFIG, "%s: it is empty or too long", name);
}

int
pin_sources_set(struct pin_sources *s, const char *section, const char *name,
    const char *text, struct err *e)
{
	const char *source_name = section + strlen(SOURCE_PREFIX);
	struct pin_source *source = source_get(s, source_name);

	if (source == NULL || source_name[0] == '\0')
		return err_set(e, -CS_ERR_CONFIG,
		    "[pin-of NAME]: no name, or more than %d of them",
		    PIN_SOURCES_MAX);
	if (strcmp(name, "token") == 0) {
		if (!policy_is_uri(text))
			return err_set(e, -CS_ERR_CONFIG,
			    "token: a pkcs11: URI is wanted");
		return source_put(source->token, name, text, e);
	}
	if (strcmp(name, "credential") == 0) {
		source->is_credential = true;
		if (strchr(text, '/') != NULL)
			return err_set(e, -CS_ERR_CONFIG,
			    "credential: a name, not a path, is wanted");
		return source_put(source->path, name, text, e);
	}
	if (strcmp(name, "file") != 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "[%s%s] has only token, credential and file", SOURCE_PREFIX,
		    source->name);
	source->is_credential = false;
	if (text[0] != '/')
		return err_set(
		    e, -CS_ERR_CONFIG, "file: a whole path is wanted");
	return source_put(source->path, name, text, e);
}

const struct pin_source *
pin_sources_find(const struct pin_sources *s, struct bytes token_uri)
{
	unsigned i;

	for (i = 0; i < s->len; i++)
		if (s->list[i].token[0] != '\0' && s->list[i].path[0] != '\0' &&
		    policy_uri_matches(s->list[i].token, token_uri))
			return &s->list[i];
	return NULL;
}

/* --- the file --- */

static int
source_path(const struct pin_source *s, char out[PIN_SOURCE_PATH_MAX * 2],
    struct err *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (!s->is_credential) {
		snprintf(out, PIN_SOURCE_PATH_MAX, "%s", s->path);
		return 0;
	}
	if (folder == NULL || folder[0] != '/')
		return err_set(e, -CS_ERR_CONFIG,
		    "the credential %s: CREDENTIALS_DIRECTORY is not set; see "
		    "LoadCredential in systemd.exec(5)",
		    s->path);
	n = snprintf(
	    out, (size_t)PIN_SOURCE_PATH_MAX * 2, "%s/%s", folder, s->path);
	if (n < 0 || n >= PIN_SOURCE_PATH_MAX * 2)
		return err_set(e, -CS_ERR_CONFIG,
		    "the credential %s: the path is too long", s->path);
	return 0;
}

/* Root's may be readable by our own group, so that root can keep it. */
static bool
source_is_safe(const struct stat *st)
{
	mode_t closed = st->st_uid == 0 && st->st_gid == getegid() ? 037 : 077;

	return S_ISREG(st->st_mode) &&
	       (st->st_uid == 0 || st->st_uid == geteuid()) &&
	       (st->st_mode & closed) == 0;
}

static int
source_read(int fd, const char *path, struct secret **pin, struct err *e)
{
	struct secret *s;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return err_set_errno(e, errno, path);
	if (!source_is_safe(&st))
		return err_set(e, -CS_ERR_CONFIG,
		    "%s: a file with a PIN must be ours or root's, and closed "
		    "to others (chmod 400)",
		    path);
	s = secret_new(PIN_SOURCE_PIN_MAX + 2);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	n = read(fd, secret_get(s), secret_get_len(s));
	if (n > 0 && secret_get(s)[n - 1] == '\n')
		n--;
	if (n > 0 && n <= PIN_SOURCE_PIN_MAX) {
		secret_cut(s, (size_t)n);
		*pin = s;
		return 0;
	}
	secret_free(s);
	if (n < 0)
		return err_set_errno(e, errno, path);
	return err_set(e, -CS_ERR_CONFIG,
	    "%s: a PIN of 1 to %d octets is "
	    "wanted",
	    path, PIN_SOURCE_PIN_MAX);
}

/* --- marks --- */

/* The PIN does not get into the name, but through a key that is secret. */
static void
source_mark_path(const char *state_folder, const struct secret *key,
    struct bytes token_uri, const struct secret *pin, char out[SOURCE_MARK_MAX])
{
	const struct bytes parts[] = {BYTES_LIT("pin mark"), token_uri,
	    BYTES_LIT(" "), secret_get_bytes(pin)};
	uint8_t mac[DIGEST_LEN_MAX];
	char hex[2 * 16 + 1];

	(void)hmac_of(ALG_SHA256, secret_get_bytes(key), parts, 4, mac);
	snprintf(out, SOURCE_MARK_MAX, "%.1000s/pin-tried-%s", state_folder,
	    bytes_to_hex(bytes_of(mac, 16), hex, sizeof(hex)));
}

int
pin_source_get(const struct pin_source *s, const char *state_folder,
    const struct secret *key, struct bytes token_uri, struct secret **pin,
    struct err *e)
{
	char path[PIN_SOURCE_PATH_MAX * 2], mark[SOURCE_MARK_MAX];
	struct stat st;
	int fd, r;

	*pin = NULL;
	r = source_path(s, path, e);
	if (r != 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_set_errno(e, errno, path);
	r = source_read(fd, path, pin, e);
	(void)close(fd);
	if (r != 0)
		return r;
	source_mark_path(state_folder, key, token_uri, *pin, mark);
	if (lstat(mark, &st) != 0)
		return 0;
	secret_free(*pin);
	*pin = NULL;
	return err_set(e, -CS_ERR_PIN_WRONG,
	    "the PIN in %s failed before, or might have, and is not sent "
	    "again; put the right one there, or remove %s if it is right",
	    path, mark);
}

int
pin_source_mark(const char *state_folder, const struct secret *key,
    struct bytes token_uri, const struct secret *pin, struct err *e)
{
	char mark[SOURCE_MARK_MAX];
	int fd;

	source_mark_path(state_folder, key, token_uri, pin, mark);
	fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fsync(fd) != 0) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_errno(e, errno, mark);
	}
	(void)close(fd);
	return 0;
}

void
pin_source_unmark(const char *state_folder, const struct secret *key,
    struct bytes token_uri, const struct secret *pin)
{
	char mark[SOURCE_MARK_MAX];

	source_mark_path(state_folder, key, token_uri, pin, mark);
	(void)unlink(mark);
}
