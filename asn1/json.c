#include "asn1/json.h"

#include <string.h>

#include "asn1/utf8.h"

static void
json_begin(struct json *j, const char *key)
{
	if (j->has_before)
		buf_add_byte(j->out, ',');
	j->has_before = true;
	if (key == NULL)
		return;
	buf_add_byte(j->out, '"');
	buf_add_str(j->out, key);
	buf_add(j->out, "\":", 2);
}

static void
json_open(struct json *j, const char *key, uint8_t bracket)
{
	json_begin(j, key);
	buf_add_byte(j->out, bracket);
	j->has_before = false;
}

static void
json_close(struct json *j, uint8_t bracket)
{
	buf_add_byte(j->out, bracket);
	j->has_before = true;
}

void
json_open_object(struct json *j, const char *key)
{
	json_open(j, key, '{');
}

void
json_close_object(struct json *j)
{
	json_close(j, '}');
}

void
json_open_array(struct json *j, const char *key)
{
	json_open(j, key, '[');
}

void
json_close_array(struct json *j)
{
	json_close(j, ']');
}

void
json_put_null(struct json *j, const char *key)
{
	json_begin(j, key);
	buf_add_str(j->out, "null");
}

void
json_put_bool(struct json *j, const char *key, bool value)
{
	json_begin(j, key);
	buf_add_str(j->out, value ? "true" : "false");
}

void
json_put_int(struct json *j, const char *key, int64_t value)
{
	json_begin(j, key);
	buf_printf(j->out, "%lld", (long long)value);
}

/* RFC 8259 7: what may not stand in a string as it is. */
static bool
json_is_special(uint8_t c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

static void
json_escape(struct buf *out, uint8_t c)
{
	static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *at = c != 0 ? strchr(letters, c) : NULL;

	if (at == NULL) {
		buf_printf(out, "\\u%04X", c);
		return;
	}
	buf_add_byte(out, '\\');
	buf_add_byte(out, (uint8_t)names[at - letters]);
}

void
json_put_bytes(struct json *j, const char *key, struct bytes text)
{
	char quoted[JSON_QUOTED_MAX];
	size_t at = 0, from;

	if (!utf8_is_valid(text))
		text = bytes_of_str(
		    err_quote(quoted, sizeof(quoted), text.p, text.len));
	json_begin(j, key);
	buf_add_byte(j->out, '"');
	while (at < text.len) {
		from = at;
		while (at < text.len && !json_is_special(text.p[at]))
			at++;
		buf_add(j->out, text.p + from, at - from);
		if (at < text.len)
			json_escape(j->out, text.p[at++]);
	}
	buf_add_byte(j->out, '"');
}

void
json_put_text(struct json *j, const char *key, const char *text)
{
	if (text == NULL)
		json_put_null(j, key);
	else
		json_put_bytes(j, key, bytes_of_str(text));
}

void
json_put_hex(struct json *j, const char *key, struct bytes octets)
{
	json_begin(j, key);
	buf_add_byte(j->out, '"');
	buf_add_hex(j->out, octets);
	buf_add_byte(j->out, '"');
}
