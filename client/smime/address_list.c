#include "client/smime/address_list.h"

#include <string.h>

#include "asn1/der.h"
#include "asn1/utf8.h"
#include "client/smime/header.h"

struct list {
	struct bytes rest;
	bool is_in_group;
	size_t count;
	struct buf addr;    /* of the present mailbox */
	struct buf raw;	    /* its name and comments as they stand */
	struct buf display; /* decoded */
	unsigned odd;
};

static int
list_peek(const struct list *l)
{
	return l->rest.len > 0 ? l->rest.p[0] : -1;
}

static void
list_skip(struct list *l, size_t n)
{
	l->rest = bytes_of(l->rest.p + n, l->rest.len - n);
}

/* Skips white space and keeps comments as display text. */
static bool
list_skip_cfws(struct list *l)
{
	const uint8_t *start = l->rest.p;
	size_t before = l->rest.len;
	bool has_comment = false;

	header_skip_cfws(&l->rest, &has_comment);
	if (has_comment) {
		buf_add(&l->raw, start, before - l->rest.len);
		buf_add_byte(&l->raw, ' ');
	}
	return has_comment;
}

static bool
is_atom_char(int c)
{
	return c > ' ' && c != 0x7f && strchr("()<>[]:;@\\,\"", c) == NULL;
}

/* Takes a quoted string, unquoted, into out. */
static int
take_quoted(struct list *l, struct buf *out)
{
	size_t i;

	for (i = 1; i < l->rest.len; i++) {
		if (l->rest.p[i] == '"')
			break;
		if (l->rest.p[i] == '\\' && i + 1 < l->rest.len)
			i++;
		else if (l->rest.p[i] == '\r' || l->rest.p[i] == '\n')
			continue;
		buf_add_byte(out, l->rest.p[i]);
	}
	if (i >= l->rest.len)
		return -CS_ERR_ENCODING;
	list_skip(l, i + 1);
	return out->err;
}

static bool
is_dot_atom(struct bytes s)
{
	size_t i;

	if (s.len == 0 || s.p[0] == '.' || s.p[s.len - 1] == '.')
		return false;
	for (i = 0; i < s.len; i++)
		if (!is_atom_char(s.p[i]) ||
		    (s.p[i] == '.' && s.p[i + 1] == '.'))
			return false;
	return true;
}

/* Writes the local part, quoted only if it has to be. */
static void
put_local(struct list *l, struct bytes local, bool was_quoted)
{
	size_t i;

	/* Outside of quotes, odd dots are common enough to stay bare. */
	if (!was_quoted || is_dot_atom(local)) {
		buf_add_bytes(&l->addr, local);
		return;
	}
	l->odd |= MAILBOX_QUOTED;
	buf_add_byte(&l->addr, '"');
	for (i = 0; i < local.len; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_add_byte(&l->addr, '\\');
		buf_add_byte(&l->addr, local.p[i]);
	}
	buf_add_byte(&l->addr, '"');
}

static void
take_space(struct list *l, bool is_inside)
{
	size_t before = l->rest.len;

	if (list_skip_cfws(l) && is_inside)
		l->odd |= MAILBOX_COMMENT;
	else if (before != l->rest.len && is_inside)
		l->odd |= MAILBOX_SPACE;
}

static int
take_local(struct list *l)
{
	struct buf local = {.max = ADDRESS_SPEC_MAX};
	bool was_quoted = false;
	size_t words = 0;
	int c, r = 0;

	list_skip_cfws(l);
	while (r == 0 && (c = list_peek(l)) >= 0 && c != '@') {
		if (words++ > 0 && local.len > 0 && c != '.' &&
		    local.data[local.len - 1] != '.') {
			r = -CS_ERR_ENCODING; /* two words side by side */
			break;
		}
		if (c == '"') {
			was_quoted = true;
			r = take_quoted(l, &local);
		} else if (is_atom_char(c)) {
			while (is_atom_char(c = list_peek(l)) && r == 0) {
				r = buf_add_byte(&local, (uint8_t)c);
				list_skip(l, 1);
			}
		} else {
			r = -CS_ERR_ENCODING;
		}
		take_space(l, true);
	}
	if (r == 0 && (list_peek(l) != '@' || (local.len == 0 && !was_quoted)))
		r = -CS_ERR_ENCODING;
	if (r == 0)
		put_local(l, buf_get(&local), was_quoted);
	buf_clear(&local);
	return r;
}

static int
take_domain(struct list *l)
{
	size_t start = l->addr.len;
	bool has_comment;
	int c;

	list_skip(l, 1); /* "@" */
	buf_add_byte(&l->addr, '@');
	take_space(l, true);
	if (list_peek(l) == '[') {
		do {
			c = list_peek(l);
			buf_add_byte(&l->addr, (uint8_t)c);
			list_skip(l, 1);
		} while (c != ']' && list_peek(l) >= 0);
		return c == ']' ? l->addr.err : -CS_ERR_ENCODING;
	}
	for (;;) {
		while (is_atom_char(c = list_peek(l))) {
			buf_add_byte(&l->addr, (uint8_t)c);
			list_skip(l, 1);
		}
		has_comment = list_skip_cfws(l);
		if (l->addr.err != 0 || !is_atom_char(list_peek(l)))
			break;
		/* "a@b . c" goes on; "a@b c" does not. */
		if (list_peek(l) != '.' && l->addr.data[l->addr.len - 1] != '.')
			return -CS_ERR_ENCODING;
		l->odd |= has_comment ? MAILBOX_COMMENT : MAILBOX_SPACE;
	}
	if (l->addr.err == 0 && l->addr.len == start + 1)
		return -CS_ERR_ENCODING;
	return l->addr.err;
}

/* "<" is next. */
static int
take_angle(struct list *l)
{
	struct buf name = l->raw;
	int r;

	list_skip(l, 1);
	/* Comments in here are odd, those outside are not. */
	l->raw = (struct buf){.max = DISPLAY_LEN_MAX};
	list_skip_cfws(l);
	if (list_peek(l) == '@') {
		l->odd |= MAILBOX_ROUTE;
		while (list_peek(l) >= 0 && list_peek(l) != ':' &&
		       list_peek(l) != '>')
			list_skip(l, 1);
		if (list_peek(l) == ':')
			list_skip(l, 1);
	}
	r = take_local(l);
	if (r == 0)
		r = take_domain(l);
	if (r == 0)
		list_skip_cfws(l);
	if (l->raw.len > 0)
		l->odd |= MAILBOX_COMMENT;
	buf_add_bytes(&name, buf_get(&l->raw));
	buf_clear(&l->raw);
	l->raw = name;
	if (r != 0)
		return r;
	if (list_peek(l) != '>')
		return -CS_ERR_ENCODING;
	list_skip(l, 1);
	return 0;
}

static bool
has_control(struct bytes b)
{
	size_t i;

	for (i = 0; i < b.len; i++)
		if ((b.p[i] < ' ' && b.p[i] != '\t') || b.p[i] == 0x7f)
			return true;
	return false;
}

static bool
ends_token(uint8_t c)
{
	return c <= ' ' || strchr("<>()[]\"',;:", c) != NULL;
}

/* Octets of an "@" at the front, or of what looks like one; 0: none. */
static size_t
at_sign_len(struct bytes in)
{
	uint32_t c = 0;
	size_t len = utf8_decode(in.p, in.len, &c);

	return c == '@' || c == 0xff20 || c == 0xfe6b ? len : 0;
}

/* Controls beyond ASCII, and the overrides of direction: no name needs them,
 * and with them "gro.elpmaxe" reads as an address. */
static bool
has_hidden_control(struct bytes b)
{
	uint32_t c;
	size_t i, len;

	for (i = 0; i < b.len; i += len != 0 ? len : 1) {
		len = utf8_decode(b.p + i, b.len - i, &c);
		if (len != 0 &&
		    ((c >= 0x80 && c < 0xa0) || c == 0x202d || c == 0x202e))
			return true;
	}
	return false;
}

/* Has it a dot, or what looks like one, with something on both sides? */
static bool
has_inner_dot(struct bytes in)
{
	uint32_t c;
	size_t i, len;

	for (i = 0; i < in.len; i += len != 0 ? len : 1) {
		len = utf8_decode(in.p + i, in.len - i, &c);
		if (len != 0 && i > 0 && i + len < in.len &&
		    (c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61))
			return true;
	}
	return false;
}

/*
 * "ceo @ example.org": the words on both sides of a sign at [at, at + len) that
 * stands alone read as an address where the right one has a dot ("Bob @ work"
 * does not), and are added to b.
 */
static bool
find_apart(struct bytes text, size_t at, size_t len, struct buf *b)
{
	size_t left = at, right = at + len, from, to;

	while (left > 0 && ends_token(text.p[left - 1]))
		left--;
	for (from = left; from > 0 && !ends_token(text.p[from - 1]);)
		from--;
	while (right < text.len && ends_token(text.p[right]))
		right++;
	for (to = right; to < text.len && !ends_token(text.p[to]);)
		to++;
	if (from == left ||
	    !has_inner_dot(bytes_of(text.p + right, to - right)))
		return false;
	buf_add(b, text.p + from, left - from);
	buf_add_byte(b, '@');
	buf_add(b, text.p + right, to - right);
	return true;
}

/* Does the text show an "@" that belongs to another address? */
static bool
shows_other_address(struct bytes text, struct bytes addr)
{
	struct buf apart = {.max = DISPLAY_LEN_MAX};
	size_t i, from, to, len;
	char spec[ADDRESS_SPEC_MAX + 1];
	bool is_other = false;

	if (addr.len >= sizeof(spec))
		return true;
	if (addr.len > 0)
		memcpy(spec, addr.p, addr.len);
	spec[addr.len] = '\0';
	for (i = 0; i < text.len && !is_other; i++) {
		len = at_sign_len(bytes_of(text.p + i, text.len - i));
		if (len == 0)
			continue;
		for (from = i; from > 0 && !ends_token(text.p[from - 1]);)
			from--;
		for (to = i + len; to < text.len && !ends_token(text.p[to]);)
			to++;
		buf_reset(&apart);
		if (to - from > len)
			is_other = !header_is_equal_nocase(
			    bytes_of(text.p + from, to - from), spec);
		else if (find_apart(text, i, len, &apart))
			is_other = apart.err != 0 || !header_is_equal_nocase(
							 buf_get(&apart), spec);
		i = to;
	}
	buf_clear(&apart);
	return is_other;
}

static bool
has_encoded_word(struct bytes addr)
{
	size_t i;

	for (i = 0; i + 1 < addr.len; i++)
		if (addr.p[i] == '=' && addr.p[i + 1] == '?')
			return true;
	return false;
}

static unsigned
judge_texts(struct bytes addr, struct bytes display)
{
	unsigned odd = 0;

	if (has_control(addr) || has_control(display) ||
	    has_hidden_control(display))
		odd |= MAILBOX_CONTROL;
	if (!utf8_is_valid(addr))
		odd |= MAILBOX_NOT_UTF8;
	if (has_encoded_word(addr))
		odd |= MAILBOX_ENCODED;
	if (shows_other_address(display, addr))
		odd |= MAILBOX_DISPLAY_AT;
	return odd;
}

static int
give(struct list *l, int (*fn)(void *ctx, const struct mailbox *mailbox),
    void *ctx)
{
	struct mailbox m;

	if (words_decode(buf_get(&l->raw), &l->display) != 0)
		return l->display.err;
	m.addr_spec = buf_get(&l->addr);
	m.display = buf_get(&l->display);
	m.odd = l->odd | judge_texts(m.addr_spec, m.display) |
		(l->is_in_group ? (unsigned)MAILBOX_GROUP : 0);
	if (!words_are_clear(buf_get(&l->raw)))
		m.odd |= MAILBOX_CHARSET;
	if (++l->count > ADDRESS_LIST_MAX)
		return -CS_ERR_TOO_LARGE;
	return fn(ctx, &m);
}

/* Words before "<", "@" or ":": what they are is known only behind them. */
static int
skip_phrase(struct list *l, size_t *words)
{
	int c, r = 0;

	for (*words = 0;; (*words)++) {
		list_skip_cfws(l);
		c = list_peek(l);
		if (c == '"') {
			r = take_quoted(l, &l->raw);
			buf_add_byte(&l->raw, ' ');
		} else if (is_atom_char(c)) {
			do {
				buf_add_byte(&l->raw, (uint8_t)c);
				list_skip(l, 1);
			} while (is_atom_char(c = list_peek(l)));
			buf_add_byte(&l->raw, ' ');
		} else {
			return r != 0 ? r : l->raw.err;
		}
		if (r != 0)
			return r;
	}
}

/* The mailbox at the cursor; *has says whether there was one. */
static int
take_mailbox(struct list *l, bool *has)
{
	struct bytes start;
	size_t words;
	int r;

	*has = false;
	l->odd = 0;
	buf_reset(&l->addr);
	buf_reset(&l->raw);
	buf_reset(&l->display);
	start = l->rest;
	r = skip_phrase(l, &words);
	if (r != 0)
		return r;
	switch (list_peek(l)) {
	case '<':
		r = take_angle(l);
		break;
	case '@':
		l->rest = start;
		buf_reset(&l->raw);
		r = take_local(l);
		if (r == 0)
			r = take_domain(l);
		break;
	case ':':
		if (l->is_in_group)
			return -CS_ERR_ENCODING;
		l->is_in_group = true;
		list_skip(l, 1);
		return 0;
	default:
		/* Nothing at all between two commas is RFC 5322 4.4. */
		return words > 0 ? -CS_ERR_ENCODING : 0;
	}
	if (r == 0)
		list_skip_cfws(l);
	*has = r == 0;
	return r;
}

static int
take_separator(struct list *l, bool was_group)
{
	int c = list_peek(l);

	if (c < 0)
		return l->is_in_group ? -CS_ERR_ENCODING : 0;
	if (l->is_in_group && !was_group)
		return 0; /* behind the group's colon */
	if (c == ',') {
		list_skip(l, 1);
		return 0;
	}
	if (c == ';' && l->is_in_group) {
		list_skip(l, 1);
		l->is_in_group = false;
		header_skip_cfws(&l->rest, NULL);
		if (list_peek(l) == ',')
			list_skip(l, 1);
		return 0;
	}
	return -CS_ERR_ENCODING;
}

int
address_list_walk(struct bytes value,
    int (*fn)(void *ctx, const struct mailbox *mailbox), void *ctx)
{
	struct list l = {.rest = value};
	bool has, was_group;
	int r = 0;

	buf_init(&l.addr, ADDRESS_SPEC_MAX);
	buf_init(&l.raw, DISPLAY_LEN_MAX);
	buf_init(&l.display, DISPLAY_LEN_MAX);
	while (r == 0 && l.rest.len > 0) {
		was_group = l.is_in_group;
		r = take_mailbox(&l, &has);
		if (r == 0 && has)
			r = give(&l, fn, ctx);
		if (r == 0)
			r = take_separator(&l, was_group);
	}
	if (r == 0 && l.is_in_group)
		r = -CS_ERR_ENCODING;
	buf_clear(&l.addr);
	buf_clear(&l.raw);
	buf_clear(&l.display);
	return r;
}
