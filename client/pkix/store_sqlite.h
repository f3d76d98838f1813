/*
 * store_sqlite.h: SQLite, loaded when it is first needed: it would cost each
 * start of the program more than the program itself.
 */
#ifndef CLIENT_PKIX_STORE_SQLITE_H
#define CLIENT_PKIX_STORE_SQLITE_H

#include <sqlite3.h>

#include "asn1/err.h"

/* The functions used, with the types of the header. */
/* clang-format off */
#define SQLITE_FUNCTIONS(F) \
	F(open_v2) F(close) F(exec) F(errmsg) F(busy_timeout) F(prepare_v2) \
	F(step) F(finalize) F(bind_blob) F(bind_int64) F(column_blob) \
	F(column_bytes) F(column_int64) F(changes) F(extended_errcode)
/* clang-format on */

struct sqlite {
#define SQLITE_FIELD(name) __typeof__(&sqlite3_##name) name;
	SQLITE_FUNCTIONS(SQLITE_FIELD)
#undef SQLITE_FIELD
};

/* Static; NULL: e tells why it cannot be loaded (CS_ERR_STORE). */
const struct sqlite *sqlite_load(struct err *e);

#endif
