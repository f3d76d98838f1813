/*
 * open.h: OPEN: one RecipientInfo to the content-encryption key.
 *
 * Whatever is wrong with the encrypted key gives one and the same error,
 * CS_ERR_DECRYPT with one text; broken PKCS#1 v1.5 padding not even that, but
 * a key made from the START secret, this key and the ciphertext, the same
 * each time (implicit rejection). What does not depend on secrets (unknown
 * algorithms, no key, no login, a removed card) is told as it is.
 */
#ifndef TOKEN_OPEN_H
#define TOKEN_OPEN_H

#include "asn1/recipient_info.h"
#include "token/use.h"

struct open {
	struct use *u;
	struct recipient_info info;
	size_t key_len;	    /* of the content-encryption key, exactly */
	struct secret *key; /* the result */
};

/* Sets u's code to the one error for all cryptographic faults. */
CK_RV open_fault(struct use *u);
/* u->code for an algorithm that is not served, which e then names. */
CK_RV open_refuse_alg(struct use *u, const struct alg_id *id, const char *what);
/* KeyAgreeRecipientInfo. */
CK_RV open_kari(struct open *o);

/*
 * The key of the PRF for one key pair: HMAC-SHA-256 of the key's id under the
 * START secret. NULL: no memory. The caller frees.
 */
struct secret *open_prf_key(
    const struct secret *start_secret, struct bytes key_id);

#endif
