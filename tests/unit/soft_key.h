/*
 * soft_key.h: private keys in memory with their certificates, for tests
 * alone. The program itself never holds one.
 */
#ifndef TESTS_UNIT_SOFT_KEY_H
#define TESTS_UNIT_SOFT_KEY_H

#include "asn1/alg/padding.h"
#include "client/cms/cms.h"

enum soft_kind {
	SOFT_RSA,	/* 2048 bits */
	SOFT_RSA_SHORT, /* 1024 bits */
	SOFT_P256,
	SOFT_P384,
	SOFT_P521,
	SOFT_ED25519,
	SOFT_ED448,
	SOFT_X25519, /* not to sign with: wants an issuer */
	SOFT_X448,
};

struct soft_key;

/* What the certificate says. All zero is a good signer's certificate, signed
 * by itself, valid from a day ago for a year. */
struct soft_spec {
	enum soft_kind kind;
	const char *name;	       /* CN; NULL: "Test" */
	const char *email;	       /* in subjectAltName; NULL: none */
	const struct soft_key *issuer; /* NULL: itself */
	const struct soft_key *key;    /* certify this one's key again */
	unsigned serial;	       /* 0: 1 */
	int64_t not_before, not_after; /* 0: see above */
	bool is_ca;
	bool has_no_key_id;
	struct bytes key_id;		/* instead of the SHA-1 of the key */
	struct bytes ext_key_usage;	/* the extension's value; empty: none */
	bool is_usage_critical;		/* that one */
	const struct oaep_params *oaep; /* RSA: an id-RSAES-OAEP key */
	/* Not empty: that public key, of which nobody has the private one;
	 * wants an issuer. */
	struct bytes spki;
};

/* Ends the program where anything fails. */
struct soft_key *soft_key_new(const struct soft_spec *spec);
/* A key of openssl's (PKCS#8, RSA, EC or Ed25519) and its certificate, in
 * PEM. NULL: they cannot be read. */
struct soft_key *soft_key_load(const char *key_path, const char *cert_path);
void soft_key_free(struct soft_key *k);
struct cert *soft_key_get_cert(const struct soft_key *k); /* borrowed */

/* cms_key_ops over some keys, and what they were asked for. */
struct soft_ring {
	struct soft_key *keys[16];
	size_t len;
	unsigned signs, opens;
	int fail_with;	/* not 0: every operation fails so */
	bool is_broken; /* signs and opens wrongly */
};
struct cms_key_ops soft_ring_ops(struct soft_ring *ring);

#endif
