/*
 * proto_audit.h: the lines of the audit log, which the agent writes and
 * clients read.
 *
 * A line is a JSON object and a line feed:
 *
 *	{"v":1,"seq":7,"prev":"HEX",FIELDS,"hash":"HEX"}
 *
 * hash is the SHA-256 of the line's octets up to the comma before "hash";
 * prev is the hash of the line before, or 64 zeroes in the first of all. seq
 * counts from 1. So no line can be changed, left out or put in without
 * breaking the chain behind it; what was cut off at the end shows only where
 * a later hash was kept elsewhere (the journal has them).
 *
 * The present file is audit.jsonl in the state folder; those before it are
 * audit-N.jsonl, N being the seq of their last line in 20 digits.
 */
#ifndef AGENT_PROTO_AUDIT_H
#define AGENT_PROTO_AUDIT_H

#include "asn1/buf.h"

#define AUDIT_NAME "audit.jsonl"
#define AUDIT_OLD_FORMAT "audit-%020llu.jsonl"
#define AUDIT_OLD_LEN 32  /* its length */
#define AUDIT_HASH_LEN 64 /* hex */
#define AUDIT_FIELDS_MAX ((size_t)8192)
#define AUDIT_LINE_MAX (AUDIT_FIELDS_MAX + 512)
#define AUDIT_TEXT_MAX ((size_t)1024)

/* The last line; all zero: there is none yet. */
struct audit_chain {
	uint64_t seq;
	char hash[AUDIT_HASH_LEN + 1]; /* "": as 64 zeroes */
};

/* Appends a line with these fields ("\"name\":value,...") and moves on. */
int audit_line_put(
    struct buf *b, struct audit_chain *chain, struct bytes fields);
/*
 * Reads a line (without its line feed). CS_ERR_LOG: it is no line of the log,
 * or its hash is not its own. prev and last are set from it.
 */
int CS_MUST_USE audit_line_read(struct bytes line,
    char prev[AUDIT_HASH_LEN + 1], struct audit_chain *last, struct err *e);
/* Does the line that gave prev and next follow on chain? */
bool audit_follows(const struct audit_chain *chain,
    const char prev[AUDIT_HASH_LEN + 1], const struct audit_chain *next);

/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void audit_put_string(struct buf *b, struct bytes text);
/* ,"name":"text"; nothing if the text is empty. At most about AUDIT_TEXT_MAX
 * octets, so that no stranger's text makes a record too long to be kept; "..."
 * as one character says that it was cut. */
void audit_put_text(struct buf *b, const char *name, struct bytes text);
/* ,"name":"hex"; nothing if there are no bytes. */
void audit_put_hex(struct buf *b, const char *name, struct bytes bytes);

#endif
