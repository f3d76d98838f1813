/*
 * bulk.h: the bulk primitives one library provides to this folder. digest.h
 * is provided by the same file; everything the rest of the tree sees of
 * ciphers is in cipher.h.
 *
 * The library is initialised at the first use of any of these.
 */
#ifndef ASN1_ALG_BULK_H
#define ASN1_ALG_BULK_H

#include "asn1/alg/alg.h"

struct bulk_cipher; /* one key and direction-free state of one message */

/* The tag of every AEAD here before it is cut to what the message wants. */
#define BULK_TAG_LEN 16

/* 0 or -CS_ERR_INTERNAL with the reason in e. Thread-safe, idempotent. */
int CS_MUST_USE bulk_init(struct err *e);

/* Key and IV have been checked to fit the algorithm. NULL: no memory, no such
 * cipher, or a key the cipher refuses (DES weak keys). */
struct bulk_cipher *bulk_cipher_new(
    enum alg alg, struct bytes key, struct bytes iv);
void bulk_cipher_free(struct bulk_cipher *c);
/* Before the first octet, AEAD only. */
int CS_MUST_USE bulk_cipher_aad(struct bulk_cipher *c, struct bytes aad);
/*
 * out has in.len octets, is in.p or does not overlap it. CBC: whole blocks
 * only. CS_ERR_TOO_LARGE when a message exceeds what its cipher allows.
 */
int CS_MUST_USE bulk_cipher_encrypt(
    struct bulk_cipher *c, struct bytes in, uint8_t *out);
int CS_MUST_USE bulk_cipher_decrypt(
    struct bulk_cipher *c, struct bytes in, uint8_t *out);
/* AEAD: ends the message and gives its tag. */
int CS_MUST_USE bulk_cipher_tag(
    struct bulk_cipher *c, uint8_t tag[BULK_TAG_LEN]);

#endif
