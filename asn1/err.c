#include "asn1/err.h"
#include "asn1/say.h"
#include "asn1/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef __clang_analyzer__
#undef err_set
#undef err_set_at
#undef err_set_errno
#endif

struct err_row {
	int number;
	enum err_class class;
	const char *name;
	const char *text;
};

static const struct err_row err_rows[] = {
#define ERR(name, number, class, text) {number, ERR_CLASS_##class, #name, text},
#include "asn1/err.def"
#undef ERR
};

static const struct {
	const char *name;
	int exit_status;
} err_classes[] = {
    [ERR_CLASS_DONE] = {"done", 0},
    [ERR_CLASS_USAGE] = {"usage", 2},
    [ERR_CLASS_FORMAT] = {"format", 7},
    [ERR_CLASS_BAD] = {"bad", 1},
    [ERR_CLASS_AGENT] = {"agent", 3},
    [ERR_CLASS_TOKEN] = {"token", 4},
    [ERR_CLASS_PIN] = {"pin", 5},
    [ERR_CLASS_UNTRUSTED] = {"untrusted", 6},
    [ERR_CLASS_REFUSED] = {"refused", 8},
    [ERR_CLASS_DEVICE] = {"device", 9},
    [ERR_CLASS_IO] = {"io", 74},
    [ERR_CLASS_INTERNAL] = {"internal", 70},
    [ERR_CLASS_AGAIN] = {"again", 75},
};

static const struct err_row *
err_find(int code)
{
	size_t i;

	for (i = 0; i < sizeof(err_rows) / sizeof(err_rows[0]); i++)
		if (err_rows[i].number == code || -err_rows[i].number == code)
			return &err_rows[i];
	return NULL;
}

static const struct err_row *
err_get_row(int code)
{
	const struct err_row *row = err_find(code);

	return row != NULL ? row : err_find(CS_ERR_INTERNAL);
}

enum err_class
err_class(int code)
{
	return err_get_row(code)->class;
}

const char *
err_text(int code)
{
	return say(err_get_row(code)->text);
}

const char *
err_name(int code)
{
	return err_get_row(code)->name;
}

const char *
err_class_name(int code)
{
	return err_classes[err_class(code)].name;
}

int
err_exit_status(int code)
{
	return err_classes[err_class(code)].exit_status;
}

int
err_is_known(int code)
{
	return err_find(code) != NULL;
}

void
err_clear(struct err *e)
{
	static const struct err empty = ERR_INIT;

	if (e != NULL)
		*e = empty;
}

/* Takes an incomplete UTF-8 character off the end of a text that was cut. */
static void
err_trim(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < 3 && back < len &&
	       ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len && (unsigned char)text[len - 1 - back] >= 0xc0)
		text[len - 1 - back] = '\0';
	else
		text[len - back] = '\0';
}

static void err_format(char *dst, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static int err_record(struct err *e, int code, uint64_t offset, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

static void
err_format(char *dst, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(dst, size, say(fmt), ap) >= (int)size)
		err_trim(dst);
}

/* The arguments may point into e: nothing of it is touched before they were
 * used. */
static int
err_record(
    struct err *e, int code, uint64_t offset, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX] = "";

	if (fmt != NULL)
		err_format(text, sizeof(text), fmt, ap);
	err_clear(e);
	e->code = code;
	e->offset = offset;
	memcpy(e->text, text, sizeof(text));
	return code;
}

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	err_record(e, code, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	return code;
}

int
err_set_at(struct err *e, int code, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	err_record(e, code, offset, fmt, ap);
	va_end(ap);
	return code;
}

void
err_context(struct err *e, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;
	size_t len;

	if (e == NULL)
		return;
	va_start(ap, fmt);
	err_format(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	if (snprintf(text + len, sizeof(text) - len, ": %s", err_get_text(e)) >=
	    (int)(sizeof(text) - len))
		err_trim(text);
	memcpy(e->text, text, sizeof(text));
}

int
err_set_errno(struct err *e, int errnum, const char *what)
{
	int code;

	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		code = -CS_ERR_NO_SPACE;
		break;
	case EPIPE:
		code = -CS_ERR_CLOSED;
		break;
	case ENOENT:
	case EACCES:
	case ENOTDIR:
	case EISDIR:
		code = -CS_ERR_NO_FILE;
		break;
	case ENOMEM:
		code = -CS_ERR_NO_MEMORY;
		break;
	default:
		code = -CS_ERR_IO;
	}
	/* The C library translates by itself, which nobody here may have
	 * asked for. */
	return err_set(e, code, "%s: %s", say(what),
	    say_is_translated() ? strerror(errnum) : strerrordesc_np(errnum));
}

const char *
err_get_text(const struct err *e)
{
	return e->text[0] != '\0' ? e->text : err_text(e->code);
}

/* Length of the well-formed, printable character at p, or 0. */
static size_t
err_char_len(const unsigned char *p, size_t len)
{
	uint32_t c;
	size_t n = utf8_decode(p, len, &c);

	return c == '\\' || utf8_is_control(c) ? 0 : n;
}

char *
err_quote(char *dst, size_t size, const void *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = text;
	size_t used = 0, n;

	if (size == 0)
		return dst;
	while (len > 0) {
		n = err_char_len(p, len);
		/* room for this, a possible "..." and the NUL */
		if (used + (n != 0 ? n : 4) + 4 > size) {
			if (used + 4 <= size) {
				memcpy(dst + used, "...", 3);
				used += 3;
			}
			break;
		}
		if (n != 0) {
			memcpy(dst + used, p, n);
			used += n;
		} else {
			dst[used++] = '\\';
			dst[used++] = 'x';
			dst[used++] = hex[p[0] >> 4];
			dst[used++] = hex[p[0] & 15];
			n = 1;
		}
		p += n;
		len -= n;
	}
	dst[used] = '\0';
	return dst;
}
