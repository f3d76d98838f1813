/* Who can open a message: RecipientInfos (RFC 5652 6.2) and our keys. */
#include "asn1/say.h"
#include "client/cms/reader_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/keywrap.h"
#include "asn1/alg/pbkdf2.h"
#include "asn1/alg/pwri.h"
#include "asn1/kari.h"

/* Recipients of one message that are ours and are tried one after another. */
#define READER_TRIES_MAX 16
/* What is kept for messages. */
#define SEARCH_NAME_LEN 96
#define SEARCH_TEXT_LEN 200

static int
reader_list_recipient(
    struct cms_reader *r, const struct cert_id *id, const char *alg_name)
{
	struct verdict_recipient *to;

	if (r->verdict == NULL)
		return 0;
	to = verdict_add_recipient(reader_layer(r));
	if (to == NULL)
		return -CS_ERR_NO_MEMORY;
	to->rid = id != NULL ? reader_describe_id(id) : strdup("?");
	to->alg_name = strdup(alg_name);
	return to->rid != NULL && to->alg_name != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* How RecipientInfos that name no certificate are told of. */
static int
reader_list_other(struct cms_reader *r, const struct recipient_info *info)
{
	char name[OID_TEXT_MAX + 32];

	switch (info->kind) {
	case RECIPIENT_KEMRI:
		alg_id_describe(name, sizeof(name), &info->kem);
		return reader_list_recipient(r, &info->rid, name);
	case RECIPIENT_ORI:
		oid_describe(name, sizeof(name), info->ori_type);
		return reader_list_recipient(r, NULL, name);
	default:
		return reader_list_recipient(
		    r, NULL, recipient_kind_name(info->kind));
	}
}

/* The search for a recipient that is ours, over all RecipientInfos. */
struct search {
	struct cms_reader *r;
	size_t skip;	/* matches that were tried in vain by earlier runs */
	size_t matches; /* so far */
	size_t used;	/* the match whose key is taken */
	size_t listed;	/* recipients in the verdict so far */
	size_t ours;	/* the one of them that is taken */
	size_t key_len;
	struct bytes alg; /* the content's AlgorithmIdentifier */
	struct secret *key;
	int code;	     /* why the first could not be opened */
	bool has_failed;     /* cancelled or refused: no other is tried */
	unsigned iterations; /* of PBKDF2 that may still be done */
	/* kinds that nobody gave us anything for */
	bool has_password, has_kek;
	char kem[SEARCH_NAME_LEN]; /* a KEM that the message has; or "" */
	bool is_kem_ours;
	char broken[SEARCH_TEXT_LEN]; /* of the first that cannot be read */
	size_t broken_number;	      /* 0: there is none */
	struct err err;
};

/* What makes it pointless, or a nuisance, to go on to the next recipient. */
static bool
is_final(int code)
{
	switch (code) {
	case -CS_ERR_CANCELLED:
	case -CS_ERR_REFUSED:
	case -CS_ERR_NO_AGENT:
	case -CS_ERR_AGENT_GONE:
	case -CS_ERR_TIMEOUT:
	case -CS_ERR_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

/* Keeps the first reason why nothing could be opened. */
static void
search_note(struct search *s, int code, const struct err *e)
{
	if (code == 0 || s->code != 0)
		return;
	s->code = code;
	s->err = *e;
}

/* Is a key wrap one that may be used? Weak ones want --legacy. */
static bool
search_may_wrap(struct search *s, enum alg wrap)
{
	if (alg_get(wrap)->strength == ALG_GOOD || s->r->params.is_legacy)
		return true;
	if (s->code == 0)
		s->code = err_set(&s->err, -CS_ERR_ALGORITHM,
		    "the key wrap %s is weak; --legacy reads it",
		    alg_name(wrap));
	return false;
}

/* What is decided here and not by the agent: is the key agreement's wrap
 * weak? What is wrong with it otherwise, the agent tells. */
static bool
search_may_open(struct search *s, const struct recipient_info *info)
{
	struct kari_algs algs;

	return info->kind != RECIPIENT_KARI ||
	       kari_algs_decode(&info->key_enc_alg, &algs, NULL) != 0 ||
	       search_may_wrap(s, algs.wrap);
}

static void
search_open(struct search *s, const struct recipient_info *info, unsigned index,
    const struct cert *own)
{
	const struct cms_key_ops *ops = s->r->params.ops;
	struct err e = ERR_INIT;
	int code = ops->open(ops->ctx, cert_get_key_hash(own), info->raw, index,
	    s->alg, &s->key, &e);

	if (code == 0 &&
	    (s->key == NULL || secret_get_len(s->key) != s->key_len)) {
		secret_free(s->key);
		s->key = NULL;
		code = err_set(&e, -CS_ERR_PROTOCOL,
		    "the content-encryption key that came back has a wrong "
		    "length");
	}
	search_note(s, code, &e);
	s->has_failed = is_final(code);
}

/* Whose certificate does the identifier mean? NULL: none of ours. */
static const struct cert *
search_find_own(const struct search *s, const struct cert_id *id)
{
	const struct cert_set *own = s->r->params.own;
	size_t i;

	for (i = 0; own != NULL && i < cert_set_get_len(own); i++)
		if (reader_is_id_of(id, cert_set_get(own, i)))
			return cert_set_get(own, i);
	return NULL;
}

/* Another match; is it to be tried now? */
static bool
search_begin(struct search *s)
{
	size_t match = s->matches++;
	bool is_due = s->key == NULL && !s->has_failed && match >= s->skip &&
		      match < READER_TRIES_MAX;

	if (is_due)
		s->used = match;
	if (match == s->used)
		s->ours = s->listed - 1;
	return is_due;
}

/* Is the recipient that was just listed ours? Then it is tried. */
static void
search_try(struct search *s, const struct recipient_info *info, unsigned index,
    const struct cert_id *id)
{
	const struct cert *c = search_find_own(s, id);

	if (c != NULL && s->r->params.ops != NULL && search_begin(s) &&
	    search_may_open(s, info))
		search_open(s, info, index, c);
}

/* Takes what a key or password gave, or notes why it gave nothing. */
static void
search_take(struct search *s, struct secret *key, const char *what)
{
	if (key != NULL && secret_get_len(key) == s->key_len) {
		s->key = key;
		return;
	}
	secret_free(key);
	if (s->code == 0)
		s->code = err_set(&s->err, -CS_ERR_DECRYPT,
		    "%s does not open the message", what);
}

static void
search_try_keks(struct search *s, const struct recipient_info *info)
{
	const struct cms_reader_params *params = &s->r->params;
	enum alg wrap =
	    alg_find_oid(info->key_enc_alg.known, ALG_KIND_KEY_WRAP);
	const struct cms_kek *kek;
	size_t i;

	s->has_kek = true;
	for (i = 0; i < params->keks_len; i++) {
		kek = &params->keks[i];
		if (kek->id.len != 0 && !bytes_is_equal(kek->id, info->kek_id))
			continue;
		if (search_begin(s) && search_may_wrap(s, wrap))
			search_take(s,
			    key_unwrap(wrap, kek->key, info->encrypted_key),
			    "the key-encryption key");
	}
}

/* RFC 3211 2.3; a recipient without keyDerivationAlgorithm has its key from
 * elsewhere, which a password cannot be. */
static struct secret *
search_unwrap_password(struct search *s, const struct recipient_info *info,
    const struct secret *password, struct err *e)
{
	struct pbkdf2_params params;
	struct cipher_params cipher;
	struct secret *kek, *key;
	int code = info->has_kdf ? pbkdf2_params_decode(&info->kdf, &params, e)
				 : err_set(e, -CS_ERR_UNSUPPORTED,
				       "the password recipient has no key "
				       "derivation");

	if (code == 0)
		code = pwri_params_decode(&info->key_enc_alg, &cipher, e);
	if (code == 0 && params.iterations > s->iterations)
		code = err_set(e, -CS_ERR_TOO_LARGE,
		    "the message asks for more than %d iterations of PBKDF2",
		    PBKDF2_ITERATIONS_MAX);
	if (code != 0)
		return NULL;
	if (!search_may_wrap(s, cipher.alg))
		return NULL;
	s->iterations -= params.iterations;
	kek = pbkdf2_derive(&params, password, cipher_params_key_len(&cipher));
	if (kek == NULL)
		return NULL;
	key = pwri_unwrap(&cipher, kek, info->encrypted_key);
	secret_free(kek);
	return key;
}

static void
search_try_passwords(struct search *s, const struct recipient_info *info)
{
	const struct cms_reader_params *params = &s->r->params;
	struct secret *key;
	struct err e;
	size_t i;

	s->has_password = true;
	for (i = 0; i < params->passwords_len; i++) {
		if (!search_begin(s))
			continue;
		err_clear(&e);
		key = search_unwrap_password(s, info, params->passwords[i], &e);
		search_note(s, e.code, &e);
		search_take(s, key, "the password");
	}
}

/* RFC 9629: named, and not served. */
static void
search_note_kem(struct search *s, const struct recipient_info *info)
{
	bool is_ours = search_find_own(s, &info->rid) != NULL;
	char name[OID_TEXT_MAX];

	if (s->kem[0] == '\0' || (is_ours && !s->is_kem_ours))
		snprintf(s->kem, sizeof(s->kem), "%.*s", SEARCH_NAME_LEN - 1,
		    alg_id_describe(name, sizeof(name), &info->kem));
	if (is_ours)
		s->is_kem_ours = true;
}

static int
search_key_agreement(struct search *s, const struct recipient_info *info)
{
	char name[OID_TEXT_MAX];
	struct recipient_key key;
	unsigned index = 0;
	struct der d;
	int code;

	alg_id_describe(name, sizeof(name), &info->key_enc_alg);
	der_init(&d, info->keys);
	for (; recipient_key_next(&d, &key); index++) {
		code = reader_list_recipient(s->r, &key.rid, name);
		if (code != 0)
			return code;
		s->listed++;
		search_try(s, info, index, &key.rid);
	}
	return 0;
}

static int
search_other(struct search *s, const struct recipient_info *info)
{
	int code = reader_list_other(s->r, info);

	if (code != 0)
		return code;
	if (info->kind == RECIPIENT_KEKRI)
		search_try_keks(s, info);
	else if (info->kind == RECIPIENT_PWRI)
		search_try_passwords(s, info);
	else if (info->kind == RECIPIENT_KEMRI)
		search_note_kem(s, info);
	return 0;
}

/* Not a part of its caller's frame, which would be large with it. */
__attribute__((noinline)) static int
search_element(struct search *s, struct bytes element)
{
	struct recipient_info info;
	struct err e = ERR_INIT;
	char name[OID_TEXT_MAX];
	int code;

	/* What cannot be read may still be somebody else's. */
	if (recipient_info_decode(element, &info, &e) != 0) {
		info.kind = RECIPIENT_NONE;
		if (s->broken_number == 0) {
			s->broken_number = s->listed + 1;
			snprintf(s->broken, sizeof(s->broken), "%.*s",
			    SEARCH_TEXT_LEN - 1, err_get_text(&e));
		}
	}
	if (info.kind == RECIPIENT_KARI)
		return search_key_agreement(s, &info);
	s->listed++;
	if (info.kind != RECIPIENT_KTRI)
		return search_other(s, &info);
	alg_id_describe(name, sizeof(name), &info.key_enc_alg);
	code = reader_list_recipient(s->r, &info.rid, name);
	if (code == 0)
		search_try(s, &info, 0, &info.rid);
	return code;
}

/* Keeps the key for the next run. */
static int
search_remember(struct search *s)
{
	struct cms_memo *memo = s->r->params.memo;

	s->r->has_more =
	    s->matches > s->used + 1 && s->used + 1 < READER_TRIES_MAX;
	if (memo == NULL)
		return 0;
	memo->used = s->used;
	if (memo->key == NULL)
		memo->key = secret_dup(s->key);
	return memo->key != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* Why nothing could be opened, when nothing was even tried. */
static int
search_explain(const struct search *s)
{
	char text[SEARCH_NAME_LEN + 400];

	if (s->is_kem_ours) {
		snprintf(text, sizeof(text),
		    say("the message is encrypted to a key here by key "
			"encapsulation (%s), which is not supported"),
		    s->kem);
		return reader_cannot_open(s->r, -CS_ERR_ALGORITHM, text);
	}
	if (s->broken_number != 0 && !s->has_password && !s->has_kek) {
		snprintf(text, sizeof(text),
		    say("none of the recipients has its key here; recipient "
			"%zu "
			"cannot be read: %s"),
		    s->broken_number, s->broken);
		return reader_cannot_open(s->r, -CS_ERR_NO_RECIPIENT, text);
	}
	snprintf(text, sizeof(text),
	    say("none of the recipients that the message is encrypted to has "
		"its "
		"key here%s%s%s%s"),
	    s->has_password ? say("; one is a password: give --password-file")
			    : "",
	    s->has_kek ? say("; one is a key: give --kek-file") : "",
	    s->kem[0] != '\0'
		? say("; one is by key encapsulation, which is not "
		      "supported: ")
		: "",
	    s->kem);
	return reader_cannot_open(s->r, -CS_ERR_NO_RECIPIENT, text);
}

int
reader_get_key(
    struct cms_reader *r, size_t key_len, struct bytes alg, struct secret **key)
{
	struct cms_memo *memo = r->params.memo;
	struct search s = {
	    .r = r,
	    .used = SIZE_MAX - 1,
	    .key_len = key_len,
	    .alg = alg,
	    .iterations = PBKDF2_ITERATIONS_MAX,
	};
	int code = 0;
	size_t i;

	*key = NULL;
	err_clear(&s.err);
	if (memo != NULL && memo->key != NULL) {
		s.used = memo->used;
		s.key = secret_dup(memo->key);
		if (s.key == NULL)
			return -CS_ERR_NO_MEMORY;
	} else if (memo != NULL) {
		s.skip = memo->skip;
	}
	for (i = 0; code == 0 && i < r->recipients.len; i++)
		code = search_element(&s, buf_get(&r->recipients.items[i]));
	if (code == 0 && s.key != NULL)
		code = search_remember(&s);
	if (code != 0) {
		secret_free(s.key);
		return code;
	}
	if (s.key != NULL && r->verdict != NULL)
		reader_layer(r)->recipients[s.ours].is_ours = true;
	*key = s.key;
	if (s.key == NULL && s.code != 0)
		return err_set(&r->err, s.code, "%s", err_get_text(&s.err));
	return s.key == NULL ? search_explain(&s) : 0;
}
