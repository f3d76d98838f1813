/*
 * cms_util.h: a small CA with its people, and messages in memory.
 */
#ifndef TESTS_UNIT_CMS_UTIL_H
#define TESTS_UNIT_CMS_UTIL_H

#include "client/cms/enveloped.h"
#include "client/cms/release.h"
#include "tests/unit/soft_key.h"
#include "tests/unit/unit.h"

enum person {
	ALICE,	 /* RSA-2048 */
	BOB,	 /* P-256 */
	CAROL,	 /* P-384 */
	DAVE,	 /* Ed25519 */
	ERIN,	 /* RSA-2048, no key id in the certificate */
	FRANK,	 /* P-256, certificate expired */
	GRACE,	 /* Ed448 */
	MALLORY, /* P-256, signed by nobody but herself */
	PEOPLE_LEN,
};

struct world {
	struct soft_key *ca;
	struct soft_key *people[PEOPLE_LEN];
	struct cert_set *anchors;
	struct cert_set *own; /* all people's certificates */
	struct soft_ring ring;
	struct cms_key_ops ops;
	struct cms_trust trust;
	struct cms_reader_params params; /* to verify */
	struct cms_reader_params decrypt;
};

extern struct world world;

/* Makes keys once; call in main, before unit_run. */
void world_init(void);
void world_free(void);
/* The ring works again and has counted nothing; for the setup of a test. */
void world_reset(void);

struct cert *world_cert(enum person who);
/* A signer with the key's usual scheme. */
struct cms_signer world_signer(enum person who, bool wants_pss);
struct cms_sign_params world_sign_params(
    const struct cms_signer *signers, size_t n);

enum form { FORM_DETACHED, FORM_DER, FORM_BER, FORMS_LEN };
/* Signs into out; the test fails if that does not work. */
void world_sign(const struct cms_signer *signers, size_t n, enum form form,
    struct bytes content, struct buf *out);
/* Signs as one person, opaque, DER. */
void world_sign_as(enum person who, struct bytes content, struct buf *out);
void world_encrypt(enum alg cipher, struct cert *const *to, size_t n,
    enum form form, struct bytes content, struct buf *out);

/* A source over bytes, in pieces of that many. */
struct bytes_source {
	struct source source;
	struct bytes bytes;
	size_t piece_len;
	unsigned runs;
	struct bytes later; /* given instead from the second run on */
};
void bytes_source_init(
    struct bytes_source *s, struct bytes bytes, size_t piece_len);

/*
 * Reads a message; content (may be NULL) gets what is let out by
 * RELEASE_GOOD. The result is cms_read's, the verdict is new.
 */
int world_read(const struct cms_reader_params *params, struct bytes cms,
    struct verdict **v, struct buf *content, struct err *e);
/* With the content's digests computed before. */
int world_read_detached(
    struct bytes cms, struct bytes content, struct verdict **v, struct err *e);
/* Reads as above and asserts the summary, and for one signer's integrity. */
#define unit_assert_summary(v, want)                                        \
	ck_assert_msg((v)->summary == (want), "summary is %s, want %s: %s", \
	    verdict_summary_name((v)->summary), verdict_summary_name(want), \
	    (v)->text)

/* Changes the first place where from stands into to, of the same length. */
void bytes_replace(struct buf *b, struct bytes from, struct bytes to);

#endif
