/*
 * p12.h: private keys and their certificates out of a PKCS #12 file (RFC 7292),
 * by GnuTLS, for cardseal-p12 alone: a process that ends as soon as the keys
 * are where they shall be.
 */
#ifndef CLIENT_P12_P12_H
#define CLIENT_P12_P12_H

#include "asn1/secret.h"

#define P12_FILE_MAX ((size_t)4 << 20)
#define P12_KEYS_MAX 256
#define P12_CERTS_MAX 1024
#define P12_ID_LEN 32

struct p12_key {
	uint8_t id[P12_ID_LEN]; /* SHA-256 of the SubjectPublicKeyInfo */
	struct secret *info;	/* PrivateKeyInfo (RFC 5208), DER */
	struct buf label;	/* friendlyName, or empty; UTF-8 */
	struct buf certificate; /* DER, or empty: there is none for it */
};

struct p12 {
	struct p12_key *keys; /* each once */
	size_t len;
};

/*
 * Opens a file, DER or PEM. password NULL: there is none, or an empty one.
 * Certificates without a key are passed over; they are matched by the public
 * key. How long a password's function takes is the file's choice: see
 * confine.h.
 *
 * CS_ERR_PASSWORD: it is not the file's; CS_ERR_NO_PRIVATE_KEY: there is none
 * inside; CS_ERR_ENCODING: it is no such file; CS_ERR_ALGORITHM: an encryption
 * that GnuTLS does not know, or a key that is neither RSA nor EC;
 * CS_ERR_TOO_LARGE; CS_ERR_NO_MEMORY. p is empty then.
 */
int CS_MUST_USE p12_open(struct bytes file, const struct secret *password,
    struct p12 *p, struct err *e);
void p12_clear(struct p12 *p);

#endif
