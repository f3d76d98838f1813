/*
 * list.h: all keys and certificates that the agent has, whatever number of
 * answers they take (asn1/agent.asn, List).
 */
#ifndef CLIENT_LINK_LIST_H
#define CLIENT_LINK_LIST_H

#include "client/link/link.h"

/* Plain data, all zero when empty; owns its parts. Each has elements, to be
 * walked with agt_token_next, agt_key_next and agt_cert_next. */
struct link_list {
	struct buf tokens;
	struct buf keys;
	struct buf certificates; /* those that belong to no key */
	size_t keys_len;	 /* how many */
};

/*
 * Asks for it all; request has the context (link_fill_context), and perhaps
 * the token it is about. list is emptied before; on failure it is empty:
 * CS_ERR_TOO_LARGE for more than BUF_MAX_DEFAULT of one part, and link_call's.
 */
int CS_MUST_USE link_list_ask(struct link *link, struct agt_msg *request,
    struct link_list *list, struct err *e);
void link_list_clear(struct link_list *list);

#endif
