/*
 * temp.h: a private folder for one test case, removed at its end.
 */
#ifndef TESTS_UNIT_TEMP_H
#define TESTS_UNIT_TEMP_H

#include "tests/unit/unit.h"

/* A libcheck fixture: tcase_add_checked_fixture(tc, temp_setup,
 * temp_teardown). */
void temp_setup(void);
void temp_teardown(void);
/* "FOLDER/name" in a ring of 8 static buffers; name "" is the folder. */
const char *temp_path(const char *name);
/* Makes a file with that content; returns its path as temp_path does. */
const char *temp_write(const char *name, struct bytes content);
/* The content of a file, appended; false if there is none. */
bool temp_read(const char *path, struct buf *b);
/* How many files are in the folder. */
unsigned temp_count(void);

#endif
