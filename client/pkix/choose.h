/*
 * choose.h: which of a person's certificates may do what, and why the others
 * may not.
 */
#ifndef CLIENT_PKIX_CHOOSE_H
#define CLIENT_PKIX_CHOOSE_H

#include "client/pkix/address.h"
#include "client/pkix/path.h"

/* One key with one certificate of it. Borrowed from the caller. */
struct choose_candidate {
	struct cert *cert;   /* NULL, for choose_matches alone: none */
	struct bytes key_id; /* 32 octets */
	struct bytes role;   /* "9c", "" */
	struct bytes label;
	bool can_sign; /* what the token says the key can do */
	bool can_decrypt;
	/* Set by the choice: 0, or why it was refused. */
	int code;
	char why[160];
};

/*
 * May the certificate sign mail (encrypt to) at that time: key usage, EKU,
 * validity, not a CA, algorithm known? 0, or the reason in e.
 */
int CS_MUST_USE cert_may_sign(
    const struct cert *c, int64_t time, struct err *e);
int CS_MUST_USE cert_may_encrypt(
    const struct cert *c, int64_t time, struct err *e);
/*
 * The best candidate to sign for the address (empty: any): role 9c before
 * others before 9a, then the latest notBefore. Every candidate's code and why
 * are set. CS_ERR_NO_KEY: e names all candidates with the reasons.
 * CS_ERR_KEY_USAGE: there are some for the address, and none may sign.
 */
int CS_MUST_USE choose_signer(struct choose_candidate *candidates, size_t n,
    struct bytes address, int64_t time, size_t *chosen, struct err *e);

/* Is a to be preferred to b, if both may sign? Role and notBefore, as above;
 * both have a certificate. */
bool choose_is_better(
    const struct choose_candidate *a, const struct choose_candidate *b);

/* Is KEY (cardseal(1): fingerprint, address, RFC 7512 URI, role) this one?
 * 0 no, 1 yes; CS_ERR_ARGUMENT: KEY has no meaning. */
int choose_matches(const struct choose_candidate *c, const char *key,
    struct bytes uri, struct err *e);

#endif
