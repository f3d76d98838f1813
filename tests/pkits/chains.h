/*
 * chains.h: certificates made with OpenSSL, signed in earnest, to be judged
 * by path_find and by OpenSSL.
 */
#ifndef TESTS_PKITS_CHAINS_H
#define TESTS_PKITS_CHAINS_H

#include "client/pkix/path.h"

/* Behind ours: it has macros by the names of our key usages. */
#include <openssl/x509v3.h>

/* 2027-06-15 12:00 UTC; certificates are valid around it. */
#define CHAINS_TIME INT64_C(1813060800)
#define CHAINS_DAY 86400

/* A certificate to be made. Zero is a plain one. */
struct chain_spec {
	const char *subject, *issuer; /* CNs; "" is the empty name */
	EVP_PKEY *key, *signer;
	int64_t from_days, until_days; /* from CHAINS_TIME; 0: a year */
	unsigned long serial;
	int version; /* 0: 3 */
	/* Extensions as openssl.cnf has them: "name=value", NULL at the end. */
	const char *extensions[16];
	bool is_signature_wrong;
};

/* A random but repeatable number below n. */
uint32_t chains_random(uint32_t n);
void chains_seed(uint64_t seed);
/* One of a few P-256 keys; i below CHAINS_KEYS. Ends the program if OpenSSL
 * fails, as all of this does. */
#define CHAINS_KEYS 16
EVP_PKEY *chains_key(size_t i);
EVP_PKEY *chains_rsa_key(int bits);
X509 *chains_make(const struct chain_spec *spec);
/* With an extension whose value is made by hand. */
X509 *chains_make_with(const struct chain_spec *spec, const char *oid,
    bool is_critical, struct bytes value);
/* The same for cardseal. The caller frees. */
struct cert *chains_cert(X509 *x);
void chains_add(struct cert_set *set, X509 *x);
void chains_free(void);

#endif
