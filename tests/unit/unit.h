/*
 * unit.h: what every libcheck program shares: TAP on standard output, and a
 * few assertions on bytes.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>

#include "asn1/buf.h"

/* Runs the suite, prints TAP; what main returns. Takes suite over. */
int unit_run(Suite *suite);

/* "30 03 02 01 05", spaces and line ends allowed, to bytes in static memory
 * (a ring of 16 results). The test fails on anything else. */
struct bytes unit_hex(const char *hex);
/* The file, relative to the source tree, into b. The test fails if it can't
 * be read. */
void unit_read_file(struct buf *b, const char *path);

/* Elements of an array, as libcheck counts. */
#define UNIT_COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
/* The test runs once for each element, _i being its place. */
#define unit_add_loop(tcase, test, rows) \
	tcase_add_loop_test((tcase), test, 0, UNIT_COUNT(rows))

#define unit_assert_bytes(got, want) \
	unit_assert_bytes_at((got), (want), __FILE__, __LINE__)
void unit_assert_bytes_at(
    struct bytes got, struct bytes want, const char *file, int line);

/* A negative code by name: unit_assert_code(f(), -CS_ERR_ENCODING). */
#define unit_assert_code(got, want)                                   \
	do {                                                          \
		int unit_code = (got);                                \
		ck_assert_msg(unit_code == (want), "got %s, want %s", \
		    err_name(unit_code), err_name(want));             \
	} while (0)

#endif
