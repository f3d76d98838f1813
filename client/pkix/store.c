#include "client/pkix/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/pkix/address.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/file.h"
#include "client/pkix/store_sqlite.h"

/* A busy store is waited for. */
#define STORE_BUSY_MS 5000
/* "csCS": tells our files from other SQLite files. */
#define STORE_SCHEMA                                                   \
	"PRAGMA application_id = 1668498259; PRAGMA user_version = 1;" \
	"CREATE TABLE IF NOT EXISTS certificate ("                     \
	"  sha256 BLOB PRIMARY KEY, der BLOB NOT NULL,"                \
	"  not_before INTEGER NOT NULL, source INTEGER NOT NULL,"      \
	"  added INTEGER NOT NULL) WITHOUT ROWID;"                     \
	"CREATE TABLE IF NOT EXISTS address ("                         \
	"  address BLOB NOT NULL, sha256 BLOB NOT NULL"                \
	"    REFERENCES certificate ON DELETE CASCADE,"                \
	"  PRIMARY KEY (address, sha256)) WITHOUT ROWID;"              \
	"CREATE INDEX IF NOT EXISTS address_sha256 ON address (sha256);"

struct store {
	const struct sqlite *sqlite;
	sqlite3 *db;
};

static int
store_fail(const struct store *s, struct err *e)
{
	int code = s->sqlite->extended_errcode(s->db) & 0xff;

	return err_set(e,
	    code == SQLITE_FULL	   ? -CS_ERR_NO_SPACE
	    : code == SQLITE_IOERR ? -CS_ERR_IO
	    : code == SQLITE_NOMEM ? -CS_ERR_NO_MEMORY
				   : -CS_ERR_STORE,
	    "the certificate store: %s", s->sqlite->errmsg(s->db));
}

static int
store_exec(struct store *s, const char *sql, struct err *e)
{
	return s->sqlite->exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : store_fail(s, e);
}

/* $XDG_DATA_HOME or ~/.local/share, then cardseal/; made if is_written. */
static int
store_path(struct buf *path, bool is_written, struct err *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data != NULL && data[0] == '/')
		buf_add_str(path, data);
	else if (home != NULL && home[0] == '/')
		buf_printf(path, "%s/.local/share", home);
	else
		return err_set(e, -CS_ERR_NO_FILE,
		    "there is no folder for the certificate store: neither "
		    "XDG_DATA_HOME nor HOME is set");
	buf_add_str(path, "/cardseal/certificates.db");
	buf_add_byte(path, '\0');
	if (path->err != 0)
		return err_set(e, path->err, NULL);
	return is_written ? pkix_make_folders((const char *)path->data, e) : 0;
}

static int64_t
store_get_number(struct store *s, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t number = -1;

	if (s->sqlite->prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	if (s->sqlite->step(stmt) == SQLITE_ROW)
		number = s->sqlite->column_int64(stmt, 0);
	s->sqlite->finalize(stmt);
	return number;
}

static int
store_prepare(struct store *s, bool is_written, const char *path, struct err *e)
{
	int64_t version, application;

	s->sqlite->busy_timeout(s->db, STORE_BUSY_MS);
	if (store_exec(s, "PRAGMA foreign_keys = ON;", e) != 0)
		return e->code;
	version = store_get_number(s, "PRAGMA user_version");
	application = store_get_number(s, "PRAGMA application_id");
	if (version < 0 || application < 0)
		return store_fail(s, e);
	if (version == 1 && application == 1668498259)
		return 0;
	if (version != 0 || application != 0 ||
	    store_get_number(s, "SELECT count(*) FROM sqlite_master") != 0)
		return err_set(e, -CS_ERR_STORE,
		    "%s is no certificate store of this version", path);
	if (!is_written)
		return 0;
	return store_exec(s, "BEGIN IMMEDIATE;" STORE_SCHEMA "COMMIT;", e);
}

int
store_open(bool is_written, struct store **store, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
		    (is_written ? SQLITE_OPEN_CREATE : 0);
	struct store *s = NULL;
	struct buf path = {0};
	struct stat st;
	mode_t mask;
	int r = store_path(&path, is_written, e);

	*store = NULL;
	/* Whoever has no home has no store. */
	if (r == -CS_ERR_NO_FILE && !is_written) {
		err_clear(e);
		r = 0;
		goto out;
	}
	if (r == 0 && !is_written && stat((const char *)path.data, &st) != 0 &&
	    errno == ENOENT)
		goto out;
	if (r == 0) {
		s = calloc(1, sizeof(*s));
		r = s == NULL ? err_set(e, -CS_ERR_NO_MEMORY, NULL) : 0;
	}
	if (r == 0) {
		s->sqlite = sqlite_load(e);
		r = s->sqlite == NULL ? -CS_ERR_STORE : 0;
	}
	if (r != 0)
		goto out;
	mask = umask(0077);
	r = s->sqlite->open_v2((const char *)path.data, &s->db, flags, NULL);
	r = r != SQLITE_OK
		? store_fail(s, e)
		: store_prepare(s, is_written, (const char *)path.data, e);
	umask(mask);
out:
	buf_clear(&path);
	if (r != 0) {
		store_free(s);
		return r;
	}
	*store = s;
	return 0;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		s->sqlite->close(s->db);
	free(s);
}

int
store_begin(struct store *s, struct err *e)
{
	return store_exec(s, "BEGIN IMMEDIATE;", e);
}

int
store_end(struct store *s, bool is_good, struct err *e)
{
	return store_exec(s, is_good ? "COMMIT;" : "ROLLBACK;", e);
}

static sqlite3_stmt *
store_query(struct store *s, const char *sql, struct bytes blob, struct err *e)
{
	sqlite3_stmt *stmt;

	if (s->sqlite->prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		store_fail(s, e);
		return NULL;
	}
	if (blob.len != 0)
		s->sqlite->bind_blob(
		    stmt, 1, blob.p, (int)blob.len, SQLITE_TRANSIENT);
	return stmt;
}

/* Runs a statement that gives nothing; finalizes it. */
static int
store_run(struct store *s, sqlite3_stmt *stmt, struct err *e)
{
	int step = s->sqlite->step(stmt);
	int r =
	    step == SQLITE_DONE || step == SQLITE_ROW ? 0 : store_fail(s, e);

	s->sqlite->finalize(stmt);
	return r;
}

static struct bytes
fingerprint(const struct cert *c)
{
	return bytes_of(c->sha256, sizeof(c->sha256));
}

struct add_address {
	struct store *store;
	const struct cert *cert;
	struct err *e;
};

static int
add_address(void *ctx, struct bytes address)
{
	struct add_address *add = ctx;
	struct store *s = add->store;
	struct buf key = {0};
	sqlite3_stmt *stmt;
	int r;

	/* An address that cannot be compared is found by nobody. */
	if (address_normalise(address, &key) != 0) {
		buf_clear(&key);
		return 0;
	}
	stmt = store_query(s,
	    "INSERT OR IGNORE INTO address (address, sha256) VALUES (?1, ?2)",
	    buf_get(&key), add->e);
	r = stmt == NULL ? add->e->code : 0;
	if (r == 0) {
		s->sqlite->bind_blob(stmt, 2, add->cert->sha256,
		    sizeof(add->cert->sha256), SQLITE_TRANSIENT);
		r = store_run(s, stmt, add->e);
	}
	buf_clear(&key);
	return r;
}

int
store_add(struct store *s, struct cert *c, enum store_source source,
    int64_t now, bool *is_new, struct err *e)
{
	struct add_address add = {.store = s, .cert = c, .e = e};
	sqlite3_stmt *stmt;
	int r;

	if (is_new != NULL)
		*is_new = false;
	stmt = store_query(s,
	    "INSERT INTO certificate (sha256, der, not_before, source, added)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256) DO UPDATE"
	    " SET source = excluded.source"
	    " WHERE excluded.source < certificate.source",
	    fingerprint(c), e);
	if (stmt == NULL)
		return e->code;
	s->sqlite->bind_blob(
	    stmt, 2, c->raw.p, (int)c->raw.len, SQLITE_TRANSIENT);
	s->sqlite->bind_int64(stmt, 3, c->not_before);
	s->sqlite->bind_int64(stmt, 4, (int64_t)source);
	s->sqlite->bind_int64(stmt, 5, now);
	r = store_run(s, stmt, e);
	if (r == 0 && is_new != NULL)
		*is_new = s->sqlite->changes(s->db) != 0;
	return r != 0 ? r : cert_walk_addresses(c, add_address, &add);
}

int
store_remove(struct store *s, const struct cert *c, struct err *e)
{
	sqlite3_stmt *stmt;

	if (s == NULL)
		return 0;
	stmt = store_query(
	    s, "DELETE FROM certificate WHERE sha256 = ?1", fingerprint(c), e);
	return stmt == NULL ? e->code : store_run(s, stmt, e);
}

/* Adds what a query gives. What is no certificate any more is passed over:
 * the rest is of use. */
static int
store_collect(
    struct store *s, sqlite3_stmt *stmt, struct cert_set *found, struct err *e)
{
	struct bytes der;
	int step, r = 0;

	if (stmt == NULL)
		return e->code;
	while (r == 0 && (step = s->sqlite->step(stmt)) == SQLITE_ROW) {
		der.p = s->sqlite->column_blob(stmt, 0);
		der.len = (size_t)s->sqlite->column_bytes(stmt, 0);
		if (der.p == NULL)
			continue;
		r = cert_set_add_der(found, der, NULL);
		if (r != -CS_ERR_NO_MEMORY && r != -CS_ERR_TOO_LARGE)
			r = 0;
	}
	if (r != 0)
		err_set(e, r, NULL);
	else if (step != SQLITE_DONE)
		r = store_fail(s, e);
	s->sqlite->finalize(stmt);
	return r;
}

int
store_find_address(struct store *s, struct bytes address,
    struct cert_set *found, struct err *e)
{
	struct buf key = {0};
	sqlite3_stmt *stmt;
	int r = 0;

	if (s != NULL && address_normalise(address, &key) == 0) {
		stmt = store_query(s,
		    "SELECT der FROM certificate JOIN address USING (sha256)"
		    " WHERE address = ?1 ORDER BY not_before DESC LIMIT 1000",
		    buf_get(&key), e);
		r = store_collect(s, stmt, found, e);
	}
	buf_clear(&key);
	return r;
}

int
store_get_all(struct store *s, struct cert_set *found, struct err *e)
{
	if (s == NULL)
		return 0;
	return store_collect(s,
	    store_query(s, "SELECT der FROM certificate ORDER BY sha256",
		BYTES_NONE, e),
	    found, e);
}

bool
store_get_entry(
    struct store *s, const struct cert *c, struct store_entry *entry)
{
	sqlite3_stmt *stmt;
	bool is_there;

	*entry = (struct store_entry){.source = STORE_IMPORTED};
	if (s == NULL)
		return false;
	stmt = store_query(s,
	    "SELECT source, added FROM certificate WHERE sha256 = ?1",
	    fingerprint(c), NULL);
	if (stmt == NULL)
		return false;
	is_there = s->sqlite->step(stmt) == SQLITE_ROW;
	if (is_there) {
		entry->source = s->sqlite->column_int64(stmt, 0) == STORE_MAIL
				    ? STORE_MAIL
				    : STORE_IMPORTED;
		entry->added = s->sqlite->column_int64(stmt, 1);
	}
	s->sqlite->finalize(stmt);
	return is_there;
}
