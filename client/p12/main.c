/*
 * cardseal-p12(8): the private keys of a PKCS #12 file to a token, through the
 * agent. The file is standard input, its password descriptor 3. What the agent
 * answers goes to standard output, as frames of asn1/agent.asn.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/link/link.h"
#include "client/p12/confine.h"
#include "client/p12/p12.h"

#define EXIT_USAGE 2
#define EXIT_IO 74
#define P12_PASSWORD_FD 3
#define P12_PASSWORD_LEN_MAX 1024
/* Of a request, the objects: the rest is for token and context. */
#define P12_OBJECTS_LEN (AGT_REQUEST_MAX - 12288)
#define P12_OBJECTS_MAX 32

struct p12_job {
	const char *socket, *token, *program, *purpose;
	bool has_password;
	struct link *link;
	struct p12 p12;
	struct err err;
};

/* --- in and out --- */

static int
read_all(int fd, struct buf *b, struct err *e)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buf_reserve(b, 65536);
		if (room == NULL)
			return err_set(e, b->err, "the file is too large");
		n = read(fd, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, errno, "the file");
		if (n == 0)
			return 0;
		buf_grow_len(b, (size_t)n);
	}
}

/* NULL without an error: there is none. */
static int
read_password(bool has_it, struct secret **password, struct err *e)
{
	struct secret *s;
	size_t len = 0;
	ssize_t n = 1;

	*password = NULL;
	if (!has_it)
		return 0;
	s = secret_new(P12_PASSWORD_LEN_MAX + 1);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (n > 0 && len <= P12_PASSWORD_LEN_MAX) {
		n = read(P12_PASSWORD_FD, secret_get(s) + len,
		    P12_PASSWORD_LEN_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	while (len > 0 && (secret_get(s)[len - 1] == '\n' ||
			      secret_get(s)[len - 1] == '\r'))
		len--;
	if (n < 0 || len > P12_PASSWORD_LEN_MAX) {
		secret_free(s);
		return err_set(e, -CS_ERR_ARGUMENT,
		    "the password cannot be read, or is longer than %d octets",
		    P12_PASSWORD_LEN_MAX);
	}
	secret_cut(s, len);
	*password = s;
	return 0;
}

static bool
put_frame(const struct agt_msg *msg)
{
	struct buf b = {0};
	struct bytes left;
	ssize_t n = 0;

	if (agt_msg_encode(msg, &b) != 0)
		return false;
	for (left = buf_get(&b); left.len != 0 && n >= 0;) {
		n = write(STDOUT_FILENO, left.p, left.len);
		if (n > 0)
			(void)bytes_skip(&left, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 0;
	}
	buf_clear(&b);
	return n >= 0;
}

static bool
put_error(const struct err *e)
{
	struct agt_msg msg = {
	    .type = AGT_ERROR,
	    .code = e->code,
	    .ckr = e->ckr,
	    .tries_left = e->tries_left,
	    .text = bytes_of_str(err_get_text(e)),
	};

	if (!agt_text_is_valid(msg.text))
		msg.text = BYTES_NONE;
	return put_frame(&msg);
}

/* --- the keys --- */

static int
open_file(struct p12_job *job)
{
	struct buf file = {.max = P12_FILE_MAX};
	struct secret *password;
	int r = read_password(job->has_password, &password, &job->err);

	if (r == 0)
		r = read_all(STDIN_FILENO, &file, &job->err);
	if (r == 0)
		r = p12_open(buf_get(&file), password, &job->p12, &job->err);
	buf_clear(&file);
	secret_free(password);
	return r;
}

/* As many keys, from the first on, as one request takes. */
static size_t
put_objects(const struct p12_job *job, size_t first, struct buf *objects)
{
	const struct p12_key *key;
	struct tok_object object;
	size_t n, before;

	for (n = 0; n < P12_OBJECTS_MAX && first + n < job->p12.len; n++) {
		key = &job->p12.keys[first + n];
		object = (struct tok_object){
		    .label = buf_get(&key->label),
		    .private_key = secret_get_bytes(key->info),
		    .certificate = buf_get(&key->certificate),
		};
		before = objects->len;
		tok_object_put(objects, &object);
		if (n > 0 && objects->len > P12_OBJECTS_LEN) {
			mem_wipe(objects->data + before, objects->len - before);
			objects->len = before;
			break;
		}
	}
	return n;
}

static int
import_some(struct p12_job *job, size_t first, size_t *n)
{
	struct agt_msg answer, request = {
				   .type = AGT_WRITE,
				   .operation = TOK_WRITE_IMPORT,
				   .token = bytes_of_str(job->token),
			       };
	struct buf objects = {0};
	int r;

	*n = put_objects(job, first, &objects);
	request.objects = buf_get(&objects);
	link_fill_context(job->link, &request.context, job->purpose);
	r = objects.err;
	if (r == 0)
		r = link_call(job->link, &request, &answer, &job->err);
	buf_clear(&objects);
	if (r == 0 && !put_frame(&answer))
		r = err_set(&job->err, -CS_ERR_CLOSED, NULL);
	return r;
}

static int
import_all(struct p12_job *job)
{
	size_t i, n;
	int r;

	r = link_new(job->socket, job->program, &job->link, &job->err);
	if (r != 0)
		return r;
	/* Not before: the agent looks which program it is. */
	p12_confine_memory();
	p12_confine_calls();
	r = open_file(job);
	for (i = 0; r == 0 && i < job->p12.len; i += n)
		r = import_some(job, i, &n);
	if (r != 0 && job->err.code == 0)
		err_set(&job->err, r, NULL);
	p12_clear(&job->p12);
	link_free(job->link);
	return r;
}

int
main(int argc, char **argv)
{
	struct p12_job job = {.err = ERR_INIT};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("cardseal-p12 " PACKAGE_VERSION);
		return 0;
	}
	if (argc != 6) {
		fprintf(stderr, "cardseal-p12: is started by cardseal keys "
				"import; see cardseal-p12(8)\n");
		return EXIT_USAGE;
	}
	job.socket = argv[1];
	job.token = argv[2];
	job.program = argv[3];
	job.purpose = argv[4];
	job.has_password = strcmp(argv[5], "password") == 0;
	if (import_all(&job) == 0)
		return 0;
	return put_error(&job.err) ? 0 : EXIT_IO;
}
