/*
 * request.h: requests, from the frame to the answer.
 *
 * What can be answered at once is; the others become a struct request, which
 * waits for a list, a login or a worker, and ends with exactly one answer, by
 * its deadline at the latest. The table in request.c says what serves each
 * message.
 */
#ifndef AGENT_REQUEST_H
#define AGENT_REQUEST_H

#include "agent/conn.h"
#include "agent/login.h"
#include "agent/worker.h"

#define REQUESTS_PER_CONN_MAX 64
/* Of all connections over the restricted socket, since each may be a question
 * that the person's own requests wait behind. */
#define REQUESTS_RESTRICTED_MAX 16
#define REQUESTS_BYTES_MAX ((size_t)8 << 20)
/* So often one request has its token logged in. */
#define REQUEST_LOGINS_MAX 3
/* An operation that takes longer may wait for a finger. */
#define REQUEST_TOUCH_MS 1500

struct consent;
struct token;
struct lock_op;
struct pin_op;

struct request {
	TAILQ_ENTRY(request) link; /* of its connection */
	TAILQ_ENTRY(request) wait; /* conns.waiting, a login, a consent */
	struct conn *conn;
	uint32_t id;
	enum agt_type type;
	bool is_waiting; /* in conns.waiting */
	bool is_context; /* in login's contexts, not in its logins */
	bool has_own_deadline;
	bool was_looked_for; /* the lists were made anew for it */
	bool was_pin_needed; /* the same, as its token was logged in already */
	bool is_allowed;     /* a person said yes to this one */
	bool takes_cached_pin; /* though the key always authenticates */
	unsigned logins;
	uint64_t time_ms;
	uint64_t began_us;
	struct timer deadline;
	struct timer touch;		/* the token takes its time */
	void (*run)(struct request *r); /* begin, or go on */
	struct job job;
	struct worker *worker;	 /* that a login is for */
	struct login *login;	 /* that it waits for */
	struct consent *consent; /* that it waits for */
	struct lock_op *lock;	 /* LOCK */
	struct pin_op *pin_op;	 /* PIN */
	struct secret *objects;	 /* WRITE: they are not in frame any more */
	size_t frame_len;
	uint8_t frame[];
};

/* Dispatches. The frame is the message's, and borrowed. */
void request_handle(
    struct conn *c, const struct agt_msg *msg, struct bytes frame);
/* Makes a request of it and runs it; an error is answered (BUSY ...). */
void request_new(struct conn *c, const struct agt_msg *msg, struct bytes frame,
    void (*run)(struct request *r));
/* The message again, borrowed from r. */
void request_decode(const struct request *r, struct agt_msg *msg);
/* The end, one of: an answer whose id and type are set here, */
void request_answer(struct request *r, struct agt_msg *msg);
/* an answer with a worker's output, */
void request_finish(struct request *r, const struct tok_msg *answer);
/* an error; token may be NULL. */
void request_fail(
    struct request *r, const struct err *e, const struct token *token);
/* All requests of a connection that is gone; without answers. */
void requests_drop(struct conn *c);

/* Waits until the modules' lists may have changed; run is called again. */
void request_wait(struct request *r);
/* Runs those that wait; to be called when a list has changed. */
void requests_resume(struct agent *a);
/* After a login. */
void request_resume(struct request *r);
/* The clock of a request without a deadline of its client's stops while a
 * person is asked. */
void request_hold(struct request *r);
/* SIGN, OPEN, RAW and WRITE: enum policy_verb. */
unsigned request_verb(const struct request *r);
/* It is at the token: if that takes long, listeners are told. */
void request_expect_touch(struct request *r);
/* Fills type and the fields of a worker's SIGN, OPEN or RAW. */
void request_fill(const struct request *r, struct tok_msg *m);

/* Tells those who asked for events; token and text may be NULL. */
void requests_event(struct agent *a, enum agt_event_kind kind,
    const struct token *token, const char *text);

/* req_*.c */
void req_hello(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_list(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_key(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_unlock(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_lock(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_status(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_events(struct conn *c, const struct agt_msg *msg, struct bytes frame);
/* The only token that has a PIN; NULL with the reason in e. */
struct token *unlock_choose(struct agent *a, struct err *e);
void req_write(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void req_pin(struct conn *c, const struct agt_msg *msg, struct bytes frame);
void pin_op_forget(struct pin_op *op); /* frees it */
/* The request that waits for op goes away. */
void lock_forget(struct lock_op *op);
void req_cancel(struct conn *c, const struct agt_msg *msg, struct bytes frame);

#endif
