/*
 * The process that writes the audit log. What the disk does not take waits
 * here, and is tried again until it does; the agent keeps it too until it is
 * told that it is on the disk. Only the agent's end of the socket
 * ends it, not a signal that ends the others, so that what was sent before the
 * agent died is written.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "agent/audit.h"
#include "agent/audit_file.h"
#include "agent/log.h"

#define AUDIT_BACKLOG_MAX (2 * AUDIT_PENDING_MAX)
#define AUDIT_CHUNK_MAX (AUDIT_FIELDS_MAX * 2)
#define AUDIT_BATCH 64 /* packets for one wait for the disk */
/* The agent is told what is on the disk once that much is, or nothing more has
 * come for so long: each time wakes it up. */
#define AUDIT_TELL_LEN ((size_t)64 << 10)
#define AUDIT_TELL_MS 100

struct writer {
	int fd;
	const struct audit_settings *settings;
	struct audit_file file;
	struct buf backlog; /* records that are not on the disk yet */
	size_t written;	    /* octets, that the agent was not told of */
	int failure;	    /* that the agent was told of; 0: none */
	bool is_over;
};

static void
writer_tell(struct writer *w, int code, const char *text)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%s: %s",
	    code != 0 ? err_name(code) : "OK", text);

	if (n > 0)
		(void)send(w->fd, line,
		    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Where there is none, that is no failure. */
static void
writer_to_journal(const struct buf *lines)
{
	struct bytes rest = buf_get(lines);
	const uint8_t *nl;
	size_t len;

	while (rest.len != 0 && (nl = memchr(rest.p, '\n', rest.len)) != NULL) {
		len = (size_t)(nl - rest.p);
		(void)sd_journal_send("MESSAGE=%.*s", (int)len,
		    (const char *)rest.p, "PRIORITY=5",
		    "SYSLOG_IDENTIFIER=cardseal-audit", NULL);
		rest.p += len + 1;
		rest.len -= len + 1;
	}
}

/* The agent sends no more than AUDIT_PENDING_MAX that it does not know to be
 * written; without memory, another writer gets it. */
static void
writer_keep(struct writer *w, struct bytes packet)
{
	if (buf_add_bytes(&w->backlog, packet) != 0)
		_exit(1);
}

/* How long to wait for more, in milliseconds; -1: for ever. */
static int
writer_get_timeout(const struct writer *w)
{
	if (w->backlog.len != 0)
		return AUDIT_RETRY_MS;
	return w->written != 0 ? AUDIT_TELL_MS : -1;
}

/* What can't be told now is told later. */
static void
writer_tell_written(struct writer *w)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "+%zu", w->written);

	if (w->written != 0 &&
	    send(w->fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n)
		w->written = 0;
}

/* Whole records, few enough that a file does not outgrow its size by much. */
static struct bytes
writer_chunk(const struct writer *w)
{
	size_t len =
	    w->backlog.len < AUDIT_CHUNK_MAX ? w->backlog.len : AUDIT_CHUNK_MAX;
	const uint8_t *nl = memrchr(w->backlog.data, '\n', len);

	return bytes_of(w->backlog.data,
	    nl != NULL ? (size_t)(nl - w->backlog.data) + 1 : 0);
}

static void
writer_write(struct writer *w)
{
	struct err e = ERR_INIT;
	struct buf lines = {0};
	struct bytes chunk;
	int r = 0;

	if (w->backlog.len == 0)
		return;
	while (r == 0 && w->backlog.len != 0) {
		chunk = writer_chunk(w);
		r = audit_file_append(&w->file, chunk, &lines, &e);
		if (r == 0 && w->settings->to_journal)
			writer_to_journal(&lines);
		if (r == 0) {
			w->written += chunk.len;
			buf_consume(&w->backlog, chunk.len);
		}
	}
	buf_clear(&lines);
	if (r != 0 && r != w->failure)
		writer_tell(w, r, err_get_text(&e));
	if (r == 0 && w->failure != 0)
		writer_tell(w, 0, "written again, nothing was left out");
	w->failure = r;
}

/* Everything that is there, up to a batch; false: nothing. */
static bool
writer_read(struct writer *w)
{
	static uint8_t packet[AUDIT_FIELDS_MAX];
	unsigned i;
	ssize_t n;

	for (i = 0; i < AUDIT_BATCH; i++) {
		n = recv(w->fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return i != 0;
		if (n <= 0) {
			w->is_over = true;
			return i != 0;
		}
		writer_keep(w, bytes_of(packet, (size_t)n));
	}
	return true;
}

void
audit_main(int fd, const struct audit_settings *settings)
{
	static const int ignored[] = {
	    SIGTERM, SIGINT, SIGHUP, SIGXFSZ, SIGPIPE};
	static struct writer w;
	struct sigaction action = {.sa_handler = SIG_IGN};
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	bool is_quiet;
	size_t i;

	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "cardseal-audit", 0, 0, 0);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &action, NULL);
	w.fd = fd;
	w.settings = settings;
	buf_init(&w.backlog, AUDIT_BACKLOG_MAX);
	audit_file_init(
	    &w.file, settings->folder, settings->size_max, settings->keep);
	while (!w.is_over) {
		(void)poll(&poll_fd, 1, writer_get_timeout(&w));
		is_quiet = !writer_read(&w);
		writer_write(&w);
		if (is_quiet || w.written >= AUDIT_TELL_LEN)
			writer_tell_written(&w);
	}
	_exit(w.backlog.len != 0);
}
