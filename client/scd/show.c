/* show.c: the commands that tell what cards there are and what is on them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/scd/scd.h"

/* Certificates that belong to no key here. */
#define OTHER_PREFIX "CARDSEALCERT."
#define OTHER_NAME_SIZE (sizeof(OTHER_PREFIX) + 2 * SPKI_FINGERPRINT_LEN)
/* Kinds of certificates, as GnuPG's scd/app-p15.c numbers them. */
#define KIND_KEY 100
#define KIND_OTHER 102

static struct scd *
scd_of(assuan_context_t ctx)
{
	return assuan_get_pointer(ctx);
}

static void
other_name(struct bytes cert, char name[OTHER_NAME_SIZE])
{
	uint8_t digest[SPKI_FINGERPRINT_LEN];

	spki_fingerprint(cert, digest);
	memcpy(name, OTHER_PREFIX, sizeof(OTHER_PREFIX));
	scd_put_hex(
	    name + sizeof(OTHER_PREFIX) - 1, bytes_of(digest, sizeof(digest)));
}

static gpg_error_t
put_status(assuan_context_t ctx, const char *keyword, const char *text)
{
	return assuan_write_status(ctx, keyword, text);
}

static gpg_error_t
put_key(assuan_context_t ctx, const struct scd_key *k)
{
	char text[sizeof(k->grip) + sizeof(k->name) + 1];

	snprintf(text, sizeof(text), "%s %s", k->grip, k->name);
	return put_status(ctx, "KEYPAIRINFO", text);
}

static gpg_error_t
put_cert(assuan_context_t ctx, int kind, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "%d %s", kind, name);
	return put_status(ctx, "CERTINFO", text);
}

static gpg_error_t
put_certs(assuan_context_t ctx)
{
	struct scd *s = scd_of(ctx);
	char name[OTHER_NAME_SIZE];
	struct bytes cert;
	gpg_error_t rc = 0;
	struct der d;
	size_t i;

	for (i = 0; rc == 0 && i < s->keys_len; i++)
		if (s->keys[i].certificate.len != 0)
			rc = put_cert(ctx, KIND_KEY, s->keys[i].name);
	der_init(&d, buf_get(&s->others));
	while (rc == 0 && agt_cert_next(&d, &cert)) {
		other_name(cert, name);
		rc = put_cert(ctx, KIND_OTHER, name);
	}
	return rc;
}

static gpg_error_t
put_keys(assuan_context_t ctx)
{
	struct scd *s = scd_of(ctx);
	gpg_error_t rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < s->keys_len; i++)
		rc = put_key(ctx, &s->keys[i]);
	return rc;
}

/* Lists what there is, and says which card it is. */
static gpg_error_t
begin(assuan_context_t ctx, const char *keyword)
{
	struct scd *s = scd_of(ctx);
	struct err e = ERR_INIT;

	if (scd_list(s, &e) != 0)
		return scd_error(s, &e);
	return put_status(ctx, keyword, SCD_SERIAL);
}

gpg_error_t
scd_cmd_serialno(assuan_context_t ctx, char *line)
{
	char wanted[80];

	if (scd_get_option(line, "--demand", wanted, sizeof(wanted)) != NULL &&
	    strcasecmp(wanted, SCD_SERIAL) != 0)
		return assuan_set_error(ctx,
		    gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_CARD_NOT_PRESENT),
		    "that card is none of cardseal's; gpgsm --learn-card "
		    "makes its keys known");
	return begin(ctx, "SERIALNO");
}

gpg_error_t
scd_cmd_learn(assuan_context_t ctx, char *line)
{
	char none[2];
	gpg_error_t rc = begin(ctx, "SERIALNO");

	if (rc == 0)
		rc = put_status(ctx, "APPTYPE", "PKCS11");
	if (rc == 0 &&
	    scd_get_option(line, "--keypairinfo", none, sizeof(none)) == NULL)
		rc = put_certs(ctx);
	return rc != 0 ? rc : put_keys(ctx);
}

/* KEYINFO [--list[=encr|sign|auth]] [--data] GRIP (GnuPG 2.3 and later). */
gpg_error_t
scd_cmd_keyinfo(assuan_context_t ctx, char *line)
{
	struct scd *s = scd_of(ctx);
	struct err e = ERR_INIT;
	const char *grip = scd_get_word(line);
	gpg_error_t rc = 0;
	bool is_found = false;
	char text[256];
	size_t i;

	if (scd_list(s, &e) != 0)
		return scd_error(s, &e);
	for (i = 0; rc == 0 && i < s->keys_len; i++) {
		if (grip[0] != '\0' && strcasecmp(grip, s->keys[i].grip) != 0)
			continue;
		is_found = true;
		snprintf(text, sizeof(text), "%s T %s %s", s->keys[i].grip,
		    SCD_SERIAL, s->keys[i].name);
		rc = put_status(ctx, "KEYINFO", text);
	}
	if (rc == 0 && !is_found)
		rc = gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_NOT_FOUND);
	return rc;
}

gpg_error_t
scd_cmd_getattr(assuan_context_t ctx, char *line)
{
	struct scd *s = scd_of(ctx);
	const char *name = scd_get_word(line);
	gpg_error_t rc;
	size_t i;

	if (strcmp(name, "SERIALNO") == 0)
		return begin(ctx, "SERIALNO");
	if (strcmp(name, "$DISPSERIALNO") == 0)
		return put_status(ctx, name, "cardseal");
	if (strcmp(name, "APPTYPE") == 0)
		return put_status(ctx, name, "PKCS11");
	if (strcmp(name, "$AUTHKEYID") != 0)
		return gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_INV_NAME);
	rc = begin(ctx, "SERIALNO");
	for (i = 0; rc == 0 && i < s->keys_len; i++)
		if (s->keys[i].is_for_login)
			return put_status(ctx, name, s->keys[i].name);
	return rc != 0 ? rc
		       : gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_NOT_FOUND);
}

static struct bytes
find_other(struct scd *s, const char *wanted)
{
	char name[OTHER_NAME_SIZE];
	struct bytes cert;
	struct der d;

	der_init(&d, buf_get(&s->others));
	while (agt_cert_next(&d, &cert)) {
		other_name(cert, name);
		if (strcasecmp(name, wanted) == 0)
			return cert;
	}
	return BYTES_NONE;
}

gpg_error_t
scd_cmd_readcert(assuan_context_t ctx, char *line)
{
	struct scd *s = scd_of(ctx);
	struct err e = ERR_INIT;
	const struct scd_key *key;
	const char *name = scd_get_word(line);
	struct bytes cert;
	int r = scd_find(s, name, &key, &e);

	if (r == 0)
		cert = key->certificate;
	else if (r == -CS_ERR_NO_KEY)
		cert = find_other(s, name);
	else
		return scd_error(s, &e);
	if (cert.len == 0)
		return gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_NOT_FOUND);
	return assuan_send_data(ctx, cert.p, cert.len);
}

gpg_error_t
scd_cmd_readkey(assuan_context_t ctx, char *line)
{
	struct scd *s = scd_of(ctx);
	struct err e = ERR_INIT;
	const struct scd_key *key;
	struct buf sexp = {0};
	struct spki spki;
	gpg_error_t rc = 0;
	char none[2];
	int r = scd_find(s, scd_get_word(line), &key, &e);

	if (r == 0)
		r = spki_decode(key->spki_der, &spki, &e);
	if (r == 0)
		r = spki_put_sexp(&spki, &sexp);
	if (r != 0) {
		buf_clear(&sexp);
		return scd_error(s, &e);
	}
	if (scd_get_option(line, "--info", none, sizeof(none)) != NULL ||
	    scd_get_option(line, "--info-only", none, sizeof(none)) != NULL)
		rc = put_key(ctx, key);
	if (rc == 0 &&
	    scd_get_option(line, "--info-only", none, sizeof(none)) == NULL)
		rc = assuan_send_data(ctx, sexp.data, sexp.len);
	buf_clear(&sexp);
	return rc;
}
