/*
 * doctor.h: what the files of "cardseal doctor" share.
 *
 * What is examined falls into parts. Each runs in a process of its own and
 * tells its findings one by one, so that a card, a service or a file system
 * that keeps it waiting costs what it had not told by the deadline, and no
 * more. Nothing here sends a PIN, or anything else, to a card.
 */
#ifndef CLIENT_CLI_DOCTOR_H
#define CLIENT_CLI_DOCTOR_H

#include "client/cli/cli.h"

enum doctor_level {
	DOCTOR_GOOD,
	DOCTOR_NOTE,	/* to know */
	DOCTOR_WARNING, /* will be wrong, or may be */
	DOCTOR_WRONG,	/* the exit status tells of it */
};

struct doctor_finding {
	const char *topic; /* N_("agent"), N_("card") ... */
	enum doctor_level level;
	int status;	    /* exit status, where it is wrong */
	const char *about;  /* which one: URI, fingerprint ...; or NULL */
	const char *reader; /* the token's or the card's; or NULL */
	const char *advice; /* what to do; or NULL */
};

struct doctor {
	struct cli *cli;
	int fd; /* where findings go */
};

/* Tells a finding; the text says what was found. */
void doctor_tell(struct doctor *d, const struct doctor_finding *finding,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The parts. */
void doctor_examine_service(struct doctor *d); /* pcscd, readers, cards */
void doctor_examine_agent(struct doctor *d);   /* and what it holds */
void doctor_examine_clients(struct doctor *d); /* who was told of it */
void doctor_examine_clock(struct doctor *d);

/* Of the agent's part: its keys with their certificates; and what asks for
 * PINs. pid: the agent's, or 0. */
void doctor_examine_keys(struct doctor *d);
void doctor_examine_pinentry(struct doctor *d, unsigned pid);

#endif
