#include "asn1/say.h"
#include "client/api/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang_analyzer__
#undef job_end
#endif

int
strings_add(struct strings *s, const char *value)
{
	char **items, *copy;

	if (s->len >= STRINGS_MAX)
		return -CS_ERR_TOO_LARGE;
	copy = strdup(value);
	items = realloc(s->items, (s->len + 1) * sizeof(*items));
	if (items != NULL)
		s->items = items;
	if (items == NULL || copy == NULL) {
		free(copy);
		return -CS_ERR_NO_MEMORY;
	}
	items[s->len++] = copy;
	return 0;
}

int
strings_printf(struct strings *s, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, say(fmt), ap);
	va_end(ap);
	if (r < 0)
		return -CS_ERR_NO_MEMORY;
	r = strings_add(s, text);
	free(text);
	return r;
}

void
strings_clear(struct strings *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		free(s->items[i]);
	free(s->items);
	*s = (struct strings){0};
}

const char *
strings_keep(struct strings *s, struct bytes text)
{
	char *copy = bytes_dup_str(text);
	const char *kept = "";

	if (copy != NULL && strings_add(s, copy) == 0)
		kept = s->items[s->len - 1];
	free(copy);
	return kept;
}

static const char *
keep_buf(struct strings *s, struct buf *b)
{
	const char *kept = strings_keep(s, buf_get(b));

	buf_clear(b);
	return kept;
}

const char *
strings_keep_hex(struct strings *s, struct bytes octets)
{
	struct buf hex = {0};

	buf_add_hex(&hex, octets);
	return keep_buf(s, &hex);
}

const char *
strings_keep_sha1(struct strings *s, const struct cert *cert)
{
	uint8_t sha1[CERT_SHA1_LEN];

	cert_get_sha1(cert, sha1);
	return strings_keep_hex(s, bytes_of(sha1, sizeof(sha1)));
}

const char *
strings_keep_name(struct strings *s, struct bytes name)
{
	struct buf text = {0};

	name_format(&text, name);
	return keep_buf(s, &text);
}

/* One with a comma or a blank (in a quoted local part) would be read as
 * several, of which one could be somebody else's. */
static int
join_address(void *ctx, struct bytes address)
{
	struct buf *list = ctx;

	if (memchr(address.p, ',', address.len) != NULL ||
	    memchr(address.p, ' ', address.len) != NULL)
		return 0;
	if (list->len != 0)
		buf_add_str(list, ", ");
	return buf_add_bytes(list, address);
}

const char *
strings_keep_addresses(struct strings *s, const struct cert *cert)
{
	struct buf list = {0};

	(void)cert_walk_addresses(cert, join_address, &list);
	return keep_buf(s, &list);
}

const char *
cardseal_version(void)
{
	return CARDSEAL_VERSION;
}

int
cardseal_exit_status(int code)
{
	return err_exit_status(code);
}

void
cardseal_translate(int on)
{
	say_translate(on != 0);
}

const char *
cardseal_code_name(int code)
{
	return err_name(code);
}

const char *
cardseal_code_text(int code)
{
	return err_text(code);
}

struct cardseal_job *
cardseal_job_new(void)
{
	struct cardseal_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	err_clear(&job->err);
	return job;
}

void
cardseal_job_free(struct cardseal_job *job)
{
	size_t i;

	if (job == NULL)
		return;
	link_free(job->link);
	job_trust_forget(job);
	for (i = 0; i < JOB_OPTIONS; i++)
		strings_clear(&job->options[i]);
	strings_clear(&job->warnings);
	strings_clear(&job->notes);
	signers_clear(&job->signers);
	free(job);
}

/* What each option takes: does it repeat, and which words if not any text. */
static const struct {
	bool repeats;
	const char *words; /* separated by '|'; NULL: any text */
} option_rules[JOB_OPTIONS] = {
    [CARDSEAL_FORMAT] = {false, "smime|cms|entity"},
    [CARDSEAL_FORM] = {false, "detach|opaque|certs"},
    [CARDSEAL_DER] = {false, "0|1"},
    [CARDSEAL_ARMOR] = {false, "0|1|gpgsm|pkcs7"},
    [CARDSEAL_PSS] = {false, "0|1"},
    [CARDSEAL_KEY] = {true, NULL},
    [CARDSEAL_RECIPIENT] = {true, NULL},
    [CARDSEAL_RECIPIENT_FILE] = {true, NULL},
    [CARDSEAL_ANCHOR] = {true, NULL},
    [CARDSEAL_INTERMEDIATE] = {true, NULL},
    [CARDSEAL_CRL] = {true, NULL},
    [CARDSEAL_OCSP] = {true, NULL},
    [CARDSEAL_FETCH] = {false, "off|public|all"},
    [CARDSEAL_REVOCATION] = {false, "off|soft|hard"},
    [CARDSEAL_LEGACY] = {false, "0|1"},
    [CARDSEAL_PASSWORD_FILE] = {true, NULL},
    [CARDSEAL_KEK_FILE] = {true, NULL},
    [CARDSEAL_KEK_ID] = {true, NULL},
    [CARDSEAL_OAEP] = {false, "0|1"},
    [CARDSEAL_OAEP_DIGEST] = {false, "sha1|sha224|sha256|sha384|sha512"},
    [CARDSEAL_OAEP_MGF] = {false, "sha1|sha224|sha256|sha384|sha512"},
    [CARDSEAL_KEY_IDS] = {false, "0|1"},
    [CARDSEAL_CERT_PURPOSE] = {false, "any|sign|encrypt"},
    [CARDSEAL_POLICY] = {true, NULL},
    [CARDSEAL_REQUIRE_EXPLICIT_POLICY] = {false, "0|1"},
    [CARDSEAL_INHIBIT_POLICY_MAPPING] = {false, "0|1"},
    [CARDSEAL_INHIBIT_ANY_POLICY] = {false, "0|1"},
    [CARDSEAL_UNSAFE] = {false, "0|1"},
    [CARDSEAL_REQUIRE_SIGNED] = {false, "0|1"},
    [CARDSEAL_ENCRYPT] = {false, "0|1"},
    [CARDSEAL_TO_SELF] = {false, "0|1"},
    [CARDSEAL_ENVELOPE] = {true, NULL},
    [CARDSEAL_HEADERS] = {false, "plain|protect|hide"},
    [CARDSEAL_BATCH] = {false, "0|1"},
    [CARDSEAL_OPEN_PASSWORD_FILE] = {true, NULL},
    [CARDSEAL_OPEN_KEK_FILE] = {true, NULL},
    [CARDSEAL_COMPRESS] = {false, "0|1"},
    [CARDSEAL_DIGEST] = {false, "sha224|sha256|sha384|sha512"},
    [CARDSEAL_TRIPLE] = {false, "0|1"},
    [CARDSEAL_RECEIPT_REQUEST] = {true, NULL},
    [CARDSEAL_RECEIPT_TO] = {true, NULL},
    [CARDSEAL_EMAIL] = {true, NULL},
    [CARDSEAL_USAGE] = {false, "sign|encrypt|both"},
    [CARDSEAL_LABEL_CATEGORY] = {true, NULL},
    [CARDSEAL_EQUIVALENT_LABEL] = {true, NULL},
    [CARDSEAL_LOOKUP] = {false, "no|yes"},
    [CARDSEAL_KEEP] = {false, "0|1"},
    [CARDSEAL_RECEIPT_ENCRYPT] = {false, "auto|always|never"},
    [CARDSEAL_LEGACY_DISPLAY] = {false, "no|yes"},
};

static bool
words_have(const char *words, const char *value)
{
	size_t len = strlen(value), n;

	while (words != NULL) {
		n = strcspn(words, "|");
		if (n == len && strncmp(words, value, len) == 0)
			return true;
		words = words[n] == '|' ? words + n + 1 : NULL;
	}
	return false;
}

static bool
is_oid(const char *dotted)
{
	struct buf b = {0};
	int r = oid_parse(&b, dotted);

	buf_clear(&b);
	return r == 0;
}

/* Options whose values have a form of their own. */
static int
option_check(
    struct cardseal_job *job, enum cardseal_option option, const char *value)
{
	char quoted[128];
	int64_t t;
	bool is_good = true;

	if (option_rules[option].words != NULL)
		is_good = words_have(option_rules[option].words, value);
	else if (option == CARDSEAL_TIME)
		is_good = time_parse(value, &t) == 0;
	else if (option == CARDSEAL_CIPHER)
		is_good = strcmp(value, "auto") == 0 ||
			  alg_find_name(value, ALG_KIND_CIPHER) != ALG_NONE ||
			  alg_find_name(value, ALG_KIND_AEAD) != ALG_NONE;
	else if (option == CARDSEAL_KEY_AGREEMENT)
		is_good =
		    alg_find_name(value, ALG_KIND_KEY_AGREEMENT) != ALG_NONE;
	else if (option == CARDSEAL_POLICY)
		is_good = is_oid(value);
	else if (option == CARDSEAL_ENVELOPE) /* "root" is one, too */
		is_good = value[0] != '\0';
	else if (option == CARDSEAL_RECEIPT_REQUEST)
		is_good = words_have("all|first-tier", value) ||
			  address_is_valid(bytes_of_str(value));
	else if (option == CARDSEAL_RECIPIENT || option == CARDSEAL_FROM ||
		 option == CARDSEAL_RECEIPT_TO || option == CARDSEAL_EMAIL)
		is_good = address_is_valid(bytes_of_str(value));
	if (is_good)
		return 0;
	err_quote(quoted, sizeof(quoted), value, strlen(value));
	if (option_rules[option].words != NULL)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "\"%s\" is not one of %s", quoted,
		    option_rules[option].words);
	if (option == CARDSEAL_TIME)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "\"%s\" is not a time like 2026-01-31T12:00:00Z", quoted);
	if (option == CARDSEAL_CIPHER)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "\"%s\" is not a cipher such as aes256-cbc or aes256-gcm",
		    quoted);
	if (option == CARDSEAL_KEY_AGREEMENT)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "\"%s\" is not a key agreement such as ecdh-sha256, "
		    "ecdh-cofactor-sha384 or ecdh-hkdf-sha256",
		    quoted);
	if (option == CARDSEAL_POLICY)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "\"%s\" is not an object identifier like 2.5.29.32.0",
		    quoted);
	return err_set(&job->err, -CS_ERR_ARGUMENT,
	    "\"%s\" is not a mail address", quoted);
}

int
cardseal_job_set(
    struct cardseal_job *job, enum cardseal_option option, const char *value)
{
	int r;

	if ((unsigned)option >= JOB_OPTIONS)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "there is no option with number %d", (int)option);
	job_trust_forget(job);
	if (value != NULL) {
		r = option_check(job, option, value);
		if (r != 0)
			return r;
	}
	if (value == NULL || !option_rules[option].repeats)
		strings_clear(&job->options[option]);
	if (option == CARDSEAL_SOCKET || option == CARDSEAL_PROGRAM) {
		link_free(job->link);
		job->link = NULL;
	}
	if (value == NULL)
		return 0;
	r = strings_add(&job->options[option], value);
	return r == 0 ? 0 : err_set(&job->err, r, NULL);
}

int
cardseal_job_get_code(const struct cardseal_job *job)
{
	return job->err.code;
}

const char *
cardseal_job_get_error(const struct cardseal_job *job)
{
	return err_get_text(&job->err);
}

const char *
cardseal_job_get_warning(const struct cardseal_job *job, size_t i)
{
	return i < job->warnings.len ? job->warnings.items[i] : NULL;
}

const char *
cardseal_job_get_note(const struct cardseal_job *job, size_t i)
{
	return i < job->notes.len ? job->notes.items[i] : NULL;
}

const char *
job_get(const struct cardseal_job *job, enum cardseal_option option)
{
	const struct strings *values = &job->options[option];

	return values->len != 0 ? values->items[values->len - 1] : NULL;
}

bool
job_is(const struct cardseal_job *job, enum cardseal_option option,
    const char *word)
{
	const char *value = job_get(job, option);

	return value != NULL && strcmp(value, word) == 0;
}

bool
job_is_set(const struct cardseal_job *job, enum cardseal_option option)
{
	return job_is(job, option, "1");
}

bool
job_is_smime(const struct cardseal_job *job)
{
	const char *format = job_get(job, CARDSEAL_FORMAT);

	return format == NULL || strcmp(format, "smime") == 0;
}

void
job_start(struct cardseal_job *job)
{
	err_clear(&job->err);
	strings_clear(&job->warnings);
	strings_clear(&job->notes);
	signers_clear(&job->signers);
}

int
job_end(struct cardseal_job *job, int code)
{
	if (code == 0)
		err_clear(&job->err);
	else if (job->err.code == 0)
		err_set(&job->err, code, NULL);
	return code;
}
