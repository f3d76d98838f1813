/*
 * stranger: another program that uses the card through PC/SC.
 *
 *	stranger [--reader N] COMMAND
 *
 *	readers			their names, one a line
 *	wait present|absent SECONDS
 *				until the reader is in that state
 *	apdu HEX...		one transaction; prints each response, follows
 *61xx apdu-reset HEX...	and resets the card when it is done reset
 *connects, and disconnects with a reset
 *	unpower			the same by power
 *	hold SECONDS		has a transaction for so long; says "held" when
 *it begins exclusive SECONDS	has the card for itself; says "held"
 *
 * Exit status: 1 if PC/SC says no (the name of the error is on standard
 * error), 3 for a wait that ended without the state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "tests/card/apdu.h"
#include "tests/card/words.h"

#define READERS_LEN_MAX 4096
#define SECONDS_MAX 600
#define WAIT_STEP_MS 500
#define RESPONSE_MAX 65538
#define ROUNDS_MAX 64 /* GET RESPONSE after GET RESPONSE */

struct stranger {
	SCARDCONTEXT context;
	SCARDHANDLE card;
	unsigned number;
	char readers[READERS_LEN_MAX];
	const char *reader; /* in there; NULL: not so many */
};

static void
check(LONG status, const char *what)
{
	if (status == SCARD_S_SUCCESS)
		return;
	(void)fprintf(
	    stderr, "stranger: %s: %s\n", what, pcsc_stringify_error(status));
	exit(1);
}

static void
find_reader(struct stranger *s)
{
	DWORD len = sizeof(s->readers) - 1;
	unsigned n = 0;
	const char *p;
	LONG status;

	s->reader = NULL;
	memset(s->readers, 0, sizeof(s->readers));
	status = SCardListReaders(s->context, NULL, s->readers, &len);
	if (status == SCARD_E_NO_READERS_AVAILABLE)
		return;
	check(status, "SCardListReaders");
	for (p = s->readers; *p != '\0'; p += strlen(p) + 1)
		if (n++ == s->number)
			s->reader = p;
}

static void
connect_card(struct stranger *s, DWORD share)
{
	DWORD protocol;

	if (s->reader == NULL) {
		(void)fprintf(stderr, "stranger: no reader %u\n", s->number);
		exit(1);
	}
	check(SCardConnect(s->context, s->reader, share,
		  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &s->card, &protocol),
	    "SCardConnect");
}

static void
nap(unsigned seconds)
{
	struct timespec t = {.tv_sec = (time_t)seconds};

	(void)nanosleep(&t, NULL);
}

/* --- commands --- */

static int
show_readers(struct stranger *s)
{
	const char *p;

	for (p = s->readers; *p != '\0'; p += strlen(p) + 1)
		(void)printf("%s\n", p);
	return 0;
}

static int
wait_state(struct stranger *s, const char *name, unsigned seconds)
{
	DWORD want = strcmp(name, "present") == 0 ? SCARD_STATE_PRESENT
						  : SCARD_STATE_EMPTY;
	SCARD_READERSTATE state = {0};
	time_t end = time(NULL) + (time_t)seconds;
	LONG status;

	do {
		find_reader(s);
		if (s->reader == NULL) {
			nap(1);
			continue;
		}
		state.szReader = s->reader;
		status =
		    SCardGetStatusChange(s->context, WAIT_STEP_MS, &state, 1);
		if (status != SCARD_E_TIMEOUT)
			check(status, "SCardGetStatusChange");
		if ((state.dwEventState & want) != 0 &&
		    (state.dwEventState & SCARD_STATE_MUTE) == 0)
			return 0;
		state.dwCurrentState = state.dwEventState;
	} while (time(NULL) <= end);
	(void)fprintf(stderr, "stranger: still not %s\n", name);
	return 3;
}

static size_t
transmit(struct stranger *s, const uint8_t *p, size_t len, uint8_t *response)
{
	DWORD response_len = RESPONSE_MAX;

	check(SCardTransmit(s->card, SCARD_PCI_T1, p, (DWORD)len, NULL,
		  response, &response_len),
	    "SCardTransmit");
	if (response_len < 2) {
		(void)fprintf(stderr, "stranger: no status word\n");
		exit(1);
	}
	return (size_t)response_len;
}

static void
exchange(struct stranger *s, const char *hex)
{
	static uint8_t command[APDU_LEN_MAX], response[RESPONSE_MAX];
	uint8_t more[] = {0, 0xc0, 0, 0, 0};
	size_t len = strlen(hex) / 2, i;
	unsigned rounds = 0;

	if (len > sizeof(command) || !word_get_hex(hex, command, len)) {
		(void)fprintf(stderr, "stranger: %s: no octets\n", hex);
		exit(2);
	}
	len = transmit(s, command, len, response);
	while (response[len - 2] == 0x61 && rounds++ < ROUNDS_MAX) {
		for (i = 0; i + 2 < len; i++)
			(void)printf("%02x", response[i]);
		more[4] = response[len - 1];
		len = transmit(s, more, sizeof(more), response);
	}
	for (i = 0; i < len; i++)
		(void)printf("%02x", response[i]);
	(void)putchar('\n');
}

static int
exchange_all(struct stranger *s, char **words, int len, DWORD disposition)
{
	int i;

	connect_card(s, SCARD_SHARE_SHARED);
	check(SCardBeginTransaction(s->card), "SCardBeginTransaction");
	for (i = 0; i < len; i++)
		exchange(s, words[i]);
	check(SCardEndTransaction(s->card, SCARD_LEAVE_CARD),
	    "SCardEndTransaction");
	check(SCardDisconnect(s->card, disposition), "SCardDisconnect");
	return 0;
}

static int
hold(struct stranger *s, DWORD share, unsigned seconds)
{
	connect_card(s, share);
	if (share == SCARD_SHARE_SHARED)
		check(SCardBeginTransaction(s->card), "SCardBeginTransaction");
	(void)puts("held");
	(void)fflush(stdout);
	nap(seconds);
	check(SCardDisconnect(s->card, SCARD_LEAVE_CARD), "SCardDisconnect");
	return 0;
}

static int
run(struct stranger *s, int argc, char **argv)
{
	const char *word = argv[0];
	unsigned seconds = 0;

	if (strcmp(word, "readers") == 0)
		return show_readers(s);
	if (strcmp(word, "wait") == 0 && argc == 3 &&
	    word_get_uint(argv[2], 10, SECONDS_MAX, &seconds))
		return wait_state(s, argv[1], seconds);
	if (strcmp(word, "apdu") == 0)
		return exchange_all(s, argv + 1, argc - 1, SCARD_LEAVE_CARD);
	if (strcmp(word, "apdu-reset") == 0)
		return exchange_all(s, argv + 1, argc - 1, SCARD_RESET_CARD);
	if (strcmp(word, "reset") == 0)
		return exchange_all(s, NULL, 0, SCARD_RESET_CARD);
	if (strcmp(word, "unpower") == 0)
		return exchange_all(s, NULL, 0, SCARD_UNPOWER_CARD);
	if (argc == 2 && word_get_uint(argv[1], 10, SECONDS_MAX, &seconds)) {
		if (strcmp(word, "hold") == 0)
			return hold(s, SCARD_SHARE_SHARED, seconds);
		if (strcmp(word, "exclusive") == 0)
			return hold(s, SCARD_SHARE_EXCLUSIVE, seconds);
	}
	(void)fprintf(stderr, "stranger: %s: see stranger.c\n", word);
	return 2;
}

int
main(int argc, char **argv)
{
	static struct stranger s;
	int at = 1, status;

	if (argc > 2 && strcmp(argv[1], "--reader") == 0) {
		if (!word_get_uint(argv[2], 10, 15, &s.number))
			return 2;
		at = 3;
	}
	if (at >= argc) {
		(void)fprintf(
		    stderr, "usage: %s [--reader N] COMMAND...\n", argv[0]);
		return 2;
	}
	check(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &s.context),
	    "SCardEstablishContext");
	find_reader(&s);
	status = run(&s, argc - at, argv + at);
	(void)SCardReleaseContext(s.context);
	return status;
}
