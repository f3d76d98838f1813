#include "token/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "token/watch.h"

/* A module that hangs in C_Finalize must not keep the process. */
#define WORKER_END_SECONDS 2

/* The message table again: what serves each request, and its answer. */
static const struct worker_row {
	int (*serve)(struct worker *w, const struct tok_msg *req,
	    struct tok_msg *answer, struct err *e);
	enum tok_type answer;
} worker_rows[] = {
    [TOK_START] = {worker_start, TOK_START_OK},
    [TOK_PROBE] = {worker_probe, TOK_PROBE_OK},
    [TOK_INFO] = {worker_info, TOK_INFO_OK},
    [TOK_LOGIN] = {worker_login, TOK_LOGIN_OK},
    [TOK_LOGOUT] = {worker_logout, TOK_LOGOUT_OK},
    [TOK_SIGN] = {worker_sign, TOK_SIGN_OK},
    [TOK_OPEN] = {worker_open, TOK_OPEN_OK},
    [TOK_RAW] = {worker_raw, TOK_RAW_OK},
    [TOK_SET_PIN] = {worker_set_pin, TOK_SET_PIN_OK},
    [TOK_EVENT] = {NULL, TOK_ERROR},
    [TOK_WRITE] = {worker_write, TOK_WRITE_OK},
    [TOK_WRITE_OK] = {NULL, TOK_ERROR},
};

int
worker_start(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	size_t n;
	char *path;
	int r;

	if (w->prf_secret != NULL)
		return err_set(e, -CS_ERR_PROTOCOL, "START came twice");
	w->prf_secret = secret_new_from(req->secret.p, req->secret.len);
	if (req->watch && req->module.len == 0 && w->prf_secret != NULL) {
		w->watches = true;
		return 0;
	}
	path = bytes_dup_str(req->module);
	r = w->prf_secret == NULL || path == NULL
		? err_set(e, -CS_ERR_NO_MEMORY, NULL)
		: module_start(&w->module, path, e);
	free(path);
	if (r != 0)
		return r;
	slots_init(&w->slots, &w->module);
	w->watches = req->watch;
	module_text(&w->result, w->module.info.libraryDescription,
	    sizeof(w->module.info.libraryDescription));
	n = w->result.len;
	module_text(&w->result, w->module.info.manufacturerID,
	    sizeof(w->module.info.manufacturerID));
	answer->description = bytes_of(w->result.data, n);
	answer->manufacturer = bytes_of(w->result.data + n, w->result.len - n);
	buf_printf(&w->certs, "%u.%u", w->module.info.libraryVersion.major,
	    w->module.info.libraryVersion.minor);
	answer->version = buf_get(&w->certs);
	return w->result.err != 0 ? w->result.err : w->certs.err;
}

/* PINs and keys go from the frame to secrets, and are wiped in it. */
static int
worker_take_secret(bool has_it, struct bytes *pin, struct secret **out)
{
	*out = has_it ? secret_new_from(pin->p, pin->len) : NULL;
	if (pin->len != 0)
		mem_wipe((uint8_t *)pin->p, pin->len);
	*pin = BYTES_NONE;
	return has_it && *out == NULL ? -CS_ERR_NO_MEMORY : 0;
}

static int
worker_serve_request(struct worker *w, struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	const struct worker_row *row = &worker_rows[req->type];
	int r, r2, r3;

	r = worker_take_secret(req->has_pin, &req->pin, &w->pin);
	r2 = worker_take_secret(req->has_new_pin, &req->new_pin, &w->new_pin);
	r3 = worker_take_secret(
	    req->objects.len != 0, &req->objects, &w->objects);
	if (r != 0 || r2 != 0 || r3 != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (row->serve == NULL)
		return err_set(e, -CS_ERR_PROTOCOL, "%s is no request",
		    tok_type_name(req->type));
	if (w->prf_secret == NULL && req->type != TOK_START)
		return err_set(
		    e, -CS_ERR_PROTOCOL, "the first request must be START");
	answer->type = row->answer;
	return row->serve(w, req, answer, e);
}

static void
worker_end_request(struct worker *w)
{
	secret_free(w->pin);
	secret_free(w->new_pin);
	secret_free(w->objects);
	w->pin = w->new_pin = w->objects = NULL;
	buf_reset(&w->result);
	buf_reset(&w->keys);
	buf_reset(&w->certs);
}

int
worker_serve(struct worker *w, uint8_t *frame, size_t len, struct buf *out)
{
	struct tok_msg req, answer = {.info.tries_left = ERR_TRIES_UNKNOWN};
	struct err e = ERR_INIT;
	int r = tok_msg_decode(bytes_of(frame, len), &req, &e);

	answer.id = req.id;
	if (r != 0)
		mem_wipe(frame, len); /* there may be a secret in it */
	if (r == 0)
		r = worker_serve_request(w, &req, &answer, &e);
	if (r == 0)
		r = tok_msg_encode(&answer, out);
	if (r != 0) {
		buf_reset(out);
		answer.type = TOK_ERROR;
		answer.code = r;
		answer.ckr = e.code == r ? e.ckr : 0;
		if (e.code != r)
			err_set(&e, r, NULL);
		answer.text = bytes_of_str(err_get_text(&e));
		r = tok_msg_encode(&answer, out);
	}
	worker_end_request(w);
	return r;
}

void
worker_clear(struct worker *w)
{
	slots_clear(&w->slots);
	module_end(&w->module);
	secret_free(w->prf_secret);
	buf_clear(&w->result);
	buf_clear(&w->keys);
	buf_clear(&w->certs);
	*w = (struct worker){0};
}

/* Reads until in begins with a whole frame. 0 with *len 0: the end. */
static int
worker_read(int fd, struct buf *in, size_t *len, struct err *e)
{
	size_t want;
	uint8_t *p;
	ssize_t n;

	for (;;) {
		if (tok_frame_len(buf_get(in), len) != 0)
			return err_set(e, -CS_ERR_PROTOCOL,
			    "what the agent sent is no frame");
		if (*len != 0 && *len <= in->len)
			return 0;
		want = *len != 0 ? *len - in->len : 4096;
		*len = 0;
		p = buf_reserve(in, want);
		if (p == NULL)
			return err_set(e, in->err, NULL);
		n = read(fd, p, want);
		if (n > 0)
			buf_grow_len(in, (size_t)n);
		else if (n == 0 && in->len == 0)
			return 0;
		else if (n == 0)
			return err_set(e, -CS_ERR_PROTOCOL,
			    "the agent's last frame is not whole");
		else if (errno != EINTR)
			return err_set_errno(e, errno, "the agent's socket");
	}
}

static int
worker_send(int fd, struct bytes out, struct err *e)
{
	ssize_t n;

	while (out.len > 0) {
		n = write(fd, out.p, out.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, errno, "the agent's socket");
		out.p += n;
		out.len -= (size_t)n;
	}
	return 0;
}

int
worker_run(int fd, struct err *e)
{
	struct buf in = {.max = 2 * TOK_FRAME_MAX}, out = {0};
	struct worker w = {0};
	size_t len;
	int r;

	for (;;) {
		r = worker_read(fd, &in, &len, e);
		if (r != 0 || len == 0)
			break;
		r = worker_serve(&w, in.data, len, &out);
		buf_consume(&in, len);
		if (r == 0)
			r = worker_send(fd, buf_get(&out), e);
		buf_reset(&out);
		if (r != 0)
			break;
		if (w.watches) {
			r = w.module.f != NULL ? watch_run(fd, &w.module, e)
					       : watch_pcsc_run(fd, e);
			break;
		}
		if (w.module.f == NULL && w.prf_secret != NULL) {
			r = err_set(e, -CS_ERR_MODULE, "START failed");
			break;
		}
	}
	buf_clear(&in);
	buf_clear(&out);
	(void)alarm(WORKER_END_SECONDS);
	worker_clear(&w);
	(void)alarm(0);
	return r;
}
