/* Software keys behind the card edge: libgcrypt does the arithmetic. */
#include "tests/card/piv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "asn1/oid.h"
#include "asn1/pem.h"

#define KEY_FILE_MAX 16384

void
piv_init(void)
{
	(void)gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

bool
piv_read_file(struct buf *b, const char *path, struct err *e)
{
	uint8_t bytes[2048];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		(void)!err_set(e, -CS_ERR_IO, "%s: %s", path, strerror(errno));
		return false;
	}
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_add(b, bytes, n);
	if (ferror(f) || b->err != 0)
		(void)!err_set(e, -CS_ERR_IO, "%s: cannot be read", path);
	return fclose(f) == 0 && b->err == 0 && e->code == 0;
}

/* --- loading --- */

static gcry_mpi_t
key_mpi(struct bytes n)
{
	gcry_mpi_t mpi = NULL;

	(void)gcry_mpi_scan(&mpi, GCRYMPI_FMT_USG, n.p, n.len, NULL);
	return mpi;
}

static enum piv_alg
key_rsa_alg(size_t modulus_len)
{
	switch (modulus_len) {
	case 128:
		return PIV_ALG_RSA1024;
	case 256:
		return PIV_ALG_RSA2048;
	case 384:
		return PIV_ALG_RSA3072;
	default:
		return 0;
	}
}

/* RSAPrivateKey, RFC 8017 appendix A.1.2. libgcrypt wants p below q, and the
 * inverse of p; the file has the inverse of q. */
static bool
key_decode_rsa(struct piv_key *k, struct bytes der)
{
	struct der outer, d;
	gcry_mpi_t n[6] = {NULL};
	struct bytes modulus;
	size_t i;
	bool done = false;

	der_init(&outer, der);
	d = der_enter(&outer, DER_SEQUENCE);
	(void)der_get_uint(&d, 0);
	modulus = der_get_unsigned(&d);
	n[0] = key_mpi(modulus);
	for (i = 1; i < 5; i++)
		n[i] = key_mpi(der_get_unsigned(&d));
	n[5] = gcry_mpi_new(0);
	k->field_len = modulus.len;
	k->alg = key_rsa_alg(modulus.len);
	if (der_check(&d) != 0 || k->alg == 0 || n[3] == NULL || n[4] == NULL)
		goto out;
	if (gcry_mpi_cmp(n[3], n[4]) > 0)
		gcry_mpi_swap(n[3], n[4]);
	done = gcry_mpi_invm(n[5], n[3], n[4]) != 0 &&
	       gcry_sexp_build(&k->secret, NULL,
		   "(private-key(rsa(n%m)(e%m)(d%m)(p%m)(q%m)(u%m)))", n[0],
		   n[1], n[2], n[3], n[4], n[5]) == 0;
out:
	for (i = 0; i < 6; i++)
		gcry_mpi_release(n[i]);
	return done;
}

/* ECPrivateKey, RFC 5915, with the curve from the PrivateKeyInfo around. */
static bool
key_decode_ec(struct piv_key *k, struct bytes der, enum oid curve)
{
	struct der outer, d, in;
	struct bytes scalar, point = BYTES_NONE;
	unsigned unused;
	gcry_mpi_t mpi;
	bool done;

	k->alg = curve == OID_P384 ? PIV_ALG_P384 : PIV_ALG_P256;
	k->field_len = curve == OID_P384 ? 48 : 32;
	der_init(&outer, der);
	d = der_enter(&outer, DER_SEQUENCE);
	(void)der_get_uint(&d, 1);
	scalar = der_get(&d, DER_OCTET_STRING);
	(void)der_get_opt(&d, DER_CONTEXT_C(0), &point);
	in = der_enter(&d, DER_CONTEXT_C(1));
	point = der_get_bits(&in, &unused);
	if (der_leave(&d, &in) != 0 || der_end(&d) != 0 || unused != 0)
		return false;
	mpi = key_mpi(scalar);
	done = gcry_sexp_build(&k->secret, NULL,
		   "(private-key(ecc(curve %s)(q%b)(d%m)))",
		   curve == OID_P384 ? "NIST P-384" : "NIST P-256",
		   (int)point.len, point.p, mpi) == 0;
	gcry_mpi_release(mpi);
	return done;
}

/* PrivateKeyInfo, RFC 5208. */
static int
key_decode(void *ctx, const char *label, struct bytes der)
{
	struct piv_key *k = ctx;
	struct der outer, d, id;
	enum oid alg, curve = OID_UNKNOWN;
	struct bytes inner;
	bool done = false;

	(void)label;
	der_init(&outer, der);
	d = der_enter(&outer, DER_SEQUENCE);
	(void)der_get_uint(&d, 0);
	id = der_enter(&d, DER_SEQUENCE);
	alg = der_get_known_oid(&id, NULL);
	if (der_peek(&id) == DER_OID)
		curve = der_get_known_oid(&id, NULL);
	inner = der_get(&d, DER_OCTET_STRING);
	if (der_check(&d) != 0)
		return -CS_ERR_ENCODING;
	if (alg == OID_RSA)
		done = key_decode_rsa(k, inner);
	else if (curve == OID_P256 || curve == OID_P384)
		done = key_decode_ec(k, inner, curve);
	return done ? 0 : -CS_ERR_UNSUPPORTED;
}

bool
piv_key_load(struct piv_key *k, const char *path, struct err *e)
{
	struct buf text = {.max = KEY_FILE_MAX};
	bool done = piv_read_file(&text, path, e);

	if (done &&
	    pem_walk(buf_get(&text), "PRIVATE KEY", key_decode, k, e) != 0) {
		(void)!err_set(e, -CS_ERR_UNSUPPORTED,
		    "%s: no RSA, P-256 or P-384 key in PKCS#8", path);
		done = false;
	}
	buf_clear(&text);
	return done;
}

/* --- use --- */

bool
piv_key_is_rsa(const struct piv_key *k)
{
	return k->alg != PIV_ALG_P256 && k->alg != PIV_ALG_P384;
}

/* The number, with zeroes before it up to len octets. */
static bool
key_put_mpi(struct buf *out, gcry_mpi_t n, size_t len)
{
	uint8_t *p = buf_reserve(out, len);
	size_t have = (gcry_mpi_get_nbits(n) + 7) / 8;

	if (p == NULL || have > len)
		return false;
	memset(p, 0, len - have);
	if (gcry_mpi_print(GCRYMPI_FMT_USG, p + (len - have), have, NULL, n) !=
	    0)
		return false;
	buf_grow_len(out, len);
	return true;
}

bool
piv_key_rsa(const struct piv_key *k, struct bytes in, struct buf *out)
{
	gcry_mpi_t n = key_mpi(in);
	gcry_mpi_t result = NULL;
	gcry_sexp_t data = NULL, value = NULL;
	bool done;

	done = in.len == k->field_len &&
	       gcry_sexp_build(
		   &data, NULL, "(enc-val(flags raw)(rsa(a%m)))", n) == 0 &&
	       gcry_pk_decrypt(&value, data, k->secret) == 0;
	if (done)
		result = gcry_sexp_nth_mpi(value, 1, GCRYMPI_FMT_USG);
	done = result != NULL && key_put_mpi(out, result, k->field_len);
	gcry_mpi_release(n);
	gcry_mpi_release(result);
	gcry_sexp_release(data);
	gcry_sexp_release(value);
	return done;
}

/* Appends the INTEGER called name. */
static bool
key_put_part(struct buf *out, gcry_sexp_t sig, const char *name, size_t len)
{
	gcry_sexp_t part = gcry_sexp_find_token(sig, name, 0);
	gcry_mpi_t n = NULL;
	struct buf octets = {0};
	bool done = false;

	if (part != NULL)
		n = gcry_sexp_nth_mpi(part, 1, GCRYMPI_FMT_USG);
	if (n != NULL && key_put_mpi(&octets, n, len)) {
		der_put_unsigned(out, DER_INTEGER, buf_get(&octets));
		done = out->err == 0;
	}
	buf_clear(&octets);
	gcry_mpi_release(n);
	gcry_sexp_release(part);
	return done;
}

bool
piv_key_ecdsa(const struct piv_key *k, struct bytes digest, struct buf *out)
{
	gcry_mpi_t n = key_mpi(digest);
	gcry_sexp_t data = NULL, sig = NULL;
	size_t mark;
	bool done;

	done = digest.len > 0 && digest.len <= k->field_len &&
	       gcry_sexp_build(&data, NULL, "(data(flags raw)(value %m))", n) ==
		   0 &&
	       gcry_pk_sign(&sig, data, k->secret) == 0;
	if (done) {
		mark = der_open(out, DER_SEQUENCE);
		done = key_put_part(out, sig, "r", k->field_len) &&
		       key_put_part(out, sig, "s", k->field_len);
		der_close(out, mark);
	}
	gcry_mpi_release(n);
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	return done;
}

bool
piv_key_ecdh(const struct piv_key *k, struct bytes point, struct buf *out)
{
	gcry_sexp_t data = NULL, value = NULL;
	const char *shared = NULL;
	size_t len = 0;
	bool done = false;

	if (point.len != 1 + 2 * k->field_len || point.p[0] != 4)
		return false;
	if (gcry_sexp_build(&data, NULL, "(enc-val(ecdh(e%b)))", (int)point.len,
		point.p) == 0 &&
	    gcry_pk_decrypt(&value, data, k->secret) == 0)
		shared = gcry_sexp_nth_data(value, 1, &len);
	/* The product, as a point: its first coordinate is the secret. */
	if (shared != NULL && len == point.len)
		done = buf_add(out, shared + 1, k->field_len) == 0;
	gcry_sexp_release(data);
	gcry_sexp_release(value);
	return done;
}
