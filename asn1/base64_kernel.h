/*
 * base64_kernel.h: what base64.c asks of an implementation. Private to it.
 */
#ifndef ASN1_BASE64_KERNEL_H
#define ASN1_BASE64_KERNEL_H

#include "asn1/base64.h"

/* What encode may read behind its input and write behind its output. */
#define BASE64_SLOP 16

struct base64_kernel {
	/*
	 * Decodes whole groups of four characters, passing over LF and CRLF
	 * between groups, and stops at anything else or before the end of the
	 * input. Returns where it stopped and moves *out on. The whole output
	 * has BASE64_DECODED_MAX room, counted from the start of a write with
	 * up to three characters held from before.
	 */
	const uint8_t *(*decode)(
	    const uint8_t *in, const uint8_t *end, uint8_t **out);
	/*
	 * Encodes len bytes, a multiple of 3. BASE64_SLOP bytes behind the
	 * input can be read and as many behind the output written.
	 */
	void (*encode)(const uint8_t *in, size_t len, uint8_t *out);
};

/* NULL where it is not compiled or the processor lacks it. */
const struct base64_kernel *base64_kernel_ssse3(void);
const struct base64_kernel *base64_kernel_avx2(void);

#endif
