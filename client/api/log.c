/* The agent's audit log: read it, and see that its chain is whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/path.h"
#include "agent/proto_audit.h"
#include "client/api/job.h"

#define LOG_PATH_MAX (AGT_STATE_PATH_MAX + 64)

struct log_reader {
	struct cardseal_job *job;
	struct cardseal_log_report *report;
	int (*record)(void *ctx, const char *json);
	void *ctx;
	struct audit_chain chain;
	const char *name; /* of the file at hand */
	unsigned long line;
	struct err fault; /* the first */
};

static void
log_fault(struct log_reader *l, const struct err *e)
{
	char name[128];

	if (l->fault.code != 0)
		return;
	l->fault = *e;
	err_context(&l->fault, "%s, line %lu",
	    err_quote(name, sizeof(name), l->name, strlen(l->name)), l->line);
}

/* Strings are escaped, so that these can't stand inside one. */
static void
log_count(struct log_reader *l, const char *line)
{
	static const char lost[] = "\"event\":\"lost\",\"count\":";
	const char *at = strstr(line, lost);
	struct err e = ERR_INIT;

	if (at != NULL)
		l->report->lost += strtoull(at + sizeof(lost) - 1, NULL, 10);
	if (strstr(line, "\"event\":\"broken\",") != NULL) {
		err_set(&e, -CS_ERR_LOG,
		    "the agent found a log that was not its own and put it "
		    "aside");
		log_fault(l, &e);
	}
}

static int
log_line(struct log_reader *l, char *line, size_t len)
{
	char prev[AUDIT_HASH_LEN + 1];
	struct audit_chain next;
	struct err e = ERR_INIT;
	int r;

	l->line++;
	r = audit_line_read(bytes_of(line, len), prev, &next, &e);
	/* What was before the oldest file is gone, and may be. */
	if (r == 0 && l->report->records == 0 && next.seq != 1) {
		l->chain.seq = next.seq - 1;
		memcpy(l->chain.hash, prev, sizeof(prev));
	}
	if (r == 0 && !audit_follows(&l->chain, prev, &next))
		r = err_set(&e, -CS_ERR_LOG,
		    "record %llu does not follow on record %llu",
		    (unsigned long long)next.seq,
		    (unsigned long long)l->chain.seq);
	if (r != 0)
		log_fault(l, &e);
	if (next.seq != 0)
		l->chain = next;
	if (l->report->records++ == 0)
		l->report->first = next.seq;
	log_count(l, line);
	return l->record != NULL ? l->record(l->ctx, line) : 0;
}

static int
log_file(struct log_reader *l, const char *folder, const char *name)
{
	char path[LOG_PATH_MAX], *line = NULL;
	size_t size = 0;
	ssize_t n;
	FILE *f;
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (f == NULL)
		return errno == ENOENT
			   ? 0
			   : err_set_errno(&l->job->err, errno, path);
	l->name = name;
	l->line = 0;
	while (r == 0 && (n = getline(&line, &size, f)) > 0) {
		/* The agent is about to mend this. */
		if (line[n - 1] != '\n')
			break;
		line[n - 1] = '\0';
		r = log_line(l, line, (size_t)n - 1);
	}
	if (r == 0 && ferror(f))
		r = err_set_errno(&l->job->err, errno, path);
	free(line);
	(void)fclose(f);
	return r;
}

static int
log_is_file(const struct dirent *d)
{
	return strncmp(d->d_name, "audit-", 6) == 0 &&
	       strlen(d->d_name) == AUDIT_OLD_LEN &&
	       strspn(d->d_name + 6, "0123456789") == 20 &&
	       strcmp(d->d_name + 26, ".jsonl") == 0;
}

static int
log_files(struct log_reader *l, const char *folder)
{
	struct dirent **list;
	int n = scandir(folder, &list, log_is_file, alphasort), i, r = 0;

	if (n < 0)
		return errno == ENOENT
			   ? 0
			   : err_set_errno(&l->job->err, errno, folder);
	for (i = 0; i < n; i++) {
		if (r == 0)
			r = log_file(l, folder, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return r == 0 ? log_file(l, folder, AUDIT_NAME) : r;
}

/* So that no file is renamed while we go through them. -1: no such file. */
static int
log_lock(const char *folder)
{
	char path[LOG_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/audit.lock", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && flock(fd, LOCK_SH) != 0 && errno == EINTR)
		;
	return fd;
}

int
cardseal_log_read(struct cardseal_job *job,
    int (*record)(void *ctx, const char *json), void *ctx,
    struct cardseal_log_report *report)
{
	char folder[AGT_STATE_PATH_MAX];
	struct cardseal_log_report own = {0};
	struct log_reader l = {.job = job,
	    .report = report != NULL ? report : &own,
	    .record = record,
	    .ctx = ctx,
	    .fault = ERR_INIT};
	int lock, r;

	job_start(job);
	*l.report = (struct cardseal_log_report){0};
	r = agt_state_folder(folder, &job->err);
	if (r != 0)
		return job_end(job, r);
	lock = log_lock(folder);
	r = log_files(&l, folder);
	if (lock >= 0)
		(void)close(lock);
	l.report->last = l.chain.seq;
	memcpy(l.report->hash, l.chain.hash, sizeof(l.chain.hash));
	if (r == 0 && l.fault.code != 0) {
		job->err = l.fault;
		r = l.fault.code;
	}
	return job_end(job, r);
}
