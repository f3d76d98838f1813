#include "asn1/say.h"
#include "client/pkix/db.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/pkix/file.h"

int
db_fail(const struct db *db, struct err *e)
{
	int code = db->sqlite->extended_errcode(db->handle) & 0xff;

	return err_set(e,
	    code == SQLITE_FULL	   ? -CS_ERR_NO_SPACE
	    : code == SQLITE_IOERR ? -CS_ERR_IO
	    : code == SQLITE_NOMEM ? -CS_ERR_NO_MEMORY
				   : -CS_ERR_STORE,
	    "%s: %s", say(db->kind->what), db->sqlite->errmsg(db->handle));
}

int
db_exec(struct db *db, const char *sql, struct err *e)
{
	return db->sqlite->exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : db_fail(db, e);
}

/* The folder is made if is_written. */
static int
db_path(const struct db_kind *kind, struct buf *path, bool is_written,
    struct err *e)
{
	if (!pkix_add_xdg_folder(path, kind->variable, kind->home))
		return err_set(e, -CS_ERR_NO_FILE,
		    "there is no folder for %s: neither %s nor HOME is set",
		    say(kind->what), kind->variable);
	buf_add_str(path, kind->name);
	buf_add_byte(path, '\0');
	if (path->err != 0)
		return err_set(e, path->err, NULL);
	return is_written ? pkix_make_folders((const char *)path->data, e) : 0;
}

static int64_t
db_get_number(struct db *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t number = -1;

	if (db->sqlite->prepare_v2(db->handle, sql, -1, &stmt, NULL) !=
	    SQLITE_OK)
		return -1;
	if (db->sqlite->step(stmt) == SQLITE_ROW)
		number = db->sqlite->column_int64(stmt, 0);
	db->sqlite->finalize(stmt);
	return number;
}

/* What a file says of itself, and how much is in it: all of it at one time,
 * since another process may be about to make it. */
static int
db_look(struct db *db, int64_t *version, int64_t *application, int64_t *things,
    struct err *e)
{
	int r = db_exec(db, "BEGIN;", e);

	if (r != 0)
		return r;
	*version = db_get_number(db, "PRAGMA user_version");
	*application = db_get_number(db, "PRAGMA application_id");
	*things = db_get_number(db, "SELECT count(*) FROM sqlite_master");
	if (*version < 0 || *application < 0 || *things < 0)
		return db_fail(db, e);
	return db_exec(db, "COMMIT;", e);
}

static int
db_prepare(struct db *db, bool is_written, const char *path, struct err *e)
{
	int64_t version, application, things;
	int r;

	db->sqlite->busy_timeout(db->handle, db->kind->busy_ms);
	r = db_exec(db, "PRAGMA foreign_keys = ON;", e);
	if (r == 0)
		r = db_look(db, &version, &application, &things, e);
	if (r != 0)
		return r;
	if (version == db->kind->version &&
	    application == db->kind->application)
		return 0;
	/* An older one of ours lacks tables, which the schema adds. */
	if ((version != 0 || application != 0 || things != 0) &&
	    (application != db->kind->application || version < 1 ||
		version > db->kind->version))
		return err_set(e, -CS_ERR_STORE,
		    "%s is no file of this version for %s", path,
		    say(db->kind->what));
	if (!is_written)
		return 0;
	r = db_exec(db, "BEGIN IMMEDIATE;", e);
	if (r == 0)
		r = db_exec(db, db->kind->schema, e);
	return r != 0 ? r : db_exec(db, "COMMIT;", e);
}

static int
db_open_path(struct db *db, bool is_written, const char *path, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
		    (is_written ? SQLITE_OPEN_CREATE : 0);
	mode_t mask;
	int r;

	db->sqlite = sqlite_load(e);
	if (db->sqlite == NULL)
		return -CS_ERR_STORE;
	mask = umask(0077);
	r = db->sqlite->open_v2(path, &db->handle, flags, NULL);
	r = r != SQLITE_OK ? db_fail(db, e)
			   : db_prepare(db, is_written, path, e);
	umask(mask);
	return r;
}

/* SQLite would wait for a FIFO. False: the file is not there. */
static bool
db_look_at_file(
    const struct db_kind *kind, const char *path, int *r, struct err *e)
{
	struct stat st;

	*r = 0;
	if (stat(path, &st) != 0)
		return errno != ENOENT;
	if (!S_ISREG(st.st_mode))
		*r = err_set(e, -CS_ERR_STORE, "%s is no regular file for %s",
		    path, say(kind->what));
	return true;
}

int
db_open(
    const struct db_kind *kind, bool is_written, struct db **db, struct err *e)
{
	struct buf path = {0};
	struct db *new = NULL;
	int r = db_path(kind, &path, is_written, e);
	bool is_there =
	    r == 0 && db_look_at_file(kind, (const char *)path.data, &r, e);

	*db = NULL;
	if (r != 0 || (!is_there && !is_written)) {
		buf_clear(&path);
		return r;
	}
	new = calloc(1, sizeof(*new));
	if (new == NULL) {
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	} else {
		new->kind = kind;
		r = db_open_path(new, is_written, (const char *)path.data, e);
	}
	buf_clear(&path);
	if (r != 0) {
		db_close(new);
		return r;
	}
	*db = new;
	return 0;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->handle != NULL)
		db->sqlite->close(db->handle);
	free(db);
}

void
db_bind(struct db *db, sqlite3_stmt *stmt, int i, struct bytes octets)
{
	db->sqlite->bind_blob(
	    stmt, i, octets.p, (int)octets.len, SQLITE_TRANSIENT);
}

sqlite3_stmt *
db_query(struct db *db, const char *sql, struct bytes blob, struct err *e)
{
	sqlite3_stmt *stmt;

	if (db->sqlite->prepare_v2(db->handle, sql, -1, &stmt, NULL) !=
	    SQLITE_OK) {
		db_fail(db, e);
		return NULL;
	}
	if (blob.len != 0)
		db_bind(db, stmt, 1, blob);
	return stmt;
}

int
db_run(struct db *db, sqlite3_stmt *stmt, struct err *e)
{
	int step = db->sqlite->step(stmt);
	int r = step == SQLITE_DONE || step == SQLITE_ROW ? 0 : db_fail(db, e);

	db->sqlite->finalize(stmt);
	return r;
}
