#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#include "token/watch.h"

#define WATCH_READERS_MAX 64
#define WATCH_NAMES_MAX 8192
/* Between attempts to reach a service that is not there. */
#define WATCH_RETRY_MS 1000
#define WATCH_RETRY_MS_MAX 5000
/* The reader of this name changes when there is another list of readers. */
#define WATCH_LIST_READER "\\\\?PnP?\\Notification"

struct watch_reader {
	char name[MAX_READERNAME + 1];
	DWORD state; /* as last told: flags, and a count of events above them */
};

struct watch {
	int fd;
	SCARDCONTEXT context;
	struct watch_reader readers[WATCH_READERS_MAX];
	size_t n;
	DWORD list_state;
	struct err *e;
};

/* Cards that came and went, as the service counts them. */
static unsigned
watch_count(DWORD state)
{
	return (unsigned)(state >> 16) & 0xffff;
}

static bool
watch_has_card(DWORD state)
{
	return (state & SCARD_STATE_PRESENT) != 0;
}

static int
watch_tell(struct watch *w, enum tok_event_kind kind, const char *reader)
{
	return watch_send(w->fd, kind, bytes_of_str(reader), w->e);
}

/* What became of a reader: its card may have been another one for a moment. */
static int
watch_compare(struct watch *w, const char *reader, DWORD before, DWORD now)
{
	bool had = watch_has_card(before), has = watch_has_card(now);
	bool was_moved = watch_count(before) != watch_count(now);
	int r = 0;

	if (had && (!has || was_moved))
		r = watch_tell(w, TOK_EVENT_GONE, reader);
	if (r == 0 && has && (!had || was_moved))
		r = watch_tell(w, TOK_EVENT_CHANGED, reader);
	return r;
}

static struct watch_reader *
watch_find(struct watch_reader *readers, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(readers[i].name, name) == 0)
			return &readers[i];
	return NULL;
}

static void
watch_add(struct watch *w, const char *name, DWORD state)
{
	struct watch_reader *r = &w->readers[w->n];

	if (w->n == WATCH_READERS_MAX || strlen(name) > MAX_READERNAME)
		return;
	memcpy(r->name, name, strlen(name) + 1);
	r->state = state;
	w->n++;
}

/* Which readers there are; tells of cards that went with theirs. */
static LONG
watch_list(struct watch *w, int *r)
{
	static char names[WATCH_NAMES_MAX];
	static struct watch_reader old[WATCH_READERS_MAX];
	DWORD len = sizeof(names) - 1;
	const struct watch_reader *known;
	const char *name;
	size_t i, old_n = w->n;
	LONG status;

	memset(names, 0, sizeof(names));
	status = SCardListReaders(w->context, NULL, names, &len);
	if (status == SCARD_E_NO_READERS_AVAILABLE)
		status = SCARD_S_SUCCESS;
	if (status != SCARD_S_SUCCESS)
		return status;
	memcpy(old, w->readers, sizeof(old));
	w->n = 0;
	for (name = names; *name != '\0'; name += strlen(name) + 1) {
		known = watch_find(old, old_n, name);
		watch_add(w, name,
		    known != NULL ? known->state : SCARD_STATE_UNAWARE);
	}
	for (i = 0; *r == 0 && i < old_n; i++)
		if (watch_find(w->readers, w->n, old[i].name) == NULL)
			*r = watch_compare(w, old[i].name, old[i].state, 0);
	return SCARD_S_SUCCESS;
}

/* Until something changes. */
static LONG
watch_wait(struct watch *w, int *r)
{
	static SCARD_READERSTATE states[WATCH_READERS_MAX + 1];
	DWORD now;
	LONG status;
	size_t i;

	memset(states, 0, sizeof(states));
	for (i = 0; i < w->n; i++) {
		states[i].szReader = w->readers[i].name;
		states[i].dwCurrentState = w->readers[i].state;
	}
	states[w->n].szReader = WATCH_LIST_READER;
	states[w->n].dwCurrentState = w->list_state;
	status =
	    SCardGetStatusChange(w->context, INFINITE, states, (DWORD)w->n + 1);
	if (status != SCARD_S_SUCCESS)
		return status;
	w->list_state = states[w->n].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	for (i = 0; *r == 0 && i < w->n; i++) {
		now = states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		*r = watch_compare(
		    w, w->readers[i].name, w->readers[i].state, now);
		w->readers[i].state = now;
	}
	return SCARD_S_SUCCESS;
}

/* With one service, until it ends or the agent does. */
static int
watch_service(struct watch *w)
{
	LONG status;
	int r = 0;

	w->n = 0;
	w->list_state = SCARD_STATE_UNAWARE;
	do {
		status = watch_list(w, &r);
		if (status == SCARD_S_SUCCESS && r == 0)
			status = watch_wait(w, &r);
		/* The list changed between the two. */
		if (status == SCARD_E_UNKNOWN_READER ||
		    status == SCARD_E_TIMEOUT)
			status = SCARD_S_SUCCESS;
	} while (status == SCARD_S_SUCCESS && r == 0);
	(void)SCardReleaseContext(w->context);
	return r != 0 ? r
		      : watch_send(w->fd, TOK_EVENT_SERVICE, BYTES_NONE, w->e);
}

int
watch_pcsc_run(int fd, struct err *e)
{
	static struct watch w;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int rest_ms = WATCH_RETRY_MS;
	int r;

	w.fd = fd;
	w.e = e;
	for (;;) {
		if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL,
			&w.context) == SCARD_S_SUCCESS) {
			r = watch_service(&w);
			if (r != 0)
				return r;
			rest_ms = WATCH_RETRY_MS;
		}
		/* Whatever comes from the agent now is its end. */
		if (poll(&p, 1, rest_ms) != 0)
			return 0;
		if (rest_ms < WATCH_RETRY_MS_MAX)
			rest_ms += WATCH_RETRY_MS;
	}
}
