#include "asn1/alg/keygrip.h"

#include <gcrypt.h>

#include "asn1/alg/bulk.h"

static void
put_atom(struct buf *b, struct bytes value)
{
	buf_printf(b, "%zu:", value.len);
	buf_add_bytes(b, value);
}

static void
put_name(struct buf *b, const char *name)
{
	put_atom(b, bytes_of_str(name));
}

static void
put_pair(struct buf *b, const char *name, struct bytes value)
{
	buf_add_bytes(b, bytes_of_str("("));
	put_name(b, name);
	put_atom(b, value);
	buf_add_bytes(b, bytes_of_str(")"));
}

/* A number without a sign, as libgcrypt's standard form has it: with a zero
 * before what would look negative. */
static void
put_number(struct buf *b, const char *name, struct bytes n)
{
	bool is_high = n.len > 0 && (n.p[0] & 0x80) != 0;

	buf_add_bytes(b, bytes_of_str("("));
	put_name(b, name);
	buf_printf(b, "%zu:", n.len + is_high);
	if (is_high)
		buf_add(b, "", 1);
	buf_add_bytes(b, n);
	buf_add_bytes(b, bytes_of_str(")"));
}

static const char *
curve_name(enum oid curve)
{
	switch (curve) {
	case OID_P256:
		return "NIST P-256";
	case OID_P384:
		return "NIST P-384";
	case OID_P521:
		return "NIST P-521";
	default:
		return NULL;
	}
}

static void
put_rsa(const struct spki *key, struct buf *b)
{
	put_name(b, "rsa");
	put_number(b, "n", key->modulus);
	put_number(b, "e", key->exponent);
}

static void
put_ec(const struct spki *key, struct buf *b)
{
	put_name(b, "ecc");
	put_pair(b, "curve", bytes_of_str(curve_name(key->curve)));
	put_pair(b, "q", key->point);
}

/* GnuPG marks a point of this curve with 0x40. */
static void
put_ed25519(const struct spki *key, struct buf *b)
{
	put_name(b, "ecc");
	put_pair(b, "curve", BYTES_LIT("Ed25519"));
	put_pair(b, "flags", BYTES_LIT("eddsa"));
	buf_add_bytes(b, bytes_of_str("("));
	put_name(b, "q");
	buf_printf(b, "%zu:@", key->point.len + 1);
	buf_add_bytes(b, key->point);
	buf_add_bytes(b, bytes_of_str(")"));
}

int
spki_put_sexp(const struct spki *key, struct buf *out)
{
	bool is_rsa = key->alg == ALG_RSA || key->alg == ALG_RSA_PSS_KEY ||
		      key->alg == ALG_RSA_OAEP_KEY;
	bool is_ec = key->alg == ALG_EC && curve_name(key->curve) != NULL;

	if (!is_rsa && !is_ec && key->alg != ALG_ED25519_KEY)
		return -CS_ERR_ALGORITHM;
	buf_add_bytes(out, bytes_of_str("("));
	put_name(out, "public-key");
	buf_add_bytes(out, bytes_of_str("("));
	if (is_rsa)
		put_rsa(key, out);
	else if (is_ec)
		put_ec(key, out);
	else
		put_ed25519(key, out);
	buf_add_bytes(out, bytes_of_str("))"));
	return out->err;
}

int
spki_keygrip(const struct spki *key, uint8_t grip[KEYGRIP_LEN])
{
	struct buf text = {0};
	gcry_sexp_t sexp = NULL;
	int r = bulk_init(NULL);

	if (r == 0)
		r = spki_put_sexp(key, &text);
	if (r == 0 && gcry_sexp_new(&sexp, text.data, text.len, 0) != 0)
		r = -CS_ERR_NO_MEMORY;
	if (r == 0 && gcry_pk_get_keygrip(sexp, grip) == NULL)
		r = -CS_ERR_ALGORITHM;
	gcry_sexp_release(sexp);
	buf_clear(&text);
	return r;
}
