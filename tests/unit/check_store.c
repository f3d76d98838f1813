/* The store of certificates: what it keeps, and files that are none. */
#include "client/pkix/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/pkix/store_sqlite.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit_cert.h"

#define STORE_FILE "cardseal/certificates.db"

static struct err e;
static struct store *store;
static struct cert_set *found;

static void
setup(void)
{
	temp_setup();
	ck_assert_int_eq(setenv("XDG_DATA_HOME", temp_path(""), 1), 0);
	err_clear(&e);
	store = NULL;
	found = cert_set_new();
}

static void
teardown(void)
{
	store_free(store);
	cert_set_free(found);
	(void)unlink(temp_path(STORE_FILE));
	(void)rmdir(temp_path(STORE_FILE));
	(void)rmdir(temp_path("cardseal"));
	temp_teardown();
}

/* As another program may have left the file. */
static void
run_sql(const char *sql)
{
	const struct sqlite *lib = sqlite_load(&e);
	sqlite3 *db;

	ck_assert_ptr_nonnull(lib);
	ck_assert_int_eq(lib->open_v2(temp_path(STORE_FILE), &db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(lib->exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	lib->close(db);
}

static void
make_folder(void)
{
	ck_assert_int_eq(mkdir(temp_path("cardseal"), 0700), 0);
}

static void
assert_refused(int code)
{
	int i;

	for (i = 0; i < 2; i++) {
		unit_assert_code(store_open(i == 1, &store, &e), code);
		ck_assert_ptr_null(store);
		ck_assert_ptr_nonnull(strstr(err_get_text(&e), "store"));
		err_clear(&e);
	}
}

START_TEST(keeps_and_forgets)
{
	struct cert *leaf = unit_cert("leaf"), *root = unit_cert("root");
	struct store_entry entry;
	struct stat st;
	bool is_new;

	unit_assert_code(store_open(false, &store, &e), 0);
	ck_assert_ptr_null(store);
	unit_assert_code(store_get_all(store, found, &e), 0);
	unit_assert_code(store_open(true, &store, &e), 0);
	ck_assert_int_eq(stat(temp_path(STORE_FILE), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	unit_assert_code(
	    store_add(store, leaf, STORE_MAIL, 1000, &is_new, &e), 0);
	ck_assert(is_new);
	/* taken back, and imported by a person */
	unit_assert_code(store_begin(store, &e), 0);
	unit_assert_code(
	    store_add(store, root, STORE_IMPORTED, 1001, NULL, &e), 0);
	unit_assert_code(store_end(store, false, &e), 0);
	unit_assert_code(
	    store_add(store, leaf, STORE_IMPORTED, 1002, NULL, &e), 0);
	store_free(store);
	unit_assert_code(store_open(false, &store, &e), 0);
	unit_assert_code(store_get_all(store, found, &e), 0);
	ck_assert_uint_eq(cert_set_get_len(found), 1);
	ck_assert(cert_is_same(cert_set_get(found, 0), leaf));
	ck_assert(store_get_entry(store, leaf, &entry));
	ck_assert_int_eq(entry.source, STORE_IMPORTED);
	ck_assert(!store_get_entry(store, root, &entry));
	unit_assert_code(store_remove(store, leaf, &e), 0);
	ck_assert(!store_get_entry(store, leaf, &entry));
	cert_free(leaf);
	cert_free(root);
}
END_TEST

START_TEST(files_that_are_no_store)
{
	make_folder();
	switch (_i) {
	case 0: /* no SQLite */
		temp_write(STORE_FILE, BYTES_LIT("this is no database at all, "
						 "however long it may get"));
		break;
	case 1: /* another program's */
		run_sql("CREATE TABLE t (a);");
		break;
	case 2: /* of a version to come */
		run_sql("PRAGMA application_id = 1668498259;"
			"PRAGMA user_version = 3;");
		break;
	case 3: /* a link, to wherever */
		ck_assert_int_eq(
		    symlink("/dev/null", temp_path(STORE_FILE)), 0);
		break;
	default: /* a folder */
		ck_assert_int_eq(mkdir(temp_path(STORE_FILE), 0700), 0);
		break;
	}
	assert_refused(-CS_ERR_STORE);
}
END_TEST

/* Tables that are not there, and rows that are no certificates. */
START_TEST(broken_content)
{
	struct cert *leaf = unit_cert("leaf");
	struct store_entry entry;

	unit_assert_code(store_open(true, &store, &e), 0);
	unit_assert_code(store_add(store, leaf, STORE_MAIL, 1000, NULL, &e), 0);
	run_sql(
	    "INSERT INTO certificate VALUES (x'00', x'3003020101', 0, 0, 0);"
	    "INSERT INTO certificate VALUES (x'01', 'text', 0, 7, 0);"
	    "INSERT INTO certificate VALUES (x'02', x'', 0, 0, 0);");
	unit_assert_code(store_get_all(store, found, &e), 0);
	ck_assert_uint_eq(cert_set_get_len(found), 1);
	run_sql("DROP TABLE address; DROP TABLE certificate;");
	unit_assert_code(store_get_all(store, found, &e), -CS_ERR_STORE);
	ck_assert(!store_get_entry(store, leaf, &entry));
	unit_assert_code(
	    store_find_address(store, BYTES_LIT("a@example.org"), found, &e),
	    -CS_ERR_STORE);
	unit_assert_code(store_remove(store, leaf, &e), -CS_ERR_STORE);
	unit_assert_code(
	    store_add(store, leaf, STORE_MAIL, 1, NULL, &e), -CS_ERR_STORE);
	cert_free(leaf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, keeps_and_forgets);
	tcase_add_loop_test(tcase, files_that_are_no_store, 0, 5);
	tcase_add_test(tcase, broken_content);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
