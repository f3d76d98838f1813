/*
 * watch.h: a worker that only tells when cards come and go: it sends EVENT
 * and takes no requests after START.
 */
#ifndef TOKEN_WATCH_H
#define TOKEN_WATCH_H

#include "token/module.h"

/*
 * Blocks in C_WaitForSlotEvent where the module has it; else looks at the
 * slots once a second, without any exchange with a card. Sends an event for
 * each change. Returns 0 when the agent hangs up (while blocked in the module,
 * only the parent's end is noticed); -CS_ERR_MODULE when the module fails;
 * -CS_ERR_CLOSED or -CS_ERR_IO.
 */
int CS_MUST_USE watch_run(int fd, const struct module *m, struct err *e);

#endif
