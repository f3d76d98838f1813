/*
 * cert.h: X.509 certificates (RFC 5280 4), decoded once, shared by count.
 */
#ifndef CLIENT_PKIX_CERT_H
#define CLIENT_PKIX_CERT_H

#include "asn1/alg/signature.h"
#include "asn1/name.h"
#include "asn1/time.h"

#define CERT_LEN_MAX ((size_t)256 << 10)
#define CERT_EXTENSIONS_MAX 128
#define CERT_FINGERPRINT_LEN 32
#define CERT_SHA1_LEN 20
#define CERT_PATH_LEN_NONE (-1)

/* RFC 5280 4.2.1.3: bit n of the BIT STRING is 1 << n. */
enum cert_key_usage {
	KU_DIGITAL_SIGNATURE = 1 << 0,
	KU_NON_REPUDIATION = 1 << 1,
	KU_KEY_ENCIPHERMENT = 1 << 2,
	KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4,
	KU_KEY_CERT_SIGN = 1 << 5,
	KU_CRL_SIGN = 1 << 6,
	KU_ENCIPHER_ONLY = 1 << 7,
	KU_DECIPHER_ONLY = 1 << 8,
};

struct cert_extension {
	enum oid oid;
	struct bytes oid_raw;
	struct bytes value; /* the OCTET STRING's content */
	bool is_critical;
};

struct cert; /* immutable */

/*
 * Copies der and decodes it: structure, version rules (extensions only in
 * v3), validity, SPKI, each extension at most once, well-formed basic
 * constraints, key usage, EKU, SAN, AKI and SKI. Unknown extensions are kept.
 * A serial number up to 64 octets, negative or zero too (seen in the wild).
 */
int CS_MUST_USE cert_decode(
    struct bytes der, struct cert **cert, struct err *e);
struct cert *cert_ref(struct cert *c); /* returns c */
void cert_free(struct cert *c);	       /* drops one reference */

/* Everything given is borrowed from c. */
struct bytes cert_get_raw(const struct cert *c);
struct bytes cert_get_tbs(const struct cert *c);
struct bytes cert_get_subject(const struct cert *c); /* Name, element */
struct bytes cert_get_issuer(const struct cert *c);
struct bytes cert_get_serial(const struct cert *c); /* INTEGER content */
const struct spki *cert_get_spki(const struct cert *c);
const struct alg_id *cert_get_signature_alg(const struct cert *c);
struct bytes cert_get_signature(const struct cert *c);
int64_t cert_get_not_before(const struct cert *c);
int64_t cert_get_not_after(const struct cert *c);
unsigned cert_get_version(const struct cert *c); /* 1 to 3 */
bool cert_is_ca(const struct cert *c);
int cert_get_path_len(const struct cert *c); /* or CERT_PATH_LEN_NONE */
/* No extension: every bit is set, *has (may be NULL) false. */
unsigned cert_get_key_usage(const struct cert *c, bool *has);
/* Is the purpose there, or anyExtendedKeyUsage, or no EKU at all? */
bool cert_allows_purpose(const struct cert *c, enum oid purpose);
bool cert_has_eku(const struct cert *c);
/* The extension's key id, else the SHA-1 of the key (RFC 5280 4.2.1.2). */
struct bytes cert_get_key_id(const struct cert *c);
/* The authority key id's keyIdentifier; empty if there is none. */
struct bytes cert_get_authority_key_id(const struct cert *c);
const struct cert_extension *cert_find_extension(
    const struct cert *c, enum oid oid);
size_t cert_get_extensions(
    const struct cert *c, const struct cert_extension **extensions);
bool cert_is_self_issued(const struct cert *c);
/* SHA-256 of the whole certificate and of its SPKI. */
const uint8_t *cert_get_sha256(const struct cert *c);	/* 32 octets */
const uint8_t *cert_get_key_hash(const struct cert *c); /* 32 octets */
/* SHA-1 of the whole certificate, computed now: only people use it. */
void cert_get_sha1(const struct cert *c, uint8_t sha1[CERT_SHA1_LEN]);
bool cert_is_same(const struct cert *a, const struct cert *b);
/*
 * Calls fn with each address: rfc822Name, smtpUTF8Mailbox, then (only where
 * the certificate has none of these) emailAddress in the subject. Addresses
 * with NUL or control characters are left out. Negative results end it.
 */
int cert_walk_addresses(const struct cert *c,
    int (*fn)(void *ctx, struct bytes address), void *ctx);
/* "Alice Example <alice@example.org>" or the subject; appends to b. A name with
 * "<" or ">" stands in quotes. */
int cert_describe(const struct cert *c, struct buf *b);
/* The CN, else the subject's text; appends to b. */
int cert_get_display_name(const struct cert *c, struct buf *b);

/* A set without duplicates, in order of addition, holding references. */
struct cert_set;
struct cert_set *cert_set_new(void);
struct cert_set *cert_set_ref(struct cert_set *s); /* returns s; not to be
						       changed any more */
void cert_set_free(struct cert_set *s);		   /* drops one reference */
#define CERT_SET_MAX 100000
int CS_MUST_USE cert_set_add(struct cert_set *s, struct cert *c); /* refs c */
int CS_MUST_USE cert_set_add_der(
    struct cert_set *s, struct bytes der, struct err *e);
int CS_MUST_USE cert_set_add_all(struct cert_set *s, const struct cert_set *t);
/* As below, from memory. */
int CS_MUST_USE cert_set_add_octets(
    struct cert_set *s, struct bytes octets, struct err *e);
/* PEM or DER, one or several certificates, or a PKCS#7 certs-only file. */
int CS_MUST_USE cert_set_add_file(
    struct cert_set *s, const char *path, struct err *e);
/* As above; a file that is not there is 0. */
int CS_MUST_USE cert_set_add_file_opt(
    struct cert_set *s, const char *path, struct err *e);
size_t cert_set_get_len(const struct cert_set *s);
struct cert *cert_set_get(const struct cert_set *s, size_t i); /* borrowed */
bool cert_set_has(const struct cert_set *s, const struct cert *c);
/*
 * Look-ups by hash, O(1) plus matches: *at starts at 0 and is moved on; NULL
 * at the end. Borrowed.
 */
struct cert *cert_set_next_subject(
    const struct cert_set *s, struct bytes subject, size_t *at);
struct cert *cert_set_next_key_id(
    const struct cert_set *s, struct bytes key_id, size_t *at);
struct cert *cert_set_find_issuer_serial(
    const struct cert_set *s, struct bytes issuer, struct bytes serial);

#endif
