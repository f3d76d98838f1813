#include "client/p12/p12.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/utf8.h"

#define P12_LABEL_MAX 256 /* octets */

/* A certificate, until its key is known. */
struct p12_cert {
	uint8_t id[P12_ID_LEN];
	struct buf der, label;
};

struct p12_reader {
	struct p12 *p;
	struct p12_cert *certs;
	size_t certs_len;
	struct secret *text;  /* the password, or NULL */
	const char *password; /* NULL: none */
	bool is_given;	      /* by the caller */
	bool is_proven;	      /* by the file's MAC */
	struct err *e;
};

static int
p12_wrong_password(struct p12_reader *r)
{
	return err_set(r->e, -CS_ERR_PASSWORD,
	    r->is_given ? "the password is not the file's"
			: "the file has a password: give --password-file");
}

/* What GnuTLS's failure means here. */
static int
p12_fail(struct p12_reader *r, int code)
{
	switch (code) {
	case GNUTLS_E_MAC_VERIFY_FAILED:
	case GNUTLS_E_DECRYPTION_FAILED:
	case GNUTLS_E_INVALID_PASSWORD:
	case GNUTLS_E_INVALID_PASSWORD_STRING:
		return p12_wrong_password(r);
	case GNUTLS_E_MEMORY_ERROR:
		return err_set(r->e, -CS_ERR_NO_MEMORY, NULL);
	case GNUTLS_E_UNKNOWN_CIPHER_TYPE:
	case GNUTLS_E_UNKNOWN_HASH_ALGORITHM:
	case GNUTLS_E_UNKNOWN_ALGORITHM:
	case GNUTLS_E_UNKNOWN_PK_ALGORITHM:
	case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
	case GNUTLS_E_ECC_UNSUPPORTED_CURVE:
		return err_set(r->e, -CS_ERR_ALGORITHM,
		    "the file has an algorithm that is not known: %s",
		    gnutls_strerror(code));
	default:
		return err_set(r->e, -CS_ERR_ENCODING,
		    "it cannot be read as PKCS #12: %s", gnutls_strerror(code));
	}
}

/* As p12_fail, for what was decrypted. With a wrong password there comes out
 * what looks like another fault, now and then. */
static int
p12_fail_decrypted(struct p12_reader *r, int code)
{
	int result = p12_fail(r, code);

	return result == -CS_ERR_ENCODING && !r->is_proven
		   ? p12_wrong_password(r)
		   : result;
}

/* --- what is kept --- */

static void
p12_key_clear(struct p12_key *key)
{
	secret_free(key->info);
	buf_clear(&key->label);
	buf_clear(&key->certificate);
}

void
p12_clear(struct p12 *p)
{
	while (p->len > 0)
		p12_key_clear(&p->keys[--p->len]);
	free(p->keys);
	*p = (struct p12){0};
}

static void
p12_cert_clear(struct p12_cert *cert)
{
	buf_clear(&cert->der);
	buf_clear(&cert->label);
}

/* A name that is no text is left out. */
static void
p12_take_label(gnutls_pkcs12_bag_t bag, unsigned i, struct buf *label)
{
	struct bytes name;
	char *text = NULL; /* the bag's */
	size_t at;

	if (gnutls_pkcs12_bag_get_friendly_name(bag, i, &text) != 0 ||
	    text == NULL)
		return;
	name = bytes_of_str(text);
	for (at = 0; at < name.len && name.p[at] >= 0x20 && name.p[at] != 0x7f;
	     at++)
		;
	if (at == name.len && name.len <= P12_LABEL_MAX && utf8_is_valid(name))
		buf_add_bytes(label, name);
}

static int
p12_check_buf(struct p12_reader *r, const struct buf *b)
{
	return b->err == 0 ? 0 : err_set(r->e, b->err, NULL);
}

/* --- keys --- */

static bool
p12_ids_match(const uint8_t a[P12_ID_LEN], const uint8_t b[P12_ID_LEN])
{
	return bytes_is_equal(bytes_of(a, P12_ID_LEN), bytes_of(b, P12_ID_LEN));
}

static bool
p12_has_key(const struct p12 *p, const uint8_t id[P12_ID_LEN])
{
	size_t i;

	for (i = 0; i < p->len; i++)
		if (p12_ids_match(p->keys[i].id, id))
			return true;
	return false;
}

/* The key, which GnuTLS found to be one, as PrivateKeyInfo. */
static int
p12_keep_key(struct p12_reader *r, gnutls_x509_privkey_t key,
    const struct p12_key *named)
{
	gnutls_datum_t info = {NULL, 0};
	struct p12_key *kept = &r->p->keys[r->p->len];
	int code = gnutls_x509_privkey_export2_pkcs8(
	    key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &info);

	if (code != 0)
		return p12_fail(r, code);
	*kept = *named;
	kept->info = secret_new_from(info.data, info.size);
	gnutls_memset(info.data, 0, info.size);
	gnutls_free(info.data);
	if (kept->info == NULL)
		return err_set(r->e, -CS_ERR_TOO_LARGE, NULL);
	r->p->len++;
	return 0;
}

static int
p12_judge_key(struct p12_reader *r, gnutls_x509_privkey_t key,
    gnutls_pkcs12_bag_t bag, unsigned i)
{
	struct p12_key named = {.label = {.max = P12_LABEL_MAX}};
	size_t len = sizeof(named.id);
	int type = gnutls_x509_privkey_get_pk_algorithm(key), code;

	if (type != GNUTLS_PK_RSA && type != GNUTLS_PK_ECDSA)
		return err_set(r->e, -CS_ERR_ALGORITHM,
		    "a key in the file is neither RSA nor EC");
	code = gnutls_x509_privkey_verify_params(key);
	if (code == 0)
		code = gnutls_x509_privkey_get_key_id(
		    key, GNUTLS_KEYID_USE_SHA256, named.id, &len);
	if (code != 0)
		return err_set(r->e, -CS_ERR_ENCODING,
		    "a key in the file is broken: %s", gnutls_strerror(code));
	if (p12_has_key(r->p, named.id))
		return 0;
	if (r->p->len == P12_KEYS_MAX)
		return err_set(r->e, -CS_ERR_TOO_LARGE,
		    "the file has more than %d keys", P12_KEYS_MAX);
	p12_take_label(bag, i, &named.label);
	code = p12_keep_key(r, key, &named);
	if (code != 0)
		buf_clear(&named.label);
	return code;
}

/* GnuTLS has one error for a key with another password than the file's and for
 * one of a kind that it does not know. */
static int
p12_fail_key(struct p12_reader *r, int code)
{
	int result = p12_fail_decrypted(r, code);

	if (result != -CS_ERR_PASSWORD || !r->is_proven)
		return result;
	return err_set(r->e, -CS_ERR_ALGORITHM,
	    "a key in the file is of a kind that is not known, or has another "
	    "password than the file");
}

static int
p12_take_key(struct p12_reader *r, gnutls_pkcs12_bag_t bag, unsigned i,
    const gnutls_datum_t *data, bool is_plain)
{
	gnutls_x509_privkey_t key;
	int code = gnutls_x509_privkey_init(&key);

	if (code != 0)
		return p12_fail(r, code);
	code = gnutls_x509_privkey_import_pkcs8(key, data, GNUTLS_X509_FMT_DER,
	    is_plain ? NULL : r->password,
	    is_plain		  ? GNUTLS_PKCS_PLAIN
	    : r->password == NULL ? GNUTLS_PKCS_NULL_PASSWORD
				  : 0);
	if (code != 0)
		code = is_plain ? p12_fail(r, code) : p12_fail_key(r, code);
	else
		code = p12_judge_key(r, key, bag, i);
	gnutls_x509_privkey_deinit(key);
	return code;
}

/* --- certificates --- */

/* One that cannot be read is nobody's. */
static int
p12_take_cert(struct p12_reader *r, gnutls_pkcs12_bag_t bag, unsigned i,
    const gnutls_datum_t *data)
{
	struct p12_cert *kept = &r->certs[r->certs_len];
	size_t len = P12_ID_LEN;
	gnutls_x509_crt_t crt;

	if (r->certs_len == P12_CERTS_MAX)
		return err_set(r->e, -CS_ERR_TOO_LARGE,
		    "the file has more than %d certificates", P12_CERTS_MAX);
	if (gnutls_x509_crt_init(&crt) != 0)
		return err_set(r->e, -CS_ERR_NO_MEMORY, NULL);
	*kept = (struct p12_cert){.label = {.max = P12_LABEL_MAX}};
	if (gnutls_x509_crt_import(crt, data, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_key_id(
		crt, GNUTLS_KEYID_USE_SHA256, kept->id, &len) == 0) {
		buf_add(&kept->der, data->data, data->size);
		p12_take_label(bag, i, &kept->label);
		r->certs_len++;
	}
	gnutls_x509_crt_deinit(crt);
	return p12_check_buf(r, &kept->der);
}

/* Gives each key the first certificate for it, and a name that only that
 * has. */
static int
p12_join(struct p12_reader *r)
{
	struct p12_key *key;
	size_t i, j;

	for (i = 0; i < r->p->len; i++) {
		key = &r->p->keys[i];
		for (j = 0; j < r->certs_len; j++)
			if (p12_ids_match(key->id, r->certs[j].id))
				break;
		if (j == r->certs_len)
			continue;
		buf_add_bytes(&key->certificate, buf_get(&r->certs[j].der));
		if (key->label.len == 0)
			buf_add_bytes(&key->label, buf_get(&r->certs[j].label));
		if (key->certificate.err != 0)
			return p12_check_buf(r, &key->certificate);
	}
	return 0;
}

/* --- the file --- */

static int
p12_take_element(struct p12_reader *r, gnutls_pkcs12_bag_t bag, unsigned i)
{
	gnutls_datum_t data;
	int type = gnutls_pkcs12_bag_get_type(bag, i);

	if (gnutls_pkcs12_bag_get_data(bag, i, &data) != 0)
		return 0;
	if (type == GNUTLS_BAG_PKCS8_KEY ||
	    type == GNUTLS_BAG_PKCS8_ENCRYPTED_KEY)
		return p12_take_key(
		    r, bag, i, &data, type == GNUTLS_BAG_PKCS8_KEY);
	return type == GNUTLS_BAG_CERTIFICATE ? p12_take_cert(r, bag, i, &data)
					      : 0;
}

static int
p12_take_bag(struct p12_reader *r, gnutls_pkcs12_bag_t bag)
{
	int count, code = 0;
	unsigned i;

	if (gnutls_pkcs12_bag_get_type(bag, 0) == GNUTLS_BAG_ENCRYPTED)
		code = gnutls_pkcs12_bag_decrypt(bag, r->password);
	if (code != 0)
		return p12_fail_decrypted(r, code);
	count = gnutls_pkcs12_bag_get_count(bag);
	for (i = 0; code == 0 && count > 0 && i < (unsigned)count; i++)
		code = p12_take_element(r, bag, i);
	return code;
}

static int
p12_take_all(struct p12_reader *r, gnutls_pkcs12_t file)
{
	gnutls_pkcs12_bag_t bag;
	int i, code = 0, got = 0;

	for (i = 0; code == 0 && got == 0; i++) {
		if (gnutls_pkcs12_bag_init(&bag) != 0)
			return err_set(r->e, -CS_ERR_NO_MEMORY, NULL);
		got = gnutls_pkcs12_get_bag(file, i, bag);
		if (got == 0)
			code = p12_take_bag(r, bag);
		gnutls_pkcs12_bag_deinit(bag);
	}
	if (code == 0 && got != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		code = p12_fail(r, got);
	if (code == 0 && r->p->len == 0)
		code = err_set(r->e, -CS_ERR_NO_PRIVATE_KEY,
		    "there is no private key in the file");
	return code == 0 ? p12_join(r) : code;
}

/* The file's MAC tells whether the password is the file's; where there is
 * none, decrypting does. */
static int
p12_check_password(struct p12_reader *r, gnutls_pkcs12_t file)
{
	int code = gnutls_pkcs12_verify_mac(file, r->password);

	if (code == GNUTLS_E_ASN1_ELEMENT_NOT_FOUND ||
	    code == GNUTLS_E_ASN1_VALUE_NOT_FOUND)
		return 0;
	r->is_proven = code == 0;
	return code == 0 ? 0 : p12_fail(r, code);
}

static int
p12_read(struct p12_reader *r, struct bytes file)
{
	gnutls_datum_t data = {(unsigned char *)file.p, (unsigned)file.len};
	bool is_der = file.len != 0 && file.p[0] == 0x30;
	gnutls_pkcs12_t p12;
	int code = gnutls_pkcs12_init(&p12);

	if (code != 0)
		return p12_fail(r, code);
	code = gnutls_pkcs12_import(
	    p12, &data, is_der ? GNUTLS_X509_FMT_DER : GNUTLS_X509_FMT_PEM, 0);
	code = code != 0 ? p12_fail(r, code) : p12_check_password(r, p12);
	if (code == 0)
		code = p12_take_all(r, p12);
	gnutls_pkcs12_deinit(p12);
	return code;
}

/* What one attempt brought is dropped. */
static void
p12_reset(struct p12_reader *r)
{
	while (r->certs_len > 0)
		p12_cert_clear(&r->certs[--r->certs_len]);
	while (r->p->len > 0)
		p12_key_clear(&r->p->keys[--r->p->len]);
}

/* No password is two things in such files: none, and an empty one. */
static int
p12_try(struct p12_reader *r, struct bytes file)
{
	int code = p12_read(r, file);

	if (code != -CS_ERR_PASSWORD || r->is_given)
		return code;
	p12_reset(r);
	r->password = "";
	return p12_read(r, file);
}

static int
p12_begin(struct p12_reader *r, const struct secret *password)
{
	r->p->keys = calloc(P12_KEYS_MAX, sizeof(*r->p->keys));
	r->certs = calloc(P12_CERTS_MAX, sizeof(*r->certs));
	r->is_given = password != NULL;
	if (r->is_given) { /* with a NUL */
		r->text = secret_new(secret_get_len(password) + 1);
		if (r->text == NULL)
			return err_set(r->e, -CS_ERR_NO_MEMORY, NULL);
		memcpy(secret_get(r->text), secret_get_bytes(password).p,
		    secret_get_len(password));
		r->password = (char *)secret_get(r->text);
	}
	return r->p->keys != NULL && r->certs != NULL
		   ? 0
		   : err_set(r->e, -CS_ERR_NO_MEMORY, NULL);
}

int
p12_open(struct bytes file, const struct secret *password, struct p12 *p,
    struct err *e)
{
	struct p12_reader r = {.p = p, .e = e};
	int code;

	*p = (struct p12){0};
	if (file.len > P12_FILE_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE, NULL);
	code = p12_begin(&r, password);
	if (code == 0)
		code = p12_try(&r, file);
	while (r.certs_len > 0)
		p12_cert_clear(&r.certs[--r.certs_len]);
	free(r.certs);
	secret_free(r.text);
	if (code != 0)
		p12_clear(p);
	return code;
}
