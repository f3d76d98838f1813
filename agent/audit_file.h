/*
 * audit_file.h: the audit log on disk (proto_audit.h), for the process that
 * writes it. Several agents of one user may write to one log: a lock file
 * makes each batch one step.
 *
 * A batch is written whole or not at all: what a full disk took half of is
 * cut off again; half a line that a power cut left is cut off when the file
 * is opened next, and a line says so. A last line that is not the log's own
 * means that somebody was at it: the file is put aside as audit-broken-*, and
 * the new chain's first line says so.
 */
#ifndef AGENT_AUDIT_FILE_H
#define AGENT_AUDIT_FILE_H

#include <sys/types.h>

#include "agent/proto_audit.h"

#define AUDIT_PATH_MAX 1088

struct audit_file {
	const char *folder;
	uint64_t size_max;
	unsigned keep; /* so many files before the present one */
	int fd;	       /* -1: not open */
	ino_t ino;
	off_t size;
	struct audit_chain chain;
};

void audit_file_init(
    struct audit_file *f, const char *folder, uint64_t size_max, unsigned keep);
void audit_file_close(struct audit_file *f);
/*
 * Appends a line for each of the records (fields, each ended by a line feed)
 * and waits for the disk. lines (may be NULL) gets them as written. IO,
 * NO_SPACE, NO_FILE: nothing was written. NO_MEMORY.
 */
int CS_MUST_USE audit_file_append(struct audit_file *f, struct bytes records,
    struct buf *lines, struct err *e);

#endif
