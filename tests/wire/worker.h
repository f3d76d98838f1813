/*
 * worker.h: a real cardseal-token for a test: started on a SoftHSM folder,
 * spoken to in token/proto.h's frames over its socket.
 */
#ifndef TESTS_WIRE_WORKER_H
#define TESTS_WIRE_WORKER_H

#include "token/proto.h"
#include "tests/unit/unit.h"

struct peer {
	int fd;
	pid_t pid;
	struct buf in; /* the last answer; what it decoded to borrows it */
	uint32_t id;   /* of the last request */
};

/*
 * make-fixtures DIR ARGS... (NULL ends them), in a private folder that
 * fixture_end removes; the test fails if it fails. Sets SOFTHSM2_CONF. Both
 * may be used as unchecked fixtures, once per test case.
 */
void fixture_make(const char *const *args);
void fixture_end(void);
/* From now on the module is that of tests/fault/module.c around SoftHSM's,
 * with these rules. */
void fixture_set_faults(const char *rules);
/* "FOLDER/name": a ring of 8 static buffers. */
const char *fixture_path(const char *name);
const char *fixture_module(void);
/* The key id of an identity, or the n-th word (from 0) of its line in
 * identities.tsv. */
struct bytes fixture_key_id(const char *identity);

/* Starts the program; START is not yet sent. */
void peer_start(struct peer *p);
/* Hangs up, and returns the exit status (negative: the signal). */
int peer_end(struct peer *p);
/* One request and its answer, which has the same id or the test fails.
 * Returns 0, or the code of an ERROR. */
int peer_call(struct peer *p, struct tok_msg *req, struct tok_msg *answer);
/* Any bytes; and whatever frame comes back (false: hung up). */
void peer_send(struct peer *p, struct bytes frame);
bool peer_receive(struct peer *p, struct tok_msg *answer);

/* START with the fixture's module, and PROBE: gives the token. */
void peer_begin(struct peer *p, struct tok_info *token);
int peer_login(struct peer *p, const struct tok_info *token, const char *pin);
/* What PROBE says about one key; false: it is not there. Borrows p->in. */
bool peer_find_key(struct peer *p, struct bytes key_id, struct tok_key *key);

#endif
