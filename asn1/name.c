#include "asn1/name.h"

#include <string.h>

#include "asn1/name_string.h"

/* Attribute types that have a name here: RFC 4514 3 and beside it. */
#define OID_AT_FIRST OID_AT_CN
#define OID_AT_LAST OID_AT_EMAIL

/* An AttributeTypeAndValue. */
struct ava {
	enum oid type;
	struct bytes type_raw;
	struct bytes raw; /* the value, a whole element */
	int tag;
	struct bytes content;
};

static bool
ava_next(struct der *rdn, struct ava *ava)
{
	struct der in, value;

	*ava = (struct ava){0};
	if (!der_has_more(rdn))
		return false;
	in = der_enter(rdn, DER_SEQUENCE);
	ava->type = der_get_known_oid(&in, &ava->type_raw);
	ava->raw = der_get_any(&in, &ava->tag);
	if (der_leave(rdn, &in) != 0) {
		*ava = (struct ava){0};
		return false;
	}
	der_init(&value, ava->raw);
	ava->content = der_get(&value, ava->tag);
	return true;
}

/* Opens a Name; give the cursor on its RDNs to name_close. */
static struct der
name_open(struct der *d, struct bytes name)
{
	der_init(d, name);
	return der_enter(d, DER_SEQUENCE);
}

static int
name_close(struct der *d, struct der *rdns)
{
	der_leave(d, rdns);
	return der_end(d);
}

int
name_check(struct bytes name, struct err *e)
{
	size_t rdn_count = 0, ava_count = 0, before;
	struct der d, rdns, rdn;
	struct ava ava;

	rdns = name_open(&d, name);
	while (der_has_more(&rdns)) {
		rdn = der_enter(&rdns, DER_SET);
		before = ava_count;
		while (ava_next(&rdn, &ava))
			if (++ava_count > NAME_AVA_MAX)
				der_fail(&rdn, -CS_ERR_TOO_LARGE);
		if (ava_count == before)
			der_fail(&rdn, -CS_ERR_ENCODING);
		if (++rdn_count > NAME_RDN_MAX)
			der_fail(&rdn, -CS_ERR_TOO_LARGE);
		der_leave(&rdns, &rdn);
	}
	return name_close(&d, &rdns) == 0 ? 0 : der_err(&d, e, "Name");
}

bool
name_is_empty(struct bytes name)
{
	struct der d, rdns = name_open(&d, name);

	return !der_has_more(&rdns) && name_close(&d, &rdns) == 0;
}

/* A value that compares by its text, else octet by octet. */
static int
ava_prepare(struct buf *b, const struct ava *ava)
{
	bool is_text = ava->tag == DER_UTF8_STRING ||
		       ava->tag == DER_PRINTABLE_STRING ||
		       (ava->type == OID_AT_DC && ava->tag == DER_IA5_STRING);
	struct buf text = {0}, prepared = {0};
	int r = 0;

	if (!is_text ||
	    name_string_to_utf8(&text, ava->tag, ava->content) != 0) {
		der_put_raw(b, ava->raw);
	} else {
		r = name_string_prepare(&prepared, buf_get(&text));
		der_put(b, DER_UTF8_STRING, buf_get(&prepared));
	}
	if (r == 0 && text.err == -CS_ERR_NO_MEMORY)
		r = text.err;
	buf_clear(&text);
	buf_clear(&prepared);
	return r;
}

static int
rdn_normalise(struct buf *b, struct der *rdn)
{
	size_t set = der_open(b, DER_SET), sequence;
	struct ava ava;
	int r = 0;

	while (r == 0 && ava_next(rdn, &ava)) {
		sequence = der_open(b, DER_SEQUENCE);
		der_put(b, DER_OID, ava.type_raw);
		r = ava_prepare(b, &ava);
		der_close(b, sequence);
	}
	/* the order of AttributeTypeAndValues in a set says nothing */
	return r != 0 ? r : der_close_set_of(b, set);
}

int
name_normalise(struct buf *b, struct bytes name)
{
	struct der d, rdns, rdn;
	size_t before = b->len, mark = der_open(b, DER_SEQUENCE);
	int r = name_check(name, NULL);

	rdns = name_open(&d, name);
	while (r == 0 && der_has_more(&rdns)) {
		rdn = der_enter(&rdns, DER_SET);
		r = rdn_normalise(b, &rdn);
	}
	der_close(b, mark);
	if (r == 0)
		return b->err;
	if (b->err == 0)
		b->len = before;
	return r;
}

bool
name_is_equal(struct bytes a, struct bytes b)
{
	struct buf x = {0}, y = {0};
	bool is_equal;

	is_equal = name_normalise(&x, a) == 0 && name_normalise(&y, b) == 0 &&
		   bytes_is_equal(buf_get(&x), buf_get(&y));
	buf_clear(&x);
	buf_clear(&y);
	return is_equal;
}

static void
put_escaped_octets(struct buf *b, struct bytes octets)
{
	size_t i;

	for (i = 0; i < octets.len; i++) {
		buf_add_byte(b, '\\');
		buf_add_hex(b, bytes_of(octets.p + i, 1));
	}
}

/* RFC 4514 2.4. */
static void
put_escaped(struct buf *b, struct bytes utf8)
{
	size_t at = 0, n;
	uint32_t c;

	for (; at < utf8.len; at += n) {
		n = utf8_decode(utf8.p + at, utf8.len - at, &c);
		if (n == 0)
			return; /* not from name_string_to_utf8 */
		if (utf8_is_control(c)) {
			put_escaped_octets(b, bytes_of(utf8.p + at, n));
			continue;
		}
		if ((c < 0x80 && strchr("\"+,;<>\\", (int)c) != NULL) ||
		    (at == 0 && (c == ' ' || c == '#')) ||
		    (at + 1 == utf8.len && c == ' '))
			buf_add_byte(b, '\\');
		buf_add(b, utf8.p + at, n);
	}
}

static void
ava_format(struct buf *b, const struct ava *ava)
{
	bool is_named = ava->type >= OID_AT_FIRST && ava->type <= OID_AT_LAST;
	char dotted[OID_TEXT_MAX];
	struct buf text = {0};

	buf_add_str(b, is_named
			   ? oid_name(ava->type)
			   : oid_format(dotted, sizeof(dotted), ava->type_raw));
	buf_add_byte(b, '=');
	if (is_named &&
	    name_string_to_utf8(&text, ava->tag, ava->content) == 0) {
		put_escaped(b, buf_get(&text));
	} else {
		buf_add_byte(b, '#');
		buf_add_hex(b, ava->raw);
	}
	buf_clear(&text);
}

int
name_format(struct buf *b, struct bytes name)
{
	struct bytes sets[NAME_RDN_MAX];
	struct der d, rdns, rdn;
	struct ava ava;
	size_t count = 0, i;
	int r = name_check(name, NULL);

	if (r != 0)
		return r;
	rdns = name_open(&d, name);
	while (der_has_more(&rdns) && count < NAME_RDN_MAX)
		sets[count++] = der_get(&rdns, DER_SET);
	for (i = count; i-- > 0;) {
		if (i + 1 != count)
			buf_add_byte(b, ',');
		der_init(&rdn, sets[i]);
		while (ava_next(&rdn, &ava)) {
			ava_format(b, &ava);
			if (der_has_more(&rdn))
				buf_add_byte(b, '+');
		}
	}
	return b->err;
}

int
name_walk(struct bytes name, enum oid type,
    int (*fn)(void *ctx, struct bytes utf8), void *ctx)
{
	struct der d, rdns, rdn;
	struct buf text = {0};
	struct ava ava;
	int r = name_check(name, NULL);

	rdns = name_open(&d, name);
	while (r == 0 && der_has_more(&rdns)) {
		rdn = der_enter(&rdns, DER_SET);
		while (r == 0 && ava_next(&rdn, &ava)) {
			buf_reset(&text);
			if (ava.type == type && name_string_to_utf8(&text,
						    ava.tag, ava.content) == 0)
				r = fn(ctx, buf_get(&text));
		}
	}
	buf_clear(&text);
	return r;
}

/* Unlike an empty buf, tells an empty value from none. */
struct name_last {
	struct buf text;
	bool found;
};

static int
name_keep_last(void *ctx, struct bytes utf8)
{
	struct name_last *last = ctx;

	last->found = true;
	buf_reset(&last->text);
	return buf_add_bytes(&last->text, utf8);
}

bool
name_get_last(struct bytes name, enum oid type, struct buf *b)
{
	struct name_last last = {0};
	bool found;

	found = name_walk(name, type, name_keep_last, &last) == 0 &&
		last.found && buf_add_bytes(b, buf_get(&last.text)) == 0;
	buf_clear(&last.text);
	return found;
}
