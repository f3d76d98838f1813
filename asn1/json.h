/*
 * json.h: JSON (RFC 8259) as it is written: compact, each value straight into
 * a buffer, in the order of the calls. Reading JSON is jansson's.
 *
 * key names the member of an object; NULL is an element of an array, or the
 * whole text. Keys are constants of the program: nothing in them is escaped.
 * Objects and arrays are closed by the caller, innermost first. A failure
 * (no memory, the buffer's limit) sticks in the buffer.
 */
#ifndef ASN1_JSON_H
#define ASN1_JSON_H

#include "asn1/buf.h"

/* Plain data; {.out = b} begins a text behind what stands in b. */
struct json {
	struct buf *out;
	bool has_before; /* a comma is due */
};

void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);

void json_put_null(struct json *j, const char *key);
void json_put_bool(struct json *j, const char *key, bool value);
void json_put_int(struct json *j, const char *key, int64_t value);
/*
 * Text of strangers too: quotes, backslashes and control characters are
 * escaped, and what is no UTF-8 as a whole becomes what err_quote makes of it,
 * JSON_QUOTED_MAX octets at most. A string that is NULL is null.
 */
#define JSON_QUOTED_MAX 1024
void json_put_text(struct json *j, const char *key, const char *text);
void json_put_bytes(struct json *j, const char *key, struct bytes text);
/* Lower-case hexadecimal digits. */
void json_put_hex(struct json *j, const char *key, struct bytes octets);

#endif
