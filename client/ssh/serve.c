/* serve.c: one connection: requests and answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/ssh/ssh.h"

/* Messages (draft-ietf-sshm-ssh-agent 6.1). */
enum {
	MSG_FAILURE = 5,
	MSG_SUCCESS = 6,
	MSG_REQUEST_IDENTITIES = 11,
	MSG_IDENTITIES_ANSWER = 12,
	MSG_SIGN_REQUEST = 13,
	MSG_SIGN_RESPONSE = 14,
	MSG_EXTENSION = 27,
};

static bool
read_all(int fd, uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
write_all(int fd, struct bytes out)
{
	ssize_t n;

	while (out.len > 0) {
		n = send(fd, out.p, out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes_skip(&out, (size_t)n);
	}
	return true;
}

/* The whole of a request, without its length. */
static bool
read_frame(int fd, struct buf *frame)
{
	uint8_t octets[4], *room;
	struct bytes in = bytes_of(octets, sizeof(octets));
	uint32_t len;

	buf_reset(frame);
	if (!read_all(fd, octets, sizeof(octets)) || !ssh_get_u32(&in, &len))
		return false;
	if (len == 0 || len > SSH_FRAME_MAX) {
		fprintf(stderr,
		    SSH_PROGRAM ": a request of %u octets is none; the "
				"connection ends\n",
		    len);
		return false;
	}
	room = buf_reserve(frame, len);
	if (room == NULL || !read_all(fd, room, len))
		return false;
	buf_grow_len(frame, len);
	return true;
}

static void
complain(struct ssh *s, const struct err *e)
{
	fprintf(stderr, SSH_PROGRAM ": %s\n", err_get_text(e));
	/* A connection that failed is not used again. */
	if (err_class(e->code) == ERR_CLASS_AGENT) {
		link_free(s->link);
		s->link = NULL;
	}
}

/* Where there is nothing to be had the list is empty, so that ssh goes on to
 * what else it has. */
static void
answer_identities(struct ssh *s, struct buf *answer)
{
	struct err e = ERR_INIT;
	size_t i;

	if (ssh_list(s, &e) != 0)
		complain(s, &e);
	buf_add_byte(answer, MSG_IDENTITIES_ANSWER);
	ssh_put_u32(answer, s->keys_len);
	for (i = 0; i < s->keys_len; i++) {
		ssh_put_string(answer, buf_get(&s->keys[i].blob));
		ssh_put_string(answer, bytes_of_str(s->keys[i].comment));
	}
}

static bool
answer_sign(struct ssh *s, struct bytes in, struct buf *answer)
{
	struct buf signature = {0};
	struct err e = ERR_INIT;
	const struct ssh_key *key;
	struct bytes blob, data;
	uint32_t flags;
	int r;

	if (!ssh_get_string(&in, &blob) || !ssh_get_string(&in, &data) ||
	    !ssh_get_u32(&in, &flags) || in.len != 0)
		return false;
	r = ssh_find(s, blob, &key, &e);
	if (r == 0)
		r = ssh_sign(s, key, data, flags, &signature, &e);
	if (r == 0) {
		buf_add_byte(answer, MSG_SIGN_RESPONSE);
		ssh_put_string(answer, buf_get(&signature));
	} else {
		complain(s, &e);
	}
	buf_clear(&signature);
	return r == 0;
}

/*
 * ssh's word that this connection is passed on to another host
 * (session-bind@openssh.com, OpenSSH's PROTOCOL.agent). It can only make us
 * say more to the person who is asked, so that nothing has to prove it.
 */
static bool
answer_extension(struct ssh *s, struct bytes in)
{
	struct bytes name, host, session, signature;
	uint8_t is_forwarding;

	if (!ssh_get_string(&in, &name) ||
	    !bytes_is_equal(name, BYTES_LIT("session-bind@openssh.com")) ||
	    !ssh_get_string(&in, &host) || !ssh_get_string(&in, &session) ||
	    !ssh_get_string(&in, &signature) ||
	    !ssh_get_byte(&in, &is_forwarding) || in.len != 0)
		return false;
	s->is_forwarded = s->is_forwarded || is_forwarding != 0;
	return true;
}

/* What is answered goes behind the four octets of its length. */
static void
answer(struct ssh *s, struct bytes in, struct buf *out)
{
	bool is_done = false;
	uint8_t type = 0;

	(void)ssh_get_byte(&in, &type);
	switch (type) {
	case MSG_REQUEST_IDENTITIES:
		answer_identities(s, out);
		return;
	case MSG_SIGN_REQUEST:
		if (answer_sign(s, in, out))
			return;
		break;
	case MSG_EXTENSION:
		is_done = answer_extension(s, in);
		break;
	default: /* keys are neither added nor removed here */
		break;
	}
	buf_add_byte(out, is_done ? MSG_SUCCESS : MSG_FAILURE);
}

/* The program at the other end, as the kernel knows it. */
static void
find_program(int fd, char *dst, size_t size)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	char link[64];
	ssize_t n = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
		snprintf(link, sizeof(link), "/proc/%d/exe", (int)peer.pid);
		n = readlink(link, dst, size - 1);
	}
	dst[n > 0 ? n : 0] = '\0';
	if (!agt_text_is_valid(bytes_of_str(dst)))
		dst[0] = '\0';
}

int
ssh_serve(const struct ssh_choice *choice, int fd)
{
	struct ssh s = {.choice = choice};
	struct buf in = {.max = SSH_FRAME_MAX}, out = {0}, length = {0};
	bool is_written = true;

	find_program(fd, s.program, sizeof(s.program));
	while (is_written && read_frame(fd, &in)) {
		buf_reset(&out);
		buf_reset(&length);
		answer(&s, buf_get(&in), &out);
		ssh_put_u32(&length, out.len);
		is_written = out.err == 0 && length.err == 0 &&
			     write_all(fd, buf_get(&length)) &&
			     write_all(fd, buf_get(&out));
	}
	ssh_forget(&s);
	link_free(s.link);
	buf_clear(&in);
	buf_clear(&out);
	buf_clear(&length);
	return is_written ? 0 : 1;
}
