/*
 * admit.h: who may speak to the agent at all, and which requests some may not
 * make. Keys are policy.h's matter.
 *
 * The agent's own user is always admitted. As a system service it also admits
 * the users and groups that its configuration names:
 *
 *	[service]
 *	users = alice, 1001
 *	groups = mail
 */
#ifndef AGENT_ADMIT_H
#define AGENT_ADMIT_H

#include <sys/socket.h>
#include <sys/types.h>

#include "agent/proto.h"

struct conn;
struct ucred; /* sys/socket.h has it for _GNU_SOURCE alone */

#define ADMIT_MAX 64

struct admit {
	uid_t uids[ADMIT_MAX];
	gid_t gids[ADMIT_MAX];
	unsigned uid_count, gid_count;
};

/* Names or numbers between commas. CS_ERR_CONFIG: there is no such, or there
 * are too many. */
int CS_MUST_USE admit_add(
    struct admit *a, bool are_groups, const char *text, struct err *e);
/* Is anybody but the agent's own user admitted? */
bool admit_has_others(const struct admit *a);
/* The peer of a connected socket, as the kernel tells: by its user, its group
 * or one of its further groups. */
bool admit_is_peer(const struct admit *a, int fd, const struct ucred *cred);

/* The agent's own user, or root. */
bool admit_is_owner(const struct conn *c);
/* CS_ERR_POLICY: that connection may not make such a request. */
int CS_MUST_USE admit_request(
    const struct conn *c, enum agt_type type, struct err *e);

#endif
