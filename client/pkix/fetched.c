#include "asn1/say.h"
#include "client/pkix/fetched.h"

#include <stdlib.h>

#include "client/pkix/db.h"

/* "csCF" */
#define FETCHED_APPLICATION 1668498246
#define FETCHED_SCHEMA                                                  \
	"PRAGMA application_id = 1668498246; PRAGMA user_version = 1;"  \
	"CREATE TABLE IF NOT EXISTS fetched ("                          \
	"  url BLOB NOT NULL, question BLOB NOT NULL,"                  \
	"  this_update INTEGER NOT NULL, next_update INTEGER NOT NULL," \
	"  body BLOB NOT NULL, PRIMARY KEY (url, question));"           \
	"CREATE INDEX IF NOT EXISTS fetched_age ON fetched (next_update);"

static const struct db_kind fetched_kind = {
    .what = N_("the cache of what was fetched"),
    .variable = "XDG_CACHE_HOME",
    .home = "/.cache",
    .name = "/cardseal/fetched.db",
    .application = FETCHED_APPLICATION,
    .version = 1,
    .busy_ms = 500, /* it is only a cache */
    .schema = FETCHED_SCHEMA,
};

struct fetched {
	struct db *db;
};

struct fetched *
fetched_open(void)
{
	struct fetched *f;
	struct db *db;

	if (db_open(&fetched_kind, true, &db, NULL) != 0)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		db_close(db);
	else
		f->db = db;
	return f;
}

void
fetched_free(struct fetched *f)
{
	if (f == NULL)
		return;
	db_close(f->db);
	free(f);
}

/* A blob is never NULL here, even where it is empty. */
static struct bytes
not_null(struct bytes octets)
{
	return octets.p != NULL ? octets : BYTES_LIT("");
}

bool
fetched_get(struct fetched *f, struct bytes url, struct bytes question,
    struct fetched_entry *entry, struct buf *b)
{
	const struct sqlite *sqlite;
	sqlite3_stmt *stmt;
	struct bytes body;
	bool is_there = false;

	*entry = (struct fetched_entry){0};
	stmt = f == NULL ? NULL
			 : db_query(f->db,
			       "SELECT body, this_update, next_update"
			       " FROM fetched WHERE url = ?1 AND question = ?2",
			       url, NULL);
	if (stmt == NULL)
		return false;
	sqlite = f->db->sqlite;
	db_bind(f->db, stmt, 2, not_null(question));
	if (sqlite->step(stmt) == SQLITE_ROW) {
		body.p = sqlite->column_blob(stmt, 0);
		body.len = (size_t)sqlite->column_bytes(stmt, 0);
		entry->this_update = sqlite->column_int64(stmt, 1);
		entry->next_update = sqlite->column_int64(stmt, 2);
		is_there = body.p != NULL && buf_add_bytes(b, body) == 0;
	}
	sqlite->finalize(stmt);
	return is_there;
}

static void
forget_old(struct fetched *f, int64_t now)
{
	sqlite3_stmt *stmt = db_query(f->db,
	    "DELETE FROM fetched WHERE next_update < ?1 OR rowid NOT IN"
	    " (SELECT rowid FROM fetched ORDER BY next_update DESC LIMIT ?2)",
	    BYTES_NONE, NULL);

	if (stmt == NULL)
		return;
	f->db->sqlite->bind_int64(stmt, 1, now - FETCHED_KEPT);
	f->db->sqlite->bind_int64(stmt, 2, FETCHED_ENTRIES_MAX);
	(void)!db_run(f->db, stmt, NULL);
}

void
fetched_put(struct fetched *f, struct bytes url, struct bytes question,
    const struct fetched_entry *entry, struct bytes body, int64_t now)
{
	sqlite3_stmt *stmt;

	if (f == NULL || body.len > FETCHED_BODY_MAX)
		return;
	stmt = db_query(f->db,
	    "INSERT INTO fetched (url, question, this_update, next_update,"
	    " body) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (url, question)"
	    " DO UPDATE SET this_update = excluded.this_update,"
	    " next_update = excluded.next_update, body = excluded.body"
	    " WHERE excluded.this_update > fetched.this_update",
	    url, NULL);
	if (stmt == NULL)
		return;
	db_bind(f->db, stmt, 2, not_null(question));
	f->db->sqlite->bind_int64(stmt, 3, entry->this_update);
	f->db->sqlite->bind_int64(stmt, 4, entry->next_update);
	db_bind(f->db, stmt, 5, not_null(body));
	if (db_run(f->db, stmt, NULL) == 0)
		forget_old(f, now);
}
