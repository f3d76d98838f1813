/*
 * readers.h: which readers the PC/SC service has, and whether a card is in
 * them. No command goes to a card.
 *
 * The service may keep its caller waiting, so this is for a process of its
 * own: the program "cardseal-token --list-readers". Its output is lines, each
 * ended by a line feed:
 *
 *	service STATE TEXT
 *	reader STATE NAME
 *
 * The first line is the service's: ok, absent (nobody listens), refused (by
 * polkit) or failed, and what libpcsclite says of it. A line for each reader
 * follows: empty, card, exclusive (another program has the card for itself) or
 * mute (a card that does not answer). Exit status 0 whatever the state is.
 */
#ifndef TOKEN_READERS_H
#define TOKEN_READERS_H

#include "asn1/buf.h"

/* Appends the lines. Only CS_ERR_NO_MEMORY. */
int CS_MUST_USE readers_list(struct buf *out, struct err *e);

#endif
