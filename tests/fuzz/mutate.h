/*
 * mutate.h: messages changed at random, the same way for the same seed.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include <stdint.h>

#include "asn1/buf.h"

/* Puts from with one to three changes into out, which is emptied first: bits,
 * octets, lengths and tags, pieces cut out, doubled and copied elsewhere. */
void mutate(struct bytes from, uint64_t seed, struct buf *out);

#endif
