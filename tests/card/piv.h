/*
 * piv.h: an emulated PIV card, as SP 800-73-4 part 2 describes its card edge.
 * Commands go in and answers come out; nothing here does I/O but piv_load.
 *
 * A card is made from a file of lines:
 *
 *	guid HEX		16 octets, in the CHUID
 *	pin DIGITS		application PIN, 6 to 8 digits
 *	global-pin DIGITS	a second PIN, preferred by the discovery object
 *	puk TEXT		8 octets
 *	pin-tries N, puk-tries N
 *	atr NAME		see piv_atr.c
 *	fresh strict|use	9C's PIN: VERIFY must be the command just
 *				before, or is used up by the next operation
 *	discovery no		no discovery object
 *	history no		no key history object
 *	yubico SERIAL		GET VERSION and GET SERIAL as YubiKeys do
 *	key REF KEY [CERT [gzip]] [pin=never|once|always]
 *				REF 9a 9c 9d 9e 82 ... 95; KEY: PKCS#8 in PEM;
 *				CERT: DER, or with gzip a gzip file of it; "-"
 *				is none. File names are relative to the file.
 *
 * A line that begins with # says nothing.
 */
#ifndef TESTS_CARD_PIV_H
#define TESTS_CARD_PIV_H

#include <gcrypt.h>

#include "tests/card/apdu.h"

#define PIV_PIN_LEN 8 /* padded, octets */
#define PIV_ATR_MAX 33
#define PIV_KEYS_MAX 24
#define PIV_CERT_MAX 4096
#define PIV_CHAIN_MAX 8192 /* octets of one chained command */
#define PIV_POINT_MAX 97   /* P-384, uncompressed */

/* Key references, SP 800-78-4 table 6-1. */
enum piv_ref {
	PIV_REF_GLOBAL_PIN = 0x00,
	PIV_REF_PIN = 0x80,
	PIV_REF_PUK = 0x81,
	PIV_REF_RETIRED_FIRST = 0x82,
	PIV_REF_RETIRED_LAST = 0x95,
	PIV_REF_AUTH = 0x9a,
	PIV_REF_ADMIN = 0x9b,
	PIV_REF_SIGN = 0x9c,
	PIV_REF_DECRYPT = 0x9d,
	PIV_REF_CARD = 0x9e,
};

/* Algorithm identifiers, SP 800-78-5 table 6-2. */
enum piv_alg {
	PIV_ALG_RSA3072 = 0x05,
	PIV_ALG_RSA1024 = 0x06,
	PIV_ALG_RSA2048 = 0x07,
	PIV_ALG_P256 = 0x11,
	PIV_ALG_P384 = 0x14,
};

enum piv_policy { PIV_POLICY_NEVER, PIV_POLICY_ONCE, PIV_POLICY_ALWAYS };

struct piv_key {
	uint8_t ref;
	enum piv_alg alg;
	enum piv_policy policy;
	gcry_sexp_t secret;
	size_t field_len;  /* modulus or coordinate, octets */
	struct buf cert;   /* as it stands in the certificate's 70 */
	bool is_gzip;	   /* and what its 71 says */
	unsigned used;	   /* operations done */
	unsigned attempts; /* GENERAL AUTHENTICATE for it, refused ones too */
};

struct piv_pin {
	bool is_there;
	uint8_t value[PIV_PIN_LEN];
	unsigned tries, tries_max;
	bool is_verified;
	unsigned verified, failed; /* presentations that reached the card */
};

struct piv_counts {
	unsigned apdus, resets, empty_verifies, logouts, signatures, agreements;
};

struct piv_card {
	/* what it is */
	uint8_t guid[16];
	uint8_t atr[PIV_ATR_MAX];
	size_t atr_len;
	bool has_discovery, has_history, is_strict, is_yubico;
	uint32_t serial; /* what a YubiKey says */
	struct piv_key keys[PIV_KEYS_MAX];
	size_t keys_len;
	struct piv_pin pin, global_pin, puk;

	/* what it is in the middle of */
	bool is_selected, is_fresh;
	struct apdu chain_head;
	struct buf chain; /* data of a chained command so far */
	struct buf rest;  /* of a response, for GET RESPONSE */
	struct piv_counts counts;
};

/* Once in a program, before the first key. */
void piv_init(void);
/* All zero is an empty card. Fills it from the file; false: *e says why. */
bool piv_load(struct piv_card *c, const char *path, struct err *e);
void piv_clear(struct piv_card *c);
/* Sets the ATR by name or as hexadecimal digits. */
bool piv_set_atr(struct piv_card *c, const char *text);

/* Power came, went, or was interrupted. */
void piv_reset(struct piv_card *c);
/* One command; the response, status word included, is appended to out. */
void piv_command(struct piv_card *c, struct bytes raw, struct buf *out);

/* --- by topic; each appends its response data to out, and gives SW --- */

unsigned piv_select(struct piv_card *c, const struct apdu *a, struct buf *out);
unsigned piv_get_data(
    struct piv_card *c, const struct apdu *a, struct buf *out);

unsigned piv_verify(struct piv_card *c, const struct apdu *a);
unsigned piv_change_reference(struct piv_card *c, const struct apdu *a);
unsigned piv_reset_retry(struct piv_card *c, const struct apdu *a);
/* A PIN that opens keys was verified since the last reset. */
bool piv_is_verified(const struct piv_card *c);
/* Digits padded with FF; false: no PIN. */
bool piv_pin_set(struct piv_pin *p, const char *text);

unsigned piv_authenticate(
    struct piv_card *c, const struct apdu *a, bool was_fresh, struct buf *out);
struct piv_key *piv_find_key(struct piv_card *c, unsigned ref);

/* --- keys --- */

/* From a PKCS#8 file in PEM. False: *e says why. */
bool piv_key_load(struct piv_key *k, const char *path, struct err *e);
bool piv_key_is_rsa(const struct piv_key *k);
/* RSA's private operation on an octet string of the modulus' length. */
bool piv_key_rsa(const struct piv_key *k, struct bytes in, struct buf *out);
/* An Ecdsa-Sig-Value over a digest no longer than the field. */
bool piv_key_ecdsa(
    const struct piv_key *k, struct bytes digest, struct buf *out);
/* The x coordinate of key times point. False: not a point of the curve. */
bool piv_key_ecdh(const struct piv_key *k, struct bytes point, struct buf *out);

/* --- files --- */

bool piv_read_file(struct buf *b, const char *path, struct err *e);

#endif
