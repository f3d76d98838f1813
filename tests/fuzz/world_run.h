/*
 * world_run.h: a test that is one long run over messages of the crafted world
 * (tests/unit/craft.h), and tells its cases itself.
 */
#ifndef TESTS_FUZZ_WORLD_RUN_H
#define TESTS_FUZZ_WORLD_RUN_H

#include <check.h>
#include <stdbool.h>

/* A case in TAP: the name of what was tried, and how. */
void run_case(bool is_good, const char *name, const char *what);
/* The number in an environment variable, or another one. */
unsigned long run_number(const char *variable, unsigned long otherwise);
/* Runs all in this process, with the world there; what main returns. What
 * makes the messages says what is wrong in the way of libcheck, which has to
 * be told that it is a test. */
int run_world(const char *name, const TTest *all);

#endif
