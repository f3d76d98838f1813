/*
 * Keys out of PKCS #12 files. Neither key nor password ever is in this process:
 * cardseal-p12, a process of its own, opens the file, hands the keys to the
 * agent, tells what became of them and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asn1/say.h"
#include "client/api/job.h"

#define IMPORT_PATH_SIZE 1024
#define IMPORT_PASSWORD_FD 3
#define IMPORT_ANSWERS_MAX ((size_t)1 << 20)

extern char **environ;

struct import {
	struct cardseal_job *job;
	const char *path; /* of the file; "-" is standard input */
	char *token;
	int file, password; /* -1: none */
	int (*key)(void *ctx, const struct cardseal_imported *key);
	void *ctx;
	struct buf answers;
	bool has_crashed; /* there may be keys that it did not come to */
};

/* Beyond those that the process is given, so that none is in the way when they
 * are put in their places. */
static int
import_lift(struct import *in, int fd, int *lifted)
{
	*lifted = fcntl(fd, F_DUPFD_CLOEXEC, IMPORT_PASSWORD_FD + 1);
	(void)close(fd);
	return *lifted >= 0
		   ? 0
		   : err_set_errno(&in->job->err, errno, "a descriptor");
}

static int
import_open(struct import *in, const char *path, int *lifted)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? import_lift(in, fd, lifted)
		       : err_set_errno(&in->job->err, errno, path);
}

/* Descriptors of the process: the file, the answers, the password. */
static int
import_place(
    const struct import *in, int out, posix_spawn_file_actions_t *actions)
{
	int r =
	    posix_spawn_file_actions_adddup2(actions, in->file, STDIN_FILENO);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(
		    actions, out, STDOUT_FILENO);
	if (r == 0 && in->password >= 0)
		r = posix_spawn_file_actions_adddup2(
		    actions, in->password, IMPORT_PASSWORD_FD);
	return r;
}

static const char *
import_get_name(const struct import *in)
{
	return strcmp(in->path, "-") == 0 ? say("standard input") : in->path;
}

static int
import_spawn(struct import *in, int out, pid_t *pid)
{
	const char *folder = secure_getenv("CARDSEAL_LIBEXECDIR");
	const char *program = job_get(in->job, CARDSEAL_PROGRAM);
	const char *purpose = job_get(in->job, CARDSEAL_PURPOSE);
	posix_spawn_file_actions_t actions;
	char path[IMPORT_PATH_SIZE];
	char *argv[] = {"cardseal-p12",
	    (char *)link_get_socket_path(in->job->link), in->token,
	    (char *)(program != NULL ? program : "libcardseal"),
	    (char *)(purpose != NULL ? purpose : ""),
	    (char *)(in->password >= 0 ? "password" : "none"),
	    (char *)import_get_name(in), NULL};
	int r;

	if (snprintf(path, sizeof(path), "%s/cardseal-p12",
		folder != NULL && folder[0] == '/'
		    ? folder
		    : CS_PKGLIBEXECDIR) >= (int)sizeof(path))
		return err_set(&in->job->err, -CS_ERR_WORKER,
		    "the path of cardseal-p12 is too long");
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -CS_ERR_NO_MEMORY;
	r = import_place(in, out, &actions);
	if (r == 0)
		r = posix_spawn(pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0
		      : err_set(&in->job->err, -CS_ERR_WORKER,
			    "%s cannot be started: %s", path, strerror(r));
}

static int
import_read(struct import *in, int fd)
{
	uint8_t *room;
	ssize_t n;

	for (;;) {
		room = buf_reserve(&in->answers, 4096);
		if (room == NULL)
			return in->answers.err;
		n = read(fd, room, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
			    &in->job->err, errno, "cardseal-p12's answer");
		if (n == 0)
			return 0;
		buf_grow_len(&in->answers, (size_t)n);
	}
}

static int
import_run(struct import *in)
{
	int out[2], answers = -1, status = 0, r;
	pid_t pid = 0;

	if (pipe2(out, O_CLOEXEC) != 0)
		return err_set_errno(&in->job->err, errno, "a pipe");
	r = import_lift(in, out[1], &answers);
	if (r == 0)
		r = import_spawn(in, answers, &pid);
	if (answers >= 0)
		(void)close(answers);
	if (r == 0)
		r = import_read(in, out[0]);
	(void)close(out[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	in->has_crashed = status != 0;
	if (r == 0 && in->answers.len == 0)
		r = err_set(&in->job->err, -CS_ERR_WORKER,
		    "cardseal-p12 ended without an answer");
	return r;
}

/* --- answers --- */

static int
import_tell(struct import *in, const struct tok_written *written)
{
	char id[CARDSEAL_KEY_ID_SIZE] = "";
	struct cardseal_imported key = {
	    .key_id = id,
	    .key_is_new = (written->flags & TOK_WRITTEN_KEY) != 0,
	    .certificate_is_new =
		(written->flags & TOK_WRITTEN_CERTIFICATE) != 0,
	};

	bytes_to_hex(written->key_id, id, sizeof(id));
	return in->key != NULL ? in->key(in->ctx, &key) : 0;
}

static int
import_take(struct import *in, const struct agt_msg *answer)
{
	struct tok_written written;
	struct der d;
	int r = 0;

	if (answer->type == AGT_ERROR) {
		err_set(&in->job->err, answer->code, "%.*s",
		    (int)answer->text.len,
		    answer->text.len != 0 ? (const char *)answer->text.p : "");
		in->job->err.ckr = answer->ckr;
		in->job->err.tries_left = answer->tries_left;
		return answer->code;
	}
	der_init(&d, answer->written);
	while (r == 0 && tok_written_next(&d, &written))
		r = import_tell(in, &written);
	return r != 0 ? r : der_end(&d);
}

static int
import_take_all(struct import *in)
{
	struct bytes left = buf_get(&in->answers);
	struct agt_msg answer;
	size_t len;
	int r = 0;

	while (r == 0 && left.len != 0) {
		if (agt_frame_len(left, AGT_ANSWER_MAX, &len) != 0 ||
		    len == 0 || len > left.len ||
		    agt_msg_decode(bytes_of(left.p, len), &answer, NULL) != 0)
			return err_set(&in->job->err, -CS_ERR_WORKER,
			    "cardseal-p12's answer is not understood");
		r = import_take(in, &answer);
		(void)bytes_skip(&left, len);
	}
	if (r == 0 && in->has_crashed)
		r = err_set(&in->job->err, -CS_ERR_WORKER,
		    "cardseal-p12 ended before it had told all: see which keys "
		    "are there, and import the file again");
	return r;
}

int
cardseal_keys_import(struct cardseal_job *job, const char *file,
    const char *token, int (*key)(void *ctx, const struct cardseal_imported *),
    void *ctx)
{
	struct import in = {.job = job,
	    .path = file,
	    .file = -1,
	    .password = -1,
	    .key = key,
	    .ctx = ctx,
	    .answers = {.max = IMPORT_ANSWERS_MAX}};
	const char *password = job_get(job, CARDSEAL_PASSWORD_FILE);
	int r;

	job_start(job);
	r = import_open(
	    &in, strcmp(file, "-") == 0 ? "/dev/stdin" : file, &in.file);
	if (r == 0 && password != NULL)
		r = import_open(&in, password, &in.password);
	if (r == 0)
		r = job_resolve_token(job, token, &in.token);
	if (r == 0)
		r = import_run(&in);
	if (r == 0)
		r = import_take_all(&in);
	if (in.file >= 0)
		(void)close(in.file);
	if (in.password >= 0)
		(void)close(in.password);
	buf_clear(&in.answers);
	free(in.token);
	return job_end(job, r);
}
