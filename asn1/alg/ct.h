/*
 * ct.h: arithmetic on secrets without branches or indexes that depend on
 * them. A mask is all ones (yes) or zero (no).
 */
#ifndef ASN1_ALG_CT_H
#define ASN1_ALG_CT_H

#include <stdint.h>

/* Keeps the compiler from finding out that a mask has two values only, and
 * from making a branch of it. */
static inline uint32_t
ct_hide(uint32_t x)
{
	__asm__("" : "+r"(x));
	return x;
}

static inline uint32_t
ct_is_less(uint32_t a, uint32_t b)
{
	return ct_hide((uint32_t)(((uint64_t)a - b) >> 32));
}

static inline uint32_t
ct_is_zero(uint32_t x)
{
	return ct_is_less(x, 1);
}

static inline uint32_t
ct_is_equal(uint32_t a, uint32_t b)
{
	return ct_is_zero(a ^ b);
}

static inline uint32_t
ct_select(uint32_t mask, uint32_t yes, uint32_t no)
{
	return (mask & yes) | (~mask & no);
}

#endif
