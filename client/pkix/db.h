/*
 * db.h: files of ours in SQLite (store.h, fetched.h). Not for other folders.
 *
 * A file is 0600 in a folder 0700. Several processes may use it at once;
 * busy ones are waited for.
 */
#ifndef CLIENT_PKIX_DB_H
#define CLIENT_PKIX_DB_H

#include <stdbool.h>

#include "asn1/buf.h"
#include "client/pkix/store_sqlite.h"

/* What a file is. */
struct db_kind {
	const char *what;     /* "the certificate store", for messages */
	const char *variable; /* "XDG_DATA_HOME": the folder is there, */
	const char *home;     /* or here below HOME: "/.local/share" */
	const char *name;     /* "/cardseal/certificates.db" */
	int64_t application;  /* tells our files from other SQLite files */
	int64_t version;
	int busy_ms;	    /* how long another process is waited for */
	const char *schema; /* sets the two numbers above, too; also brings
			       an older version up to this one */
};

struct db {
	const struct db_kind *kind;
	const struct sqlite *sqlite;
	sqlite3 *handle;
};

/*
 * Opens the file, and makes it if is_written. One that is not there and not to
 * be made is no error: *db is NULL. CS_ERR_STORE: SQLite is missing, or the
 * file is none of ours, broken or no regular one; CS_ERR_NO_FILE: there is no
 * folder for it; CS_ERR_IO.
 */
int CS_MUST_USE db_open(
    const struct db_kind *kind, bool is_written, struct db **db, struct err *e);
void db_close(struct db *db); /* NULL is fine */
/* SQLite's last failure into e; returns its code, which is not 0. */
int db_fail(const struct db *db, struct err *e);
int CS_MUST_USE db_exec(struct db *db, const char *sql, struct err *e);
/* A statement with a blob as its first parameter, unless that is empty. NULL:
 * e tells. */
sqlite3_stmt *db_query(
    struct db *db, const char *sql, struct bytes blob, struct err *e);
/* Binds octets to parameter i. */
void db_bind(struct db *db, sqlite3_stmt *stmt, int i, struct bytes octets);
/* Runs a statement that gives nothing; finalizes it. */
int CS_MUST_USE db_run(struct db *db, sqlite3_stmt *stmt, struct err *e);

#endif
