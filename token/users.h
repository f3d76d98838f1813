/*
 * users.h: which programs use cards: who is connected to the PC/SC service's
 * socket. PC/SC itself does not tell who holds a card.
 *
 * A process of its own asks ("cardseal-token --card-users"), since it takes a
 * walk through /proc and the agent has no netlink sockets. Its output is a
 * line per process, PID, a tab, its name, a line feed; cardseal-token's own are
 * left out, and so is whatever other users run.
 */
#ifndef TOKEN_USERS_H
#define TOKEN_USERS_H

#include "asn1/buf.h"

#define USERS_MAX 64

/* Appends the lines. CS_ERR_IO: the kernel does not tell. */
int CS_MUST_USE users_list(struct buf *out, struct err *e);

#endif
