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
#include <stdlib.h>
#include <string.h>

#include "asn1/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The corpus is tests/fuzz/corpus/NAME. */
extern const char fuzz_name[];
/* Pieces that mutations put in. Ends with NULL. */
extern const char *const fuzz_words[];
/* The harness then behaves as if what it tests had a defect. */
extern bool fuzz_is_planted;

typedef void (*fuzz_decoder)(struct bytes in);
/* Of these n the one that the first octet chooses gets the others, in memory
 * that is exactly as long, for the sanitizers. Returns 0. */
static inline int
fuzz_choose(
    const fuzz_decoder *decoders, size_t n, const uint8_t *data, size_t len)
{
	uint8_t *copy;

	if (len == 0)
		return 0;
	copy = malloc(len > 1 ? len - 1 : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, len - 1);
	decoders[data[0] % n](bytes_of(copy, len - 1));
	free(copy);
	return 0;
}

#endif
