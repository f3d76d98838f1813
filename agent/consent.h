/*
 * consent.h: may this request use that key? What the policy (policy.h) says,
 * and what a person says whom the policy wants to be asked.
 *
 * A yes is for one request, or, with "confirm = once", for one program, key
 * and verb for a time; then requests that wait for the same answer share one
 * prompt. What was remembered is forgotten on lock.
 */
#ifndef AGENT_CONSENT_H
#define AGENT_CONSENT_H

#include "agent/prompt.h"
#include "agent/request.h"

#define CONSENTS_KEPT_MAX 256

struct key;
struct token;

enum consent_answer {
	CONSENT_YES,
	CONSENT_WAITS, /* r->run is called again, or it fails, later */
	CONSENT_NO,    /* e says why */
};

/* What a yes is for. */
struct consent_subject {
	/* WRITE: of the token, SHA-256 of its URI */
	uint8_t key_id[AGT_KEY_ID_LEN];
	unsigned verb; /* enum policy_verb */
	uid_t uid;
	char *exe; /* owned */
};

struct consent {
	TAILQ_ENTRY(consent) link;
	struct agent *agent;
	struct consent_subject subject;
	bool is_shared;
	uint64_t window_us;
	struct prompt prompt;
	struct request_waits waiting;
};

struct consent_kept {
	TAILQ_ENTRY(consent_kept) link;
	struct consent_subject subject;
	uint64_t until_us;
};

struct consents {
	TAILQ_HEAD(consent_list, consent) open;
	TAILQ_HEAD(consent_kept_list, consent_kept) kept; /* oldest first */
	unsigned kept_count;
};

void consents_init(struct consents *cs);
void consents_clear(struct agent *a);
/* What was allowed for a time has to be asked anew. */
void consents_forget(struct agent *a);

/*
 * Sets r->takes_cached_pin. NO: CS_ERR_POLICY by a rule, or NO_MEMORY. A
 * request that waited and got a no fails with REFUSED, TIMEOUT or
 * NO_PINENTRY.
 */
enum consent_answer consent_check(
    struct request *r, struct key *k, struct err *e);
/* The same for a request that writes to the token. */
enum consent_answer consent_check_token(
    struct request *r, struct token *t, struct err *e);
/* The request, which waits, goes away. */
void consent_leave(struct request *r);

#endif
