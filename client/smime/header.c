#include "client/smime/header.h"

#include <string.h>
#include <strings.h>

bool
header_is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes
bytes_from(struct bytes in, size_t at)
{
	return at == 0 ? in : bytes_of(in.p + at, in.len - at);
}

static struct bytes
bytes_trim(struct bytes in)
{
	while (in.len > 0 && header_is_space(in.p[0]))
		in = bytes_from(in, 1);
	while (in.len > 0 && header_is_space(in.p[in.len - 1]))
		in.len--;
	return in;
}

/* The first line of in with its line end. */
static struct bytes
bytes_first_line(struct bytes in)
{
	const uint8_t *lf = in.len > 0 ? memchr(in.p, '\n', in.len) : NULL;

	return lf != NULL ? bytes_of(in.p, (size_t)(lf - in.p) + 1) : in;
}

bool
header_is_equal_nocase(struct bytes a, const char *b)
{
	return a.len == strlen(b) &&
	       (a.len == 0 || strncasecmp((const char *)a.p, b, a.len) == 0);
}

/* The length of a field's name at the front of line, 0 if it is no field;
 * *colon is where the colon stands. Space before the colon is RFC 5322
 * 4.5.8. */
static size_t
field_name_len(struct bytes line, size_t *colon)
{
	size_t n = 0, i;

	while (n < line.len && n < HEADER_NAME_MAX && line.p[n] > ' ' &&
	       line.p[n] < 0x7f && line.p[n] != ':')
		n++;
	i = n;
	while (i < line.len && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	if (n == 0 || i == line.len || line.p[i] != ':')
		return 0;
	*colon = i;
	return n;
}

enum header_line
header_judge_line(struct bytes line)
{
	size_t colon;

	if (line.len > 0 && line.p[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return HEADER_BLANK;
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return HEADER_FOLD;
	return field_name_len(line, &colon) > 0 ? HEADER_FIELD : HEADER_BAD;
}

bool
header_next(struct bytes *section, struct header_field *field)
{
	struct bytes line, rest = *section;
	size_t name_len, colon = 0;

	do {
		if (rest.len == 0) {
			*section = rest;
			*field = (struct header_field){0};
			return false;
		}
		line = bytes_first_line(rest);
		rest = bytes_from(rest, line.len);
		name_len = field_name_len(line, &colon);
	} while (name_len == 0);
	field->raw = line;
	field->name = bytes_of(line.p, name_len);
	while (rest.len > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t')) {
		line = bytes_first_line(rest);
		field->raw.len += line.len;
		rest = bytes_from(rest, line.len);
	}
	field->value = bytes_from(field->raw, colon + 1);
	if (field->value.len > 0 &&
	    field->value.p[field->value.len - 1] == '\n')
		field->value.len--;
	if (field->value.len > 0 &&
	    field->value.p[field->value.len - 1] == '\r')
		field->value.len--;
	*section = rest;
	return true;
}

bool
header_is_named(const struct header_field *field, const char *name)
{
	return header_is_equal_nocase(field->name, name);
}

bool
header_has_prefix(const struct header_field *field, const char *prefix)
{
	size_t len = strlen(prefix);

	return field->name.len >= len &&
	       strncasecmp((const char *)field->name.p, prefix, len) == 0;
}

size_t
header_find(struct bytes section, const char *name, struct header_field *field)
{
	struct header_field f;
	size_t n = 0;

	if (field != NULL)
		*field = (struct header_field){0};
	while (header_next(&section, &f)) {
		if (!header_is_named(&f, name))
			continue;
		if (n == 0 && field != NULL)
			*field = f;
		n++;
	}
	return n;
}

static void
skip_comment(struct bytes *in)
{
	size_t depth = 0, i;

	for (i = 0; i < in->len; i++) {
		if (in->p[i] == '\\' && i + 1 < in->len)
			i++;
		else if (in->p[i] == '(')
			depth++;
		else if (in->p[i] == ')' && --depth == 0)
			break;
	}
	*in = i < in->len ? bytes_from(*in, i + 1) : BYTES_NONE;
}

void
header_skip_cfws(struct bytes *in, bool *has_comment)
{
	while (in->len > 0) {
		if (header_is_space(in->p[0])) {
			*in = bytes_from(*in, 1);
		} else if (in->p[0] == '(') {
			skip_comment(in);
			if (has_comment != NULL)
				*has_comment = true;
		} else {
			return;
		}
	}
}

/* RFC 2045 5.1 */
static bool
is_token_char(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static struct bytes
take_token(struct bytes *in)
{
	struct bytes t = bytes_of(in->p, 0);

	while (t.len < in->len && is_token_char(in->p[t.len]))
		t.len++;
	*in = bytes_from(*in, t.len);
	return t;
}

static bool
copy_lower(char *dst, struct bytes t)
{
	size_t i;

	dst[0] = '\0';
	if (t.len == 0 || t.len > MEDIA_NAME_MAX)
		return false;
	for (i = 0; i < t.len; i++)
		dst[i] = (char)(t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] + 32
							       : t.p[i]);
	dst[t.len] = '\0';
	return true;
}

int
media_type_decode(struct bytes value, struct media_type *mt)
{
	struct bytes type, subtype;

	*mt = (struct media_type){0};
	header_skip_cfws(&value, NULL);
	type = take_token(&value);
	header_skip_cfws(&value, NULL);
	if (value.len == 0 || value.p[0] != '/')
		return -CS_ERR_ENCODING;
	value = bytes_from(value, 1);
	header_skip_cfws(&value, NULL);
	subtype = take_token(&value);
	if (!copy_lower(mt->type, type) || !copy_lower(mt->subtype, subtype)) {
		*mt = (struct media_type){0};
		return -CS_ERR_ENCODING;
	}
	mt->params = value;
	return 0;
}

bool
media_type_is(
    const struct media_type *mt, const char *type, const char *subtype)
{
	return strcmp(mt->type, type) == 0 &&
	       (subtype == NULL || strcmp(mt->subtype, subtype) == 0);
}

struct bytes
header_get_disposition_params(struct bytes value)
{
	header_skip_cfws(&value, NULL);
	take_token(&value);
	return value;
}

/* The transfer encoding that one field's value names. */
static enum transfer_encoding
decode_cte(struct bytes value)
{
	static const struct {
		const char *name;
		enum transfer_encoding cte;
	} names[] = {
	    {"7bit", CTE_7BIT},
	    {"8bit", CTE_8BIT},
	    {"binary", CTE_BINARY},
	    {"quoted-printable", CTE_QP},
	    {"base64", CTE_BASE64},
	};
	struct bytes token;
	size_t i;

	header_skip_cfws(&value, NULL);
	token = take_token(&value);
	header_skip_cfws(&value, NULL);
	/* "base64;" is seen in the wild and means no other thing. */
	if (value.len > 0 && value.p[0] == ';')
		value = bytes_trim(bytes_from(value, 1));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (value.len == 0 &&
		    header_is_equal_nocase(token, names[i].name))
			return names[i].cte;
	return CTE_OTHER;
}

enum transfer_encoding
header_get_cte(struct bytes section)
{
	enum transfer_encoding cte = CTE_NONE, one;
	struct header_field f;

	while (header_next(&section, &f)) {
		if (!header_is_named(&f, "Content-Transfer-Encoding"))
			continue;
		one = decode_cte(f.value);
		if (cte != CTE_NONE && one != cte)
			return CTE_OTHER;
		cte = one;
	}
	return cte;
}

bool
header_may_be_encoded(struct bytes section)
{
	struct header_field f;
	struct bytes token;

	while (header_next(&section, &f)) {
		if (!header_is_named(&f, "Content-Transfer-Encoding"))
			continue;
		header_skip_cfws(&f.value, NULL);
		token = take_token(&f.value);
		if (header_is_equal_nocase(token, "quoted-printable") ||
		    header_is_equal_nocase(token, "base64"))
			return true;
	}
	return false;
}

bool
header_get_media_type(struct bytes section, struct media_type *mt)
{
	static const struct media_type text = {
	    .type = "text", .subtype = "plain"};
	struct header_field f;
	size_t n = header_find(section, "Content-Type", &f);
	struct bytes v;

	*mt = text;
	if (n == 0)
		return true;
	if (n == 1 && media_type_decode(f.value, mt) == 0)
		return true;
	/* A lone "text" is older than MIME and means what it says. */
	v = f.value;
	header_skip_cfws(&v, NULL);
	if (n == 1 && header_is_equal_nocase(bytes_trim(v), "text")) {
		*mt = text;
		return true;
	}
	*mt = (struct media_type){0};
	return false;
}
