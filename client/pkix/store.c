#include "asn1/say.h"
#include "client/pkix/store.h"

#include <stdlib.h>
#include <string.h>

#include "client/pkix/address.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/db.h"

/* "csCS": tells our files from other SQLite files. */
#define STORE_APPLICATION 1668498259
#define STORE_SCHEMA                                                     \
	"PRAGMA application_id = 1668498259; PRAGMA user_version = 2;"   \
	"CREATE TABLE IF NOT EXISTS certificate ("                       \
	"  sha256 BLOB PRIMARY KEY, der BLOB NOT NULL,"                  \
	"  not_before INTEGER NOT NULL, source INTEGER NOT NULL,"        \
	"  added INTEGER NOT NULL) WITHOUT ROWID;"                       \
	"CREATE TABLE IF NOT EXISTS address ("                           \
	"  address BLOB NOT NULL, sha256 BLOB NOT NULL"                  \
	"    REFERENCES certificate ON DELETE CASCADE,"                  \
	"  PRIMARY KEY (address, sha256)) WITHOUT ROWID;"                \
	"CREATE INDEX IF NOT EXISTS address_sha256 ON address (sha256);" \
	"CREATE TABLE IF NOT EXISTS capability ("                        \
	"  sha256 BLOB PRIMARY KEY REFERENCES certificate"               \
	"    ON DELETE CASCADE,"                                         \
	"  signed_at INTEGER NOT NULL, list BLOB NOT NULL) WITHOUT ROWID;"

static const struct db_kind store_kind = {
    .what = N_("the certificate store"),
    .variable = "XDG_DATA_HOME",
    .home = "/.local/share",
    .name = "/cardseal/certificates.db",
    .application = STORE_APPLICATION,
    .version = 2,
    .busy_ms = 5000,
    .schema = STORE_SCHEMA,
};

struct store {
	struct db *db;
};

int
store_open(bool is_written, struct store **store, struct err *e)
{
	struct store *s;
	struct db *db;
	int r = db_open(&store_kind, is_written, &db, e);

	*store = NULL;
	/* Whoever has no home has no store. */
	if (r == -CS_ERR_NO_FILE && !is_written) {
		err_clear(e);
		return 0;
	}
	if (r != 0 || db == NULL)
		return r;
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		db_close(db);
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	s->db = db;
	*store = s;
	return 0;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	db_close(s->db);
	free(s);
}

int
store_begin(struct store *s, struct err *e)
{
	return db_exec(s->db, "BEGIN IMMEDIATE;", e);
}

int
store_end(struct store *s, bool is_good, struct err *e)
{
	return db_exec(s->db, is_good ? "COMMIT;" : "ROLLBACK;", e);
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
	stmt = db_query(s->db,
	    "INSERT OR IGNORE INTO address (address, sha256) VALUES (?1, ?2)",
	    buf_get(&key), add->e);
	r = stmt == NULL ? add->e->code : 0;
	if (r == 0) {
		s->db->sqlite->bind_blob(stmt, 2, add->cert->sha256,
		    sizeof(add->cert->sha256), SQLITE_TRANSIENT);
		r = db_run(s->db, stmt, add->e);
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
	stmt = db_query(s->db,
	    "INSERT INTO certificate (sha256, der, not_before, source, added)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256) DO UPDATE"
	    " SET source = excluded.source"
	    " WHERE excluded.source < certificate.source",
	    fingerprint(c), e);
	if (stmt == NULL)
		return e->code;
	s->db->sqlite->bind_blob(
	    stmt, 2, c->raw.p, (int)c->raw.len, SQLITE_TRANSIENT);
	s->db->sqlite->bind_int64(stmt, 3, c->not_before);
	s->db->sqlite->bind_int64(stmt, 4, (int64_t)source);
	s->db->sqlite->bind_int64(stmt, 5, now);
	r = db_run(s->db, stmt, e);
	if (r == 0 && is_new != NULL)
		*is_new = s->db->sqlite->changes(s->db->handle) != 0;
	return r != 0 ? r : cert_walk_addresses(c, add_address, &add);
}

int
store_remove(struct store *s, const struct cert *c, struct err *e)
{
	sqlite3_stmt *stmt;

	if (s == NULL)
		return 0;
	stmt = db_query(s->db, "DELETE FROM certificate WHERE sha256 = ?1",
	    fingerprint(c), e);
	return stmt == NULL ? e->code : db_run(s->db, stmt, e);
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
	while (r == 0 && (step = s->db->sqlite->step(stmt)) == SQLITE_ROW) {
		der.p = s->db->sqlite->column_blob(stmt, 0);
		der.len = (size_t)s->db->sqlite->column_bytes(stmt, 0);
		if (der.p == NULL)
			continue;
		r = cert_set_add_der(found, der, NULL);
		if (r != -CS_ERR_NO_MEMORY && r != -CS_ERR_TOO_LARGE)
			r = 0;
	}
	if (r != 0)
		err_set(e, r, NULL);
	else if (step != SQLITE_DONE)
		r = db_fail(s->db, e);
	s->db->sqlite->finalize(stmt);
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
		stmt = db_query(s->db,
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
	    db_query(s->db, "SELECT der FROM certificate ORDER BY sha256",
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
	stmt = db_query(s->db,
	    "SELECT source, added FROM certificate WHERE sha256 = ?1",
	    fingerprint(c), NULL);
	if (stmt == NULL)
		return false;
	is_there = s->db->sqlite->step(stmt) == SQLITE_ROW;
	if (is_there) {
		entry->source =
		    s->db->sqlite->column_int64(stmt, 0) == STORE_MAIL
			? STORE_MAIL
			: STORE_IMPORTED;
		entry->added = s->db->sqlite->column_int64(stmt, 1);
	}
	s->db->sqlite->finalize(stmt);
	return is_there;
}

/* Is the certificate there, with capabilities at least as new? */
static bool
has_as_new(struct store *s, const struct cert *c, int64_t signed_at)
{
	const struct sqlite *sqlite = s->db->sqlite;
	sqlite3_stmt *stmt = db_query(s->db,
	    "SELECT 1 FROM certificate JOIN capability USING (sha256)"
	    " WHERE sha256 = ?1 AND signed_at >= ?2",
	    fingerprint(c), NULL);
	bool has;

	if (stmt == NULL)
		return false;
	sqlite->bind_int64(stmt, 2, signed_at);
	has = sqlite->step(stmt) == SQLITE_ROW;
	sqlite->finalize(stmt);
	return has;
}

static int
put_capabilities(struct store *s, const struct cert *c, int64_t signed_at,
    struct bytes list, struct err *e)
{
	sqlite3_stmt *stmt = db_query(s->db,
	    "INSERT INTO capability (sha256, signed_at, list)"
	    " VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO UPDATE"
	    " SET signed_at = excluded.signed_at, list = excluded.list"
	    " WHERE excluded.signed_at > capability.signed_at",
	    fingerprint(c), e);

	if (stmt == NULL)
		return e->code;
	s->db->sqlite->bind_int64(stmt, 2, signed_at);
	db_bind(s->db, stmt, 3, list);
	return db_run(s->db, stmt, e);
}

int
store_keep(struct store *s, struct cert *c, int64_t signed_at,
    struct bytes capabilities, int64_t now, struct err *e)
{
	struct store_entry entry;
	int end, r;

	if (capabilities.len == 0 ? store_get_entry(s, c, &entry)
				  : has_as_new(s, c, signed_at))
		return 0;
	r = store_begin(s, e);
	if (r != 0)
		return r;
	r = store_add(s, c, STORE_MAIL, now, NULL, e);
	if (r == 0 && capabilities.len != 0)
		r = put_capabilities(s, c, signed_at, capabilities, e);
	end = store_end(s, r == 0, r == 0 ? e : NULL);
	return r != 0 ? r : end;
}

bool
store_get_capabilities(struct store *s, const struct cert *c, struct buf *list)
{
	const struct sqlite *sqlite;
	sqlite3_stmt *stmt;
	struct bytes octets;
	bool has = false;

	if (s == NULL)
		return false;
	stmt = db_query(s->db, "SELECT list FROM capability WHERE sha256 = ?1",
	    fingerprint(c), NULL);
	if (stmt == NULL)
		return false;
	sqlite = s->db->sqlite;
	if (sqlite->step(stmt) == SQLITE_ROW) {
		octets.p = sqlite->column_blob(stmt, 0);
		octets.len = (size_t)sqlite->column_bytes(stmt, 0);
		has = octets.p != NULL && buf_add_bytes(list, octets) == 0;
	}
	sqlite->finalize(stmt);
	return has;
}
