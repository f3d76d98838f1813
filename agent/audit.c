#include "agent/audit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/log.h"
#include "agent/request.h"
#include "asn1/alg/digest.h"

/* --- to the writer --- */

static void
audit_drop_writer(struct audit *log)
{
	log->source = sd_event_source_disable_unref(log->source);
	if (log->fd >= 0)
		(void)close(log->fd);
	if (log->pidfd >= 0)
		(void)close(log->pidfd);
	log->fd = log->pidfd = -1;
}

static void
audit_put_time(struct buf *b)
{
	struct timespec now;
	char text[40];
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		text[0] = '\0';
	buf_printf(b, "\"time\":\"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

/* What may not have come to the disk goes to the next writer again. Without
 * memory it goes unmarked. */
static void
audit_resend(struct audit *log)
{
	struct buf all = {.max = log->pending.max};
	uint64_t count = 0;
	size_t i;

	buf_consume(&log->pending, log->marker_len);
	log->sent -= log->sent < log->marker_len ? log->sent : log->marker_len;
	log->marker_len = 0;
	for (i = 0; i < log->sent; i++)
		count += log->pending.data[i] == '\n';
	log->sent = 0;
	if (count == 0)
		return;
	audit_put_time(&all);
	buf_printf(&all, ",\"event\":\"resent\",\"count\":%llu\n",
	    (unsigned long long)count);
	log->marker_len = all.len;
	if (buf_add_bytes(&all, buf_get(&log->pending)) != 0) {
		log->marker_len = 0;
		buf_clear(&all);
		return;
	}
	buf_clear(&log->pending);
	log->pending = all;
}

static void
audit_lost_writer(struct agent *a)
{
	audit_drop_writer(&a->audit);
	audit_resend(&a->audit);
	agt_log("the process that writes the audit log ended; another one "
		"will be started");
	timer_set_in_ms(&a->timers, &a->audit.retry, AUDIT_RETRY_MS);
}

/* They are on the disk. */
static void
audit_written(struct audit *log, size_t len)
{
	if (len > log->sent)
		len = log->sent;
	buf_consume(&log->pending, len);
	log->sent -= len;
	log->marker_len -= len < log->marker_len ? len : log->marker_len;
}

/* Whole records, as many as go into one packet. */
static size_t
audit_packet_len(struct bytes unsent)
{
	size_t len =
	    unsent.len < AUDIT_FIELDS_MAX ? unsent.len : AUDIT_FIELDS_MAX;
	const uint8_t *nl = memrchr(unsent.p, '\n', len);

	return nl != NULL ? (size_t)(nl - unsent.p) + 1 : 0;
}

static struct bytes
audit_get_unsent(const struct audit *log)
{
	if (log->pending.len == log->sent)
		return BYTES_NONE;
	return bytes_of(
	    log->pending.data + log->sent, log->pending.len - log->sent);
}

static void
audit_flush(struct agent *a)
{
	struct audit *log = &a->audit;
	uint32_t events = EPOLLIN;
	struct bytes unsent;
	size_t len;
	ssize_t n;

	while (log->fd >= 0 && log->pending.len > log->sent) {
		unsent = audit_get_unsent(log);
		len = audit_packet_len(unsent);
		n = send(log->fd, unsent.p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			events |= EPOLLOUT;
			break;
		}
		if (n < 0) {
			audit_lost_writer(a);
			return;
		}
		log->sent += len;
	}
	if (log->source != NULL)
		(void)sd_event_source_set_io_events(log->source, events);
}

static int
audit_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct agent *a = userdata;
	char text[256];
	ssize_t n;

	(void)source;
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			audit_lost_writer(a);
			return 0;
		}
		text[n > 0 ? n : 0] = '\0';
		if (n > 0 && text[0] == '+')
			audit_written(&a->audit, strtoul(text + 1, NULL, 10));
		else if (n > 0)
			agt_log("audit log: %s", text);
	}
	audit_flush(a);
	return 0;
}

static void
audit_launched(struct launch *launch, const struct launched *launched)
{
	struct audit *log =
	    (void *)((char *)launch - offsetof(struct audit, launch));
	struct agent *a = (void *)((char *)log - offsetof(struct agent, audit));

	log->fd = launched->fd;
	log->pidfd = launched->pidfd;
	if (launched->error != 0 || sd_event_add_io(a->event, &log->source,
					log->fd, EPOLLIN, audit_io, a) < 0)
		audit_lost_writer(a);
	else
		audit_flush(a);
}

static void
audit_launch(struct agent *a)
{
	a->audit.launch.done = audit_launched;
	if (launch_start(
		&a->launcher, &a->audit.launch, STARTER_AUDIT, BYTES_NONE) != 0)
		timer_set_in_ms(&a->timers, &a->audit.retry, AUDIT_RETRY_MS);
}

static void
audit_retry(struct timer *t)
{
	struct audit *log = (void *)((char *)t - offsetof(struct audit, retry));

	audit_launch((void *)((char *)log - offsetof(struct agent, audit)));
}

/* --- records --- */

/* A record that found no room counts; the next one that does tells. */
static void
audit_add(struct agent *a, const struct buf *record)
{
	struct audit *log = &a->audit;
	struct buf gap = {0};
	size_t room = log->pending.len < AUDIT_PENDING_MAX
			  ? AUDIT_PENDING_MAX - log->pending.len
			  : 0;

	if (log->lost != 0) {
		audit_put_time(&gap);
		buf_printf(&gap, ",\"event\":\"lost\",\"count\":%llu\n",
		    (unsigned long long)log->lost);
	}
	if (record->err != 0 || gap.err != 0 || gap.len + record->len > room) {
		if (log->lost++ == 0)
			agt_log("audit log: %s: records are being lost",
			    err_name(-CS_ERR_NO_SPACE));
	} else {
		buf_add_bytes(&log->pending, buf_get(&gap));
		buf_add_bytes(&log->pending, buf_get(record));
		log->lost = 0;
	}
	buf_clear(&gap);
	audit_flush(a);
}

void
audit_event(struct agent *a, const char *event, struct bytes fields)
{
	struct buf record = {.max = AUDIT_FIELDS_MAX};

	if (!a->audit.is_on)
		return;
	audit_put_time(&record);
	audit_put_text(&record, "event", bytes_of_str(event));
	buf_add_bytes(&record, fields);
	buf_add_byte(&record, '\n');
	audit_add(a, &record);
	buf_clear(&record);
}

static const char *
audit_verb(const struct request *r)
{
	switch (r->type) {
	case AGT_SIGN:
		return "sign";
	case AGT_OPEN:
		return "open";
	case AGT_RAW:
		return "raw";
	case AGT_PIN:
		return "pin";
	case AGT_UNLOCK:
		return "unlock";
	case AGT_LOCK:
		return "lock";
	case AGT_WRITE:
		return "write";
	default:
		return NULL;
	}
}

/* EdDSA signs the message itself, which is nobody's business here. */
static bool
audit_is_digest(const struct agt_msg *msg)
{
	struct alg_id id;

	return msg->type == AGT_SIGN && msg->input.len <= DIGEST_LEN_MAX &&
	       alg_id_decode(msg->algorithm, &id) == 0 &&
	       id.known != OID_ED25519 && id.known != OID_ED448;
}

static void
audit_put_input(struct buf *b, const struct agt_msg *msg)
{
	uint8_t digest[DIGEST_LEN_MAX];
	struct bytes in =
	    msg->type == AGT_OPEN ? msg->recipient_info : msg->input;

	if (in.len == 0)
		return;
	if (audit_is_digest(msg))
		audit_put_hex(b, "digest", in);
	else
		audit_put_hex(b, "inputSha256",
		    bytes_of(digest, digest_of(ALG_SHA256, in, digest)));
	if (msg->type == AGT_RAW)
		buf_printf(b, ",\"operation\":\"%s\",\"mechanism\":%lu",
		    msg->operation == TOK_RAW_SIGN	? "sign"
		    : msg->operation == TOK_RAW_DECRYPT ? "decrypt"
							: "derive",
		    msg->mechanism);
}

static void
audit_put_object(struct buf *b, struct agent *a, const struct agt_msg *msg)
{
	struct key *k = NULL;

	audit_put_hex(b, "key", msg->key_id);
	if (msg->key_id.len == AGT_KEY_ID_LEN)
		k = inventory_find_key(a, msg->key_id.p);
	if (k != NULL) {
		audit_put_text(b, "role", k->role);
		audit_put_text(b, "token", bytes_of_str(k->token->uri));
	} else {
		audit_put_text(b, "token", msg->token);
	}
	if (msg->type == AGT_PIN)
		buf_printf(b, ",\"operation\":\"%s\"",
		    msg->operation == TOK_PIN_UNBLOCK ? "unblock" : "change");
	if (msg->type == AGT_WRITE)
		buf_printf(b, ",\"operation\":\"%s\"",
		    msg->operation == TOK_WRITE_GENERATE  ? "generate"
		    : msg->operation == TOK_WRITE_INSTALL ? "install"
							  : "import");
}

static void
audit_put_who(
    struct buf *b, const struct conn *c, const struct agt_context *context)
{
	audit_put_text(b, "program", bytes_of_str(c->exe));
	buf_printf(
	    b, ",\"pid\":%ld,\"uid\":%lu", (long)c->pid, (unsigned long)c->uid);
	if (c->is_restricted)
		buf_add_str(b, ",\"restricted\":true");
	audit_put_text(b, "claim", bytes_of_str(c->program));
	audit_put_text(b, "onBehalfOf", context->on_behalf_of);
	audit_put_text(b, "purpose", context->purpose);
}

void
audit_request(struct request *r, int code)
{
	struct buf fields = {.max = AUDIT_FIELDS_MAX};
	struct agent *a = r->conn->agent;
	const char *verb = audit_verb(r);
	struct agt_msg msg;

	if (verb == NULL || !a->audit.is_on)
		return;
	request_decode(r, &msg);
	audit_put_text(&fields, "outcome", bytes_of_str(err_name(code)));
	audit_put_who(&fields, r->conn, &msg.context);
	audit_put_object(&fields, a, &msg);
	audit_put_input(&fields, &msg);
	if (r->is_allowed)
		buf_add_str(&fields, ",\"consent\":true");
	buf_printf(&fields, ",\"ms\":%llu",
	    (unsigned long long)((timers_now(&a->timers) - r->began_us) /
				 1000));
	audit_event(a, verb, buf_get(&fields));
	buf_clear(&fields);
}

/* --- beginning and end --- */

void
audit_start(struct agent *a)
{
	struct buf fields = {0};

	a->audit.fd = a->audit.pidfd = -1;
	a->audit.is_on = a->settings.audit_keep != 0;
	/* With room for "resent". */
	buf_init(&a->audit.pending, AUDIT_PENDING_MAX + AUDIT_FIELDS_MAX);
	a->audit.retry.fire = audit_retry;
	if (!a->audit.is_on)
		return;
	buf_printf(&fields, ",\"pid\":%ld,\"uid\":%lu", (long)getpid(),
	    (unsigned long)geteuid());
	audit_event(a, "start", buf_get(&fields));
	buf_clear(&fields);
	audit_launch(a);
}

/* Until the writer has all, but not for ever. */
static void
audit_finish(struct agent *a)
{
	struct audit *log = &a->audit;
	struct pollfd p = {.fd = log->fd, .events = POLLOUT};

	if (audit_get_unsent(log).len != 0 && log->fd >= 0 &&
	    poll(&p, 1, AUDIT_END_MS) > 0)
		audit_flush(a);
	if (audit_get_unsent(log).len != 0)
		agt_log("audit log: the last records could not be written");
}

void
audit_clear(struct agent *a)
{
	struct audit *log = &a->audit;

	if (!log->is_on)
		return;
	audit_event(a, "stop", BYTES_NONE);
	audit_finish(a);
	log->is_on = false;
	launch_forget(&a->launcher, &log->launch);
	timer_stop(&a->timers, &log->retry);
	audit_drop_writer(log);
	buf_clear(&log->pending);
}
