#include "token/field.h"

#include <stddef.h>

#include "token/proto.h"

_Static_assert(sizeof(unsigned) == sizeof(uint32_t), "unsigned has 32 bits");

static void *
field_at(void *base, size_t offset)
{
	return (uint8_t *)base + offset;
}

static const void *
field_at_const(const void *base, size_t offset)
{
	return (const uint8_t *)base + offset;
}

/* An OCTET STRING or SEQUENCE within its limits. */
static struct bytes
field_get_octets(struct der *d, const struct field *f)
{
	const uint8_t *at = d->p;
	struct bytes content = der_get(d, f->tag);
	int code = 0;

	if (der_check(d) != 0)
		return BYTES_NONE;
	if (content.len > f->max)
		code = -CS_ERR_TOO_LARGE;
	else if (f->kind == FIELD_OCTETS_EXACT && content.len != f->max)
		code = -CS_ERR_ENCODING;
	if (code != 0) {
		d->p = at;
		der_fail(d, code);
		return BYTES_NONE;
	}
	return content;
}

static void
field_get_record(struct der *d, const struct field *f, void *base)
{
	struct der inner = der_enter(d, f->tag);

	if (der_check(d) != 0)
		return;
	if (f->kind == FIELD_RECORD_HAS)
		*(bool *)field_at(base, f->has_offset) = true;
	if (field_get_all(&inner, f->record, field_at(base, f->offset)) == NULL)
		return;
	d->err = inner.err;
	d->err_offset = inner.err_offset;
	d->p = d->end;
}

/* Numbers of every width; each is at most its max, so nothing is cut. */
static void
field_get_number(struct der *d, const struct field *f, void *at)
{
	uint64_t value = der_get_uint_tag(d, f->tag, f->max);

	if (der_check(d) != 0)
		return;
	switch (f->kind) {
	case FIELD_UINT:
	case FIELD_UINT_OPT:
		*(unsigned *)at = (unsigned)value;
		break;
	case FIELD_CODE:
		*(int *)at = -(int)value;
		if (value == 0)
			der_fail(d, -CS_ERR_ENCODING);
		break;
	case FIELD_TRIES_OPT:
		*(int *)at = (int)value;
		break;
	default:
		*(unsigned long *)at = (unsigned long)value;
	}
}

static bool
field_is_optional(enum field_kind kind)
{
	switch (kind) {
	case FIELD_UTF8_OPT:
	case FIELD_OCTETS_OPT:
	case FIELD_OCTETS_HAS:
	case FIELD_UINT_OPT:
	case FIELD_ULONG_OPT:
	case FIELD_TRIES_OPT:
	case FIELD_RECORD_HAS:
	case FIELD_RESERVED:
		return true;
	default:
		return false;
	}
}

static void
field_get_one(struct der *d, const struct field *f, void *base)
{
	void *at = field_at(base, f->offset);

	if (field_is_optional(f->kind) && der_peek(d) != f->tag)
		return;
	switch (f->kind) {
	case FIELD_UTF8:
	case FIELD_UTF8_OPT:
		*(struct bytes *)at = der_get_utf8(d, f->tag, f->max);
		break;
	case FIELD_OCTETS_HAS:
		*(bool *)field_at(base, f->has_offset) = true;
		/* fall through */
	case FIELD_OCTETS:
	case FIELD_OCTETS_EXACT:
	case FIELD_OCTETS_OPT:
	case FIELD_LIST:
		*(struct bytes *)at = field_get_octets(d, f);
		break;
	case FIELD_UINT:
	case FIELD_UINT_OPT:
	case FIELD_ULONG:
	case FIELD_ULONG_OPT:
	case FIELD_CODE:
	case FIELD_TRIES_OPT:
		field_get_number(d, f, at);
		break;
	case FIELD_INT64:
		*(int64_t *)at = der_get_int(d);
		break;
	case FIELD_BOOL:
		*(bool *)at = der_get_bool(d);
		break;
	case FIELD_FLAGS:
		*(unsigned *)at = der_get_flags(d);
		break;
	case FIELD_RECORD:
	case FIELD_RECORD_HAS:
		field_get_record(d, f, base);
		break;
	case FIELD_RESERVED:
		der_skip(d);
		break;
	}
}

const char *
field_get_all(struct der *d, const struct field_record *record, void *base)
{
	size_t i;

	for (i = 0; i < record->n; i++) {
		field_get_one(d, &record->fields[i], base);
		if (der_check(d) != 0)
			return record->fields[i].name;
	}
	return der_end(d) != 0 ? "end" : NULL;
}

static void
field_put_octets(struct buf *b, const struct field *f, struct bytes value)
{
	if (value.len > f->max ||
	    (f->kind == FIELD_OCTETS_EXACT && value.len != f->max)) {
		if (b->err == 0)
			b->err = -CS_ERR_TOO_LARGE;
		return;
	}
	der_put(b, f->tag, value);
}

static void
field_put_record(struct buf *b, const struct field *f, const void *base)
{
	size_t mark = der_open(b, f->tag);

	field_put_all(b, f->record, field_at_const(base, f->offset));
	der_close(b, mark);
}

/* Is the value one that stands for "absent"? */
static bool
field_is_absent(const struct field *f, const void *base)
{
	const void *at = field_at_const(base, f->offset);

	switch (f->kind) {
	case FIELD_UTF8_OPT:
	case FIELD_OCTETS_OPT:
		return ((const struct bytes *)at)->len == 0;
	case FIELD_OCTETS_HAS:
	case FIELD_RECORD_HAS:
		return !*(const bool *)field_at_const(base, f->has_offset);
	case FIELD_UINT_OPT:
		return *(const unsigned *)at == 0;
	case FIELD_ULONG_OPT:
		return *(const unsigned long *)at == 0;
	case FIELD_TRIES_OPT:
		return *(const int *)at < 0;
	case FIELD_RESERVED:
		return true;
	default:
		return false;
	}
}

static uint64_t
field_number(const struct field *f, const void *at)
{
	int code;

	switch (f->kind) {
	case FIELD_UINT:
	case FIELD_UINT_OPT:
		return *(const unsigned *)at;
	case FIELD_CODE:
	case FIELD_TRIES_OPT:
		code = *(const int *)at;
		return (uint64_t)(code < 0 ? -code : code);
	default:
		return *(const unsigned long *)at;
	}
}

static void
field_put_one(struct buf *b, const struct field *f, const void *base)
{
	const void *at = field_at_const(base, f->offset);
	uint64_t number;

	if (field_is_absent(f, base))
		return;
	switch (f->kind) {
	case FIELD_BOOL:
		der_put_bool(b, f->tag, *(const bool *)at);
		break;
	case FIELD_FLAGS:
		der_put_flags(b, f->tag, *(const unsigned *)at);
		break;
	case FIELD_RECORD:
	case FIELD_RECORD_HAS:
		field_put_record(b, f, base);
		break;
	case FIELD_INT64:
		der_put_int(b, f->tag, *(const int64_t *)at);
		break;
	case FIELD_UINT:
	case FIELD_UINT_OPT:
	case FIELD_ULONG:
	case FIELD_ULONG_OPT:
	case FIELD_CODE:
	case FIELD_TRIES_OPT:
		number = field_number(f, at);
		der_put_uint(b, f->tag, number < f->max ? number : f->max);
		break;
	default:
		field_put_octets(b, f, *(const struct bytes *)at);
	}
}

void
field_put_all(
    struct buf *b, const struct field_record *record, const void *base)
{
	size_t i;

	for (i = 0; i < record->n; i++)
		field_put_one(b, &record->fields[i], base);
}

bool
field_get_next(struct der *d, const struct field_record *record, void *base)
{
	struct der inner;

	if (!der_has_more(d))
		return false;
	inner = der_enter(d, DER_SEQUENCE);
	if (der_check(d) != 0)
		return false;
	if (field_get_all(&inner, record, base) == NULL)
		return true;
	d->err = inner.err;
	d->err_offset = inner.err_offset;
	d->p = d->end;
	return false;
}

void
field_put_next(
    struct buf *b, const struct field_record *record, const void *base)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	field_put_all(b, record, base);
	der_close(b, mark);
}
