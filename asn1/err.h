/*
 * err.h: one list of errors for the whole program.
 *
 * A function that can fail returns 0 or a negative code: -CS_ERR_x. What
 * exactly was wrong, where, and what to do about it goes into a struct err
 * that the caller may pass (NULL is always allowed, and then only the code
 * is told). The innermost place that knows the cause fills it; places
 * further out may add to the front with err_context().
 *
 * Text in a struct err is in the person's language where that was asked for
 * (say.h: fmt is looked for in the catalogue); it is UTF-8, one line, without
 * full stop at the end. Untrusted input quoted in it must go through
 * err_quote().
 */
#ifndef ASN1_ERR_H
#define ASN1_ERR_H

#include <stddef.h>
#include <stdint.h>

#define CS_MUST_USE __attribute__((warn_unused_result))

enum cs_err {
#define ERR(name, number, class, text) CS_ERR_##name = number,
#include "asn1/err.def"
#undef ERR
};

enum err_class {
	ERR_CLASS_DONE,
	ERR_CLASS_USAGE,
	ERR_CLASS_FORMAT,
	ERR_CLASS_BAD,
	ERR_CLASS_AGENT,
	ERR_CLASS_TOKEN,
	ERR_CLASS_PIN,
	ERR_CLASS_UNTRUSTED,
	ERR_CLASS_REFUSED,
	ERR_CLASS_DEVICE,
	ERR_CLASS_IO,
	ERR_CLASS_INTERNAL,
	ERR_CLASS_AGAIN,
};

#define ERR_TEXT_MAX 768
#define ERR_NO_OFFSET UINT64_MAX
#define ERR_TRIES_UNKNOWN (-1)

/* The story of one failure. Plain data, no ownership; init with ERR_INIT. */
struct err {
	int code;	   /* 0 or -CS_ERR_x, as returned */
	uint64_t offset;   /* byte offset in the input, or ERR_NO_OFFSET */
	unsigned long ckr; /* PKCS#11 CK_RV, 0 if none had a part in it */
	int tries_left;	   /* PIN tries, or ERR_TRIES_UNKNOWN */
	char text[ERR_TEXT_MAX]; /* what, why, what to do next; may be "" */
};

#define ERR_INIT                                                         \
	{                                                                \
		.offset = ERR_NO_OFFSET, .tries_left = ERR_TRIES_UNKNOWN \
	}

/* Empties e. NULL is fine. */
void err_clear(struct err *e);

/*
 * Records code (negative) and a formatted text in e and returns code, so that
 * "return err_set(e, -CS_ERR_X, ...)" is one statement. A text that does not
 * fit is cut at a character. With fmt NULL the list's own text is used. The
 * arguments may be taken from e itself.
 */
int err_set(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Like err_set, and records the byte offset of the fault in the input. */
int err_set_at(struct err *e, int code, uint64_t offset, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the text that is there. */
void err_context(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Maps errno to CS_ERR_NO_SPACE, CLOSED, NO_FILE, NO_MEMORY or IO; records
 * "WHAT: strerror" and returns the negative code. errnum is positive.
 */
int err_set_errno(struct err *e, int errnum, const char *what);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time, and would think that these can
 * return 0. */
#define err_set(e, code, ...) ((void)err_set(e, code, __VA_ARGS__), (code))
#define err_set_at(e, code, ...) \
	((void)err_set_at(e, code, __VA_ARGS__), (code))
#define err_set_errno(e, errnum, what) \
	((void)err_set_errno(e, errnum, what), -CS_ERR_IO)
#endif

/* The text to show: e->text if there is one, else the list's. Borrowed. */
const char *err_get_text(const struct err *e);

/* For any code, negative or positive; unknown codes count as INTERNAL. */
enum err_class err_class(int code);
const char *err_text(int code); /* in say.h's language; borrowed, static */
const char *err_name(int code); /* "PIN_WRONG"; borrowed, static */
const char *err_class_name(int code); /* "pin"; borrowed, static */
int err_exit_status(int code);	      /* doc: cardseal(1), EXIT STATUS */
int err_is_known(int code);	      /* is it in the list? 0 or 1 */

/*
 * Copies len bytes of untrusted text into dst (size bytes, always ends in
 * NUL): control characters, backslash and bytes that are not UTF-8 become
 * \xHH, bidirectional controls too; cut with "..." when too long. Returns
 * dst, so that it can stand in an argument list.
 */
char *err_quote(char *dst, size_t size, const void *text, size_t len);

#endif
