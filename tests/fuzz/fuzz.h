/*
 * fuzz.h: what a fuzz harness and the program around it share.
 *
 * A harness is one file with LLVMFuzzerTestOneInput. With libFuzzer:
 *
 *	clang -g -fsanitize=fuzzer,address,undefined ... fuzz_x.c LIBRARIES
 *
 * Without it, fuzz_main.c is its main: it replays the corpus and seeded
 * mutations of it, each in a child with a time limit, and proves that a
 * planted defect is found.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The corpus is tests/fuzz/corpus/NAME. */
extern const char fuzz_name[];
/* Pieces that mutations put in. Ends with NULL. */
extern const char *const fuzz_words[];
/* The harness then behaves as if what it tests had a defect. */
extern bool fuzz_is_planted;

#endif
