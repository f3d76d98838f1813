/*
 * holders.h: which other programs use cards, for the message to somebody
 * whose card does not answer. A card that another program has in a transaction
 * just makes PKCS#11 calls wait; who it is PC/SC does not tell, only who there
 * is (token/users.h). Asked when a worker is late, and only then.
 */
#ifndef AGENT_HOLDERS_H
#define AGENT_HOLDERS_H

#include "agent/launch.h"
#include "asn1/buf.h"

#define HOLDERS_TEXT_MAX 200

struct agent;

struct holders {
	struct agent *agent;
	struct launch launch;
	int fd, pidfd; /* -1: nobody is being asked */
	sd_event_source *source;
	struct buf in;
	uint64_t asked_us;
	/* "scdaemon (pid 17), firefox (pid 4)"; "": not known, or none. */
	char text[HOLDERS_TEXT_MAX];
};

void holders_init(struct holders *h, struct agent *agent);
void holders_clear(struct holders *h);
/* Asks, unless that was done a moment ago. */
void holders_ask(struct holders *h);

#endif
