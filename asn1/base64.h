/*
 * base64.h: base64 (RFC 4648 4, RFC 2045 6.8) as a stream, fast.
 *
 * The decoder skips line ends, spaces and tabs anywhere, as RFC 2045 asks,
 * refuses every other foreign character, wrong or missing padding and
 * non-zero bits under it, and anything but white space after the padding.
 * The implementation for the processor at hand (AVX2, SSSE3, portable) is
 * chosen at the first use. All implementations are compiled on x86-64, and
 * base64_use() lets a test take each.
 */
#ifndef ASN1_BASE64_H
#define ASN1_BASE64_H

#include "asn1/buf.h"

struct base64_dec {
	uint32_t bits;	  /* characters not yet decoded, 6 bits each */
	unsigned count;	  /* how many: 0-3 */
	unsigned padding; /* '=' seen: 0-2 */
	bool is_done;	  /* a padded group has ended */
	uint64_t offset;  /* input bytes taken, for errors */
};

/* Most output bytes for len input bytes in one call. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3 + 3)
/* Output for len bytes in one call, with CRLF line ends of 64 or 76. */
#define BASE64_ENCODED_MAX(len) ((len) / 3 * 4 + (len) / 24 + 16)

void base64_dec_init(struct base64_dec *d);
/*
 * Decodes all of in to out (BASE64_DECODED_MAX(in.len) bytes of room) and
 * sets *out_len. CS_ERR_BASE64 with the offset in d->offset at the first bad
 * character.
 */
int CS_MUST_USE base64_dec_write(
    struct base64_dec *d, struct bytes in, uint8_t *out, size_t *out_len);
/* CS_ERR_BASE64 if a group is incomplete. */
int CS_MUST_USE base64_dec_finish(struct base64_dec *d);

struct base64_enc {
	uint8_t held[57]; /* input that does not fill a line yet */
	size_t held_len;
	size_t line_len; /* input bytes per line: 48 (PEM) or 57 (MIME) */
	const char *eol; /* "\r\n" or "\n" */
};

#define BASE64_LINE_PEM 48  /* 64 characters */
#define BASE64_LINE_MIME 57 /* 76 characters */

/* line_len is one of the two above; eol is static. */
void base64_enc_init(struct base64_enc *e, size_t line_len, const char *eol);
/* Writes whole lines only; out has BASE64_ENCODED_MAX(57 + in.len) room. */
void base64_enc_write(
    struct base64_enc *e, struct bytes in, uint8_t *out, size_t *out_len);
/* The last line with its line end, if any; out has 96 bytes of room. */
void base64_enc_finish(struct base64_enc *e, uint8_t *out, size_t *out_len);

/* Whole runs in memory, without lines. Append to b. */
int base64_encode(struct buf *b, struct bytes in);
int CS_MUST_USE base64_decode(struct buf *b, struct bytes in);

enum base64_impl {
	BASE64_PORTABLE,
	BASE64_SSSE3,
	BASE64_AVX2,
};
/* For tests: false if this processor lacks it. */
bool base64_use(enum base64_impl impl);

#endif
