/*
 * worker.h: cardseal-token's work: requests of the agent in, answers out, one
 * at a time, around one module.
 *
 * A handler gets the decoded request; PINs, and the objects to be written, come
 * apart, as secrets, and are wiped after it. It fills answer but for type and
 * id, or returns a negative code with e filled; then answer->has_info may tell
 * the token's fresh state. What answer points to lives until the next request.
 */
#ifndef TOKEN_WORKER_H
#define TOKEN_WORKER_H

#include "asn1/secret.h"
#include "token/slot.h"

struct worker {
	struct module module;
	struct slots slots;
	struct secret *prf_secret; /* of START; NULL before */
	bool watches;
	/* of the request at hand */
	struct secret *pin, *new_pin; /* NULL: none came */
	struct secret *objects;	      /* WRITE: the list; NULL: it is empty */
	struct buf result, keys, certs;
};

/*
 * Serves fd until its end. Returns 0 at the end of input; -CS_ERR_PROTOCOL,
 * -CS_ERR_CLOSED or -CS_ERR_IO when the connection is broken;
 * -CS_ERR_MODULE after a START that failed (and was answered).
 */
int CS_MUST_USE worker_run(int fd, struct err *e);

/* One whole frame to the answer's frame, without I/O on fd. The PINs and
 * objects in frame are wiped. */
int CS_MUST_USE worker_serve(
    struct worker *w, uint8_t *frame, size_t len, struct buf *out);
void worker_clear(struct worker *w);

/* The handlers, one per request. */
int CS_MUST_USE worker_start(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_probe(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_info(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_login(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_logout(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_set_pin(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_sign(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_open(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_raw(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);
int CS_MUST_USE worker_write(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e);

#endif
