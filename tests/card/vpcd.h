/*
 * vpcd.h: the card's end of the connection to vsmartcard's reader driver: two
 * octets of length, and then a command, or one octet that says what happens
 * to the power. The driver listens; a card that is in the reader is
 * connected, one that was taken out is not.
 */
#ifndef TESTS_CARD_VPCD_H
#define TESTS_CARD_VPCD_H

#include "asn1/buf.h"

/* The driver looks every 400 ms whether a card is there. One that comes back
 * sooner might never have been missed. */
#define VPCD_GAP_MS 1000
#define VPCD_RETRY_MS 50

enum vpcd_power {
	VPCD_POWER_OFF = 0,
	VPCD_POWER_ON = 1,
	VPCD_RESET = 2,
	VPCD_ATR = 4,
};

struct vpcd {
	int fd;		       /* -1: not connected */
	const char *port_file; /* the driver's port is in there */
	bool is_wanted;	       /* the card is in the reader */
	int64_t next_ms;       /* try to connect no sooner */
	struct buf in;
};

int64_t now_ms(void); /* of the monotonic clock */

void vpcd_init(struct vpcd *v, const char *port_file);
/* after_ms < 0: now, but VPCD_GAP_MS after a removal. */
void vpcd_insert(struct vpcd *v, int64_t after_ms);
void vpcd_remove(struct vpcd *v);
/* Connects where it is time to. */
void vpcd_step(struct vpcd *v);
/* How long poll may wait; -1: as long as it likes. */
int vpcd_timeout(const struct vpcd *v);
/* Reads what is there. False: hung up, and vpcd_step will try again. */
bool vpcd_read(struct vpcd *v);
/* The next whole message; borrowed until vpcd_done. False: none yet. */
bool vpcd_next(struct vpcd *v, struct bytes *message);
void vpcd_done(struct vpcd *v, size_t message_len);
void vpcd_send(struct vpcd *v, struct bytes message);

#endif
