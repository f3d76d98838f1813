/*
 * recipient_info.h: RecipientInfo (RFC 5652 6.2; RFC 9629 for KEM) in and out
 * of DER.
 *
 * Input that may be BER goes through ber_to_der() first (the push parser's
 * BER_CAPTURE does that). This is what the agent's `open` verb parses, so
 * every byte of it comes from a stranger.
 */
#ifndef ASN1_RECIPIENT_INFO_H
#define ASN1_RECIPIENT_INFO_H

#include "asn1/alg/alg.h"
#include "asn1/cert_id.h"

#define RECIPIENT_VERSION_MAX 255
#define RECIPIENT_UKM_MAX 1024	      /* octets */
#define RECIPIENT_KEY_MAX 16384	      /* octets of an encrypted key */
#define RECIPIENT_ORIGINATOR_MAX 1024 /* octets of an originator's key */
#define RECIPIENT_KEM_CT_MAX 16384    /* octets of a KEM ciphertext */
#define RECIPIENT_KEK_ID_MAX 1024     /* octets */
#define RECIPIENT_KARI_KEYS_MAX 1024  /* RecipientEncryptedKeys in one */
#define RECIPIENT_KEK_LEN_MAX 65535   /* RFC 9629 3 */

enum recipient_kind {
	RECIPIENT_NONE,
	RECIPIENT_KTRI,	 /* KeyTransRecipientInfo, 6.2.1 */
	RECIPIENT_KARI,	 /* KeyAgreeRecipientInfo, 6.2.2 */
	RECIPIENT_KEKRI, /* KEKRecipientInfo, 6.2.3 */
	RECIPIENT_PWRI,	 /* PasswordRecipientInfo, 6.2.4 */
	RECIPIENT_ORI,	 /* OtherRecipientInfo, 6.2.5, of an unknown type */
	RECIPIENT_KEMRI, /* KEMRecipientInfo, an ORI (RFC 9629 3) */
};

/* Everything borrowed from the input; what a kind has not is empty. */
struct recipient_info {
	struct bytes raw; /* the whole element */
	enum recipient_kind kind;
	unsigned version;	    /* as it came */
	struct cert_id rid;	    /* KTRI, KEMRI */
	struct alg_id key_enc_alg;  /* all but ORI; KEMRI: wrap */
	struct bytes encrypted_key; /* KTRI, KEKRI, PWRI, KEMRI */

	/* KARI: the originator is a certificate or, with a key, that key. */
	struct cert_id originator;
	struct alg_id originator_alg;
	struct bytes originator_key; /* the BIT STRING's octets */
	bool has_ukm;		     /* KEMRI too */
	struct bytes ukm;
	struct bytes keys; /* content of RecipientEncryptedKeys */
	size_t keys_count; /* 1 to RECIPIENT_KARI_KEYS_MAX */

	struct bytes kek_id; /* KEKRI: keyIdentifier */

	bool has_kdf;		/* PWRI: keyDerivationAlgorithm is OPTIONAL */
	struct alg_id kdf;	/* PWRI, KEMRI */
	struct alg_id kem;	/* KEMRI */
	struct bytes kem_ct;	/* KEMRI */
	unsigned kek_len;	/* KEMRI: octets */
	struct bytes ori_type;	/* ORI, KEMRI: OID content octets */
	struct bytes ori_value; /* ORI: the element */
};

/* One RecipientEncryptedKey of a KARI. */
struct recipient_key {
	struct cert_id rid; /* rKeyId's date and other are not given */
	struct bytes encrypted_key;
};

/*
 * Decodes one whole RecipientInfo, all RecipientEncryptedKeys of a KARI too.
 * CS_ERR_UNSUPPORTED: another choice or version; CS_ERR_TOO_LARGE: a field
 * over its limit; else the cursor's codes, with the offset.
 */
int CS_MUST_USE recipient_info_decode(
    struct bytes raw, struct recipient_info *info, struct err *e);
/* The index-th RecipientEncryptedKey of a KARI, from 0. CS_ERR_ARGUMENT:
 * there is none. */
int CS_MUST_USE recipient_info_get_key(
    const struct recipient_info *info, size_t index, struct recipient_key *key);
/* Or all of them: der_init(&d, info->keys), then until false; der_end(). */
bool recipient_key_next(struct der *d, struct recipient_key *key);
/* "key transport", "key agreement" ...: borrowed, static. */
const char *recipient_kind_name(enum recipient_kind kind);

/* Appends a KTRI: rid, key_enc_alg.raw, encrypted_key. */
void der_put_ktri(struct buf *b, const struct recipient_info *info);
/*
 * Appends a KARI for one recipient: originator_key with originator_alg.raw
 * (the ephemeral key), ukm if has_ukm, key_enc_alg.raw, and the one key.
 */
void der_put_kari(struct buf *b, const struct recipient_info *info,
    const struct recipient_key *key);
/* Appends a KEKRI: kek_id, key_enc_alg.raw, encrypted_key. */
void der_put_kekri(struct buf *b, const struct recipient_info *info);
/* Appends a PWRI: kdf.raw (an element under [0]), key_enc_alg.raw,
 * encrypted_key. */
void der_put_pwri(struct buf *b, const struct recipient_info *info);

#endif
