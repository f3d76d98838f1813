/*
 * watch.h: a worker that only tells when cards come and go: it sends EVENT
 * and takes no requests after START.
 */
#ifndef TOKEN_WATCH_H
#define TOKEN_WATCH_H

#include "token/module.h"
#include "token/proto.h"

/*
 * Blocks in C_WaitForSlotEvent where the module has it; else looks at the
 * slots once a second, without any exchange with a card. Sends an event for
 * each change. Returns 0 when the agent hangs up (while blocked in the module,
 * only the parent's end is noticed); -CS_ERR_MODULE when the module fails;
 * -CS_ERR_CLOSED or -CS_ERR_IO.
 */
int CS_MUST_USE watch_run(int fd, const struct module *m, struct err *e);

/*
 * watch_pcsc.c: blocks in SCardGetStatusChange, which costs nothing and sends
 * no card anything. Tells of every card that comes (CHANGED) or goes (GONE,
 * also if another one came before we looked), with the reader's name, and of
 * the service's end (SERVICE); then waits for the service to come back. Ends as
 * above, but for -CS_ERR_MODULE.
 */
int CS_MUST_USE watch_pcsc_run(int fd, struct err *e);

/* Sends one EVENT. */
int CS_MUST_USE watch_send(
    int fd, enum tok_event_kind kind, struct bytes reader, struct err *e);

#endif
