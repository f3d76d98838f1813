/*
 * judge_int.h: what the files that judge a signer share. Not for others.
 */
#ifndef CLIENT_CMS_JUDGE_INT_H
#define CLIENT_CMS_JUDGE_INT_H

#include "asn1/signer_info.h"
#include "client/cms/reader_int.h"

/* Signature checks over all signers and certificates of one message. */
#define READER_VERIFIES_MAX 512
/*
 * A search for a path may be long. Once so many have failed the message is
 * not trusted, and no more are made.
 */
#define READER_FAILED_PATHS_MAX 8
/* Time stamps, and countersignatures, in one message. */
#define READER_STAMPS_MAX 32
#define READER_COUNTERS_MAX 64
/* A countersignature of a countersignature, and so on. */
#define READER_COUNTER_DEPTH_MAX 4

/* What judging has cost so far, over the whole message. */
struct judge_work {
	unsigned verifies, failed_paths, stamps, counters;
};

struct judge {
	struct cms_reader *r;
	struct verdict_signer *s;
	struct signer_info info;
	struct sig_scheme scheme;
	enum alg digest_alg;
	/* A countersignature: what it signs, which is a signature's value. */
	bool is_counter;
	struct bytes countered;
	uint8_t counter_hash[DIGEST_LEN_MAX];
	unsigned depth; /* of countersignatures */
	/* What may have been signed: the attributes in DER order, and as they
	 * came, since some signers do not sort them. For EdDSA the octets
	 * themselves, else their digests. */
	struct bytes inputs[2];
	size_t inputs_len;
	struct buf sets[2];
	uint8_t hashes[2][DIGEST_LEN_MAX];
	bool has_ess; /* signingCertificate(V2), and it fits */
	struct judge_work *work;
	struct err err;
};

/* Never NULL. */
const struct cms_trust *judge_trust(const struct judge *j);
int judge_fail(struct judge *j, int code, const char *text);

/* reader_signed.c: judges the SignerInfo in raw into j->s; j has what is not
 * in it. Only CS_ERR_NO_MEMORY. */
int CS_MUST_USE judge_signer_info(struct judge *j, struct bytes raw);

/*
 * judge_cert.c. With verifies: finds the certificate whose key made the
 * signature. Without: only one to name the signer by.
 */
int CS_MUST_USE judge_find_cert(struct judge *j, bool verifies);
/* Whom an identifier in the message means, by the message or by what is known
 * here; borrowed, or NULL. */
struct cert *judge_find_named(const struct judge *j, const struct cert_id *id);
/* Is what was used good enough? */
void judge_algorithm(struct judge *j);
/* The path, as of the time that a time stamp proves or now. */
int CS_MUST_USE judge_chain(struct judge *j);

/* judge_attrs.c: what the signer says of himself (capabilities, preference),
 * and which profile the signature has. */
int CS_MUST_USE judge_claims(struct judge *j);
/* judge_ess.c: what he asks for (RFC 2634). */
int CS_MUST_USE judge_ess(struct judge *j);
void judge_profile(struct judge *j);
/* The earliest time stamp that proves anything; NULL: none. */
const struct verdict_stamp *judge_get_stamp(const struct judge *j);
/* Time stamps, before the chain; countersignatures, after it. */
int CS_MUST_USE judge_stamps(struct judge *j);
int CS_MUST_USE judge_counters(struct judge *j);

#endif
