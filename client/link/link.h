/*
 * link.h: the connection to cardseal-agent (asn1/agent.asn).
 *
 * One connection, one request at a time, blocking. Not for use by two
 * threads at once. The agent may be restarted between calls: a connection
 * found closed before the request was sent is opened again, once.
 */
#ifndef CLIENT_LINK_LINK_H
#define CLIENT_LINK_LINK_H

#include "agent/proto.h"

/* The longest a person may think about a prompt before we give up. */
#define LINK_WAIT_MS (15 * 60 * 1000)

struct link;

/*
 * socket_path NULL: the rule of agent/path.h. program is the name the agent
 * shows as this program's claim; copied. Connects and says hello.
 * CS_ERR_NO_AGENT: nobody listens there (the text says what to do);
 * CS_ERR_PROTOCOL: versions do not meet.
 */
int CS_MUST_USE link_new(const char *socket_path, const char *program,
    struct link **link, struct err *e);
void link_free(struct link *link);

/*
 * Sends a request (its id is set here) and waits for its answer, which must
 * be of the kind the message table names. An error answer is returned as its
 * code, with the agent's text, PKCS#11 code and tries in e. answer borrows
 * from the link until the next call.
 */
int CS_MUST_USE link_call(struct link *link, struct agt_msg *request,
    struct agt_msg *answer, struct err *e);

/*
 * As link_call, for a request that is answered by any number of messages:
 * link_listen sends it, link_next waits for one after the other, without a
 * limit. AGENT_GONE ends it.
 */
int CS_MUST_USE link_listen(
    struct link *link, struct agt_msg *request, struct err *e);
int CS_MUST_USE link_next(struct link *link, const struct agt_msg *request,
    struct agt_msg *answer, struct err *e);

/* Fills in display, tty and locale from the environment (borrowed from it
 * and from the link) and the purpose (borrowed). */
void link_fill_context(
    struct link *link, struct agt_context *context, const char *purpose);

/* The path of the socket in use; borrowed from the link. */
const char *link_get_socket_path(const struct link *link);

#endif
