/*
 * emulator.h: a card of any kind in the reader: the loop between the reader
 * driver, the control socket and the card, with the rules in between.
 *
 * The control socket takes
 *
 *	status			one line of name=value
 *	remove			the card is out at once
 *	insert [MS]		it is in again, MS later; without MS as soon as
 *				the removal can't have been missed
 *	swap FILE [MS]		another card is in; the same
 *	reset			the card forgets what it was in the middle of
 *	RULE			see rule.h
 *	clear			no rules; what hangs is answered
 *	set NAME VALUE		by the kind of card
 */
#ifndef TESTS_CARD_EMULATOR_H
#define TESTS_CARD_EMULATOR_H

#include "asn1/buf.h"

struct card_ops {
	/* Makes the card that a file describes the one in the reader. */
	bool (*load)(void *card, const char *path, struct err *e);
	void (*reset)(void *card);
	struct bytes (*atr)(void *card);
	/* Appends the response to out. */
	void (*command)(void *card, struct bytes raw, struct buf *out);
	/* Appends " name=value" for each that it has to tell. */
	void (*status)(void *card, struct buf *reply);
	bool (*set)(void *card, const char *name, const char *value);
};

/*
 * PROGRAM --port-file FILE --control SOCKET [--trace FILE] [--absent] CARD:
 * runs until SIGTERM; what main returns.
 */
int emulator_main(
    int argc, char **argv, const struct card_ops *ops, void *card);

#endif
