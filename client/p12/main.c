/*
 * cardseal-p12(8): the private keys of a PKCS #12 file to a token, through the
 * agent. The file is standard input, its password descriptor 3, or is asked for
 * on the terminal. What the agent answers goes to standard output, as frames of
 * asn1/agent.asn.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/link/link.h"
#include "client/p12/ask.h"
#include "client/p12/confine.h"
#include "client/p12/p12.h"

#define EXIT_USAGE 2
#define EXIT_IO 74
#define P12_PASSWORD_FD 3
#define P12_ASKS_MAX 3
#define P12_READ_LEN 65536
/* Of a request, the objects: the rest is for token and context. */
#define P12_OBJECTS_LEN (AGT_REQUEST_MAX - 12288)
#define P12_OBJECTS_MAX 32

struct p12_job {
	const char *socket, *token, *program, *purpose;
	const char *file; /* its name, to tell */
	bool has_password;
	int tty; /* -1: there is none */
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
		room = buf_reserve(b, P12_READ_LEN);
		if (room == NULL)
			return err_set(e, b->err, NULL);
		n = read(fd, room, P12_READ_LEN);
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
	s = secret_new(ASK_PASSWORD_LEN_MAX + 1);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (n > 0 && len <= ASK_PASSWORD_LEN_MAX) {
		n = read(P12_PASSWORD_FD, secret_get(s) + len,
		    ASK_PASSWORD_LEN_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (len > 0 && secret_get(s)[len - 1] == '\n')
		len--;
	if (len > 0 && secret_get(s)[len - 1] == '\r')
		len--;
	if (n < 0 || len > ASK_PASSWORD_LEN_MAX) {
		secret_free(s);
		return err_set(e, -CS_ERR_ARGUMENT,
		    "the password cannot be read, or is longer than %d octets",
		    ASK_PASSWORD_LEN_MAX);
	}
	secret_cut(s, len);
	*password = s;
	return 0;
}

static bool
put_all(struct bytes left)
{
	ssize_t n;

	while (left.len != 0) {
		n = write(STDOUT_FILENO, left.p, left.len);
		if (n > 0)
			(void)bytes_skip(&left, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static bool
put_answer(const struct agt_msg *msg)
{
	struct buf b = {0};
	bool is_put = agt_msg_encode(msg, &b) == 0 && put_all(buf_get(&b));

	buf_clear(&b);
	return is_put;
}

static int
encode_error(const struct err *e, struct buf *b)
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
	return agt_msg_encode(&msg, b);
}

static bool
put_error(const struct err *e)
{
	struct buf b = {0};
	bool is_put = encode_error(e, &b) == 0 && put_all(buf_get(&b));

	buf_clear(&b);
	return is_put;
}

/* --- the keys --- */

/* A file may ask for any number of rounds of a password's function. */
static int
open_in_time(struct p12_job *job, struct bytes file, const struct secret *s)
{
	struct err late = ERR_INIT;
	struct buf words = {0};
	int r;

	err_set(&late, -CS_ERR_TOO_LARGE,
	    "the file's password takes more than %d seconds to be tried, which "
	    "no honest file asks for",
	    CONFINE_SECONDS_MAX);
	r = encode_error(&late, &words);
	if (r == 0) {
		p12_clock_start(buf_get(&words));
		r = p12_open(file, s, &job->p12, &job->err);
		p12_clock_stop();
	}
	buf_clear(&words);
	return r;
}

static int
open_asking(struct p12_job *job, struct bytes file)
{
	struct secret *password;
	int r, n;

	r = open_in_time(job, file, NULL);
	for (n = 0; n < P12_ASKS_MAX && r == -CS_ERR_PASSWORD; n++) {
		r = ask_password(
		    job->tty, job->file, n != 0, &password, &job->err);
		if (r == 0)
			r = open_in_time(job, file, password);
		secret_free(password);
	}
	return r;
}

static int
open_given(struct p12_job *job, struct bytes file)
{
	struct secret *password;
	int r = read_password(job->has_password, &password, &job->err);

	if (r == 0)
		r = open_in_time(job, file, password);
	secret_free(password);
	return r;
}

static int
open_file(struct p12_job *job)
{
	struct buf file = {.max = P12_FILE_MAX + P12_READ_LEN};
	int r = read_all(STDIN_FILENO, &file, &job->err);

	if (r == 0)
		r = job->has_password || job->tty < 0
			? open_given(job, buf_get(&file))
			: open_asking(job, buf_get(&file));
	buf_clear(&file);
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
	if (r == 0 && !put_answer(&answer))
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
	job->tty = ask_open();
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
	struct p12_job job = {.err = ERR_INIT, .tty = -1};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("cardseal-p12 " PACKAGE_VERSION);
		return 0;
	}
	if (argc != 7) {
		fprintf(stderr, "cardseal-p12: is started by cardseal keys "
				"import; see cardseal-p12(8)\n");
		return EXIT_USAGE;
	}
	job.socket = argv[1];
	job.token = argv[2];
	job.program = argv[3];
	job.purpose = argv[4];
	job.has_password = strcmp(argv[5], "password") == 0;
	job.file = argv[6];
	if (import_all(&job) == 0)
		return 0;
	return put_error(&job.err) ? 0 : EXIT_IO;
}
