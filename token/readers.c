#include "token/readers.h"

#include <string.h>
#include <winscard.h>

#define READERS_NAMES_MAX 3072

static const char *
readers_describe_service(LONG status)
{
	switch (status) {
	case SCARD_S_SUCCESS:
	case SCARD_E_NO_READERS_AVAILABLE:
		return "ok";
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
		return "absent";
	case SCARD_W_SECURITY_VIOLATION:
		return "refused";
	default:
		return "failed";
	}
}

static const char *
readers_describe_card(DWORD state)
{
	if (state & SCARD_STATE_MUTE)
		return "mute";
	if (state & SCARD_STATE_EXCLUSIVE)
		return "exclusive";
	return state & SCARD_STATE_PRESENT ? "card" : "empty";
}

/* A line for each of the names, which end with an empty one. */
static void
readers_put(SCARDCONTEXT context, const char *names, struct buf *out)
{
	SCARD_READERSTATE state;
	char quoted[256];
	const char *name;
	LONG status;

	for (name = names; *name != '\0'; name += strlen(name) + 1) {
		state = (SCARD_READERSTATE){
		    .szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};
		status = SCardGetStatusChange(context, 0, &state, 1);
		/* Unplugged meanwhile. */
		if (status != SCARD_S_SUCCESS)
			continue;
		buf_printf(out, "reader %s %s\n",
		    readers_describe_card(state.dwEventState),
		    err_quote(quoted, sizeof(quoted), name, strlen(name)));
	}
}

int
readers_list(struct buf *out, struct err *e)
{
	char names[READERS_NAMES_MAX] = "";
	DWORD len = sizeof(names) - 2;
	SCARDCONTEXT context;
	LONG status;
	bool is_open;

	status =
	    SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
	is_open = status == SCARD_S_SUCCESS;
	if (is_open)
		status = SCardListReaders(context, NULL, names, &len);
	buf_printf(out, "service %s %s\n", readers_describe_service(status),
	    pcsc_stringify_error(status));
	if (status == SCARD_S_SUCCESS)
		readers_put(context, names, out);
	if (is_open)
		(void)SCardReleaseContext(context);
	return out->err != 0 ? err_set(e, out->err, NULL) : 0;
}
