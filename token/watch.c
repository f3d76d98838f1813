#include "token/watch.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "token/ckr.h"
#include "token/slot.h"

#define WATCH_POLL_MS 1000

int
watch_send(int fd, enum tok_event_kind kind, struct bytes reader, struct err *e)
{
	struct tok_msg event = {
	    .type = TOK_EVENT, .operation = kind, .reader = reader};
	struct buf out = {0};
	ssize_t n;
	int r = tok_msg_encode(&event, &out);

	if (r == 0) {
		n = write(fd, out.data, out.len);
		if (n < 0)
			r = err_set_errno(e, errno, "the agent's socket");
	}
	buf_clear(&out);
	return r;
}

/* The slots that have a token, as one number that changes with them. */
static CK_RV
watch_look(const struct module *m, uint64_t *state)
{
	static CK_SLOT_ID list[SLOT_LIST_MAX];
	CK_ULONG n = 0, i;
	CK_SLOT_INFO info;
	CK_RV rv;

	*state = 0;
	rv = m->f->C_GetSlotList(CK_FALSE, NULL, &n);
	if (rv != CKR_OK)
		return rv;
	n = SLOT_LIST_MAX;
	rv = m->f->C_GetSlotList(CK_FALSE, list, &n);
	if (rv != CKR_OK || n > SLOT_LIST_MAX)
		return rv != CKR_OK ? rv : CKR_BUFFER_TOO_SMALL;
	for (i = 0; i < n; i++) {
		if (m->f->C_GetSlotInfo(list[i], &info) != CKR_OK)
			continue;
		*state = *state * 1099511628211U + list[i] * 2 +
			 ((info.flags & CKF_TOKEN_PRESENT) != 0) + 1;
	}
	return CKR_OK;
}

static int
watch_poll(int fd, const struct module *m, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t before, now;
	CK_RV rv = watch_look(m, &before);
	int r = 0;

	while (rv == CKR_OK && r == 0) {
		/* Whatever comes from the agent now is its end. */
		if (poll(&p, 1, WATCH_POLL_MS) != 0)
			return 0;
		rv = watch_look(m, &now);
		if (rv == CKR_OK && now != before)
			r = watch_send(fd, TOK_EVENT_CHANGED, BYTES_NONE, e);
		before = now;
	}
	return r != 0 ? r : ckr_err(e, rv, CKR_OP_ANY, "readers");
}

int
watch_run(int fd, const struct module *m, struct err *e)
{
	CK_SLOT_ID slot;
	CK_RV rv;
	int r = 0;

	for (;;) {
		rv = m->f->C_WaitForSlotEvent(0, &slot, NULL);
		if (rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_NO_EVENT)
			return watch_poll(fd, m, e);
		if (rv != CKR_OK)
			return ckr_err(e, rv, CKR_OP_ANY, "readers");
		r = watch_send(fd, TOK_EVENT_CHANGED, BYTES_NONE, e);
		if (r != 0)
			return r;
	}
}
