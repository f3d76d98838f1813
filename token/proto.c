#include "token/proto.h"

#include <stddef.h>

#include "token/field.h"

#define TOK_TEXT(type, member) \
	FIELD(UTF8, DER_UTF8_STRING, type, member, TOK_TEXT_MAX)
#define TOK_OCTETS(type, member) \
	FIELD(OCTETS, DER_OCTET_STRING, type, member, TOK_FRAME_MAX)
#define TOK_LIST(type, member) \
	FIELD(LIST, DER_SEQUENCE, type, member, TOK_FRAME_MAX)
#define TOK_UINT(type, member, max) FIELD(UINT, DER_INTEGER, type, member, max)
#define TOK_ENUM(member, max) FIELD(UINT, DER_ENUMERATED, tok_msg, member, max)
#define TOK_KEY_ID(type) \
	FIELD(OCTETS_EXACT, DER_OCTET_STRING, type, key_id, TOK_KEY_ID_LEN)
#define TOK_PIN(n, member) \
	FIELD_WITH_HAS(OCTETS_HAS, DER_CONTEXT(n), tok_msg, member, TOK_PIN_MAX)
#define TOK_WHICH \
	TOK_TEXT(tok_msg, token), TOK_UINT(tok_msg, insertion, UINT32_MAX)

static const struct field tok_info_fields[] = {
    TOK_TEXT(tok_info, uri),
    TOK_TEXT(tok_info, label),
    TOK_TEXT(tok_info, serial),
    TOK_TEXT(tok_info, manufacturer),
    TOK_TEXT(tok_info, model),
    TOK_TEXT(tok_info, reader),
    TOK_UINT(tok_info, insertion, UINT32_MAX),
    TOK_UINT(tok_info, pin_len_min, 255),
    TOK_UINT(tok_info, pin_len_max, 255),
    FIELD(FLAGS, DER_BIT_STRING, tok_info, flags, 0),
    FIELD(TRIES_OPT, DER_CONTEXT(0), tok_info, tries_left, 255),
};
static const struct field_record tok_info_record =
    FIELD_RECORD_OF(tok_info_fields);

static const struct field tok_key_fields[] = {
    TOK_KEY_ID(tok_key),
    TOK_TEXT(tok_key, token),
    TOK_TEXT(tok_key, uri),
    TOK_TEXT(tok_key, label),
    TOK_OCTETS(tok_key, id),
    FIELD(FLAGS, DER_BIT_STRING, tok_key, flags, 0),
    TOK_OCTETS(tok_key, spki),
    TOK_LIST(tok_key, certificates),
    FIELD(UTF8_OPT, DER_CONTEXT(0), tok_key, role, TOK_TEXT_MAX),
};
static const struct field_record tok_key_record =
    FIELD_RECORD_OF(tok_key_fields);

static const struct field tok_error_fields[] = {
    FIELD(CODE, DER_INTEGER, tok_msg, code, 65535),
    FIELD(ULONG_OPT, DER_CONTEXT(0), tok_msg, ckr, UINT32_MAX),
    FIELD_OF_RECORD_HAS(DER_CONTEXT_C(1), tok_msg, info, &tok_info_record),
    FIELD(UTF8_OPT, DER_CONTEXT(2), tok_msg, text, TOK_TEXT_MAX),
};

static const struct field tok_start_fields[] = {
    TOK_TEXT(tok_msg, module),
    FIELD(OCTETS_EXACT, DER_OCTET_STRING, tok_msg, secret, TOK_SECRET_LEN),
    FIELD(BOOL, DER_BOOLEAN, tok_msg, watch, 0),
};

static const struct field tok_start_ok_fields[] = {
    TOK_TEXT(tok_msg, description),
    TOK_TEXT(tok_msg, manufacturer),
    TOK_TEXT(tok_msg, version),
};

static const struct field tok_probe_fields[] = {
    FIELD_RESERVED_OCTETS(DER_CONTEXT(0)),
};

static const struct field tok_probe_ok_fields[] = {
    TOK_LIST(tok_msg, tokens),
    TOK_LIST(tok_msg, keys),
    TOK_LIST(tok_msg, certificates),
    FIELD(BOOL, DER_BOOLEAN, tok_msg, uses_pcsc, 0),
};

static const struct field tok_which_fields[] = {
    TOK_TEXT(tok_msg, token),
};

static const struct field tok_login_fields[] = {
    TOK_WHICH,
    TOK_PIN(0, pin),
};

static const struct field tok_sign_fields[] = {
    TOK_WHICH,
    TOK_KEY_ID(tok_msg),
    TOK_OCTETS(tok_msg, algorithm),
    TOK_OCTETS(tok_msg, input),
    TOK_PIN(0, pin),
};

static const struct field tok_open_fields[] = {
    TOK_WHICH,
    TOK_KEY_ID(tok_msg),
    TOK_OCTETS(tok_msg, recipient_info),
    TOK_UINT(tok_msg, index, 65535),
    TOK_OCTETS(tok_msg, content_algorithm),
    TOK_PIN(0, pin),
};

static const struct field tok_raw_fields[] = {
    TOK_WHICH,
    TOK_KEY_ID(tok_msg),
    TOK_ENUM(operation, TOK_RAW_DERIVE),
    FIELD(ULONG, DER_INTEGER, tok_msg, mechanism, UINT32_MAX),
    TOK_OCTETS(tok_msg, parameter),
    TOK_OCTETS(tok_msg, input),
    TOK_PIN(0, pin),
};

static const struct field tok_result_fields[] = {
    TOK_OCTETS(tok_msg, output),
};

static const struct field tok_set_pin_fields[] = {
    TOK_WHICH,
    TOK_ENUM(operation, TOK_PIN_UNBLOCK),
    TOK_PIN(0, pin),
    TOK_PIN(1, new_pin),
};

static const struct field tok_event_fields[] = {
    TOK_ENUM(operation, TOK_EVENT_SERVICE),
    FIELD(UTF8_OPT, DER_CONTEXT(0), tok_msg, reader, TOK_TEXT_MAX),
};

static const struct field tok_cert_fields[] = {
    TOK_TEXT(tok_key, token),
    TOK_OCTETS(tok_key, certificates),
};
static const struct field_record tok_cert_record =
    FIELD_RECORD_OF(tok_cert_fields);

static const struct field tok_object_fields[] = {
    TOK_TEXT(tok_object, label),
    FIELD(UTF8_OPT, DER_CONTEXT(0), tok_object, key_type, TOK_TEXT_MAX),
    FIELD(OCTETS_OPT, DER_CONTEXT(1), tok_object, private_key, TOK_FRAME_MAX),
    FIELD(OCTETS_OPT, DER_CONTEXT(2), tok_object, certificate, TOK_FRAME_MAX),
};
static const struct field_record tok_object_record =
    FIELD_RECORD_OF(tok_object_fields);

static const struct field tok_written_fields[] = {
    TOK_KEY_ID(tok_written),
    TOK_OCTETS(tok_written, spki),
    FIELD(FLAGS, DER_BIT_STRING, tok_written, flags, 0),
};
static const struct field_record tok_written_record =
    FIELD_RECORD_OF(tok_written_fields);

static const struct field tok_write_fields[] = {
    TOK_WHICH,
    TOK_ENUM(operation, TOK_WRITE_IMPORT),
    TOK_LIST(tok_msg, objects),
};

static const struct field tok_write_ok_fields[] = {
    TOK_LIST(tok_msg, written),
};

/* base: where in tok_msg the fields' structure stands. */
struct tok_body {
	const char *name;
	struct field_record record;
	size_t base;
};

#define TOK_BODY_AT(type, fields, base) \
	[TOK_##type] = {#type, FIELD_RECORD_OF(fields), base}
#define TOK_BODY(type, fields) TOK_BODY_AT(type, fields, 0)
#define TOK_BODY_INFO(type) \
	TOK_BODY_AT(type, tok_info_fields, offsetof(struct tok_msg, info))

static const struct tok_body tok_bodies[] = {
    TOK_BODY(ERROR, tok_error_fields),
    TOK_BODY(START, tok_start_fields),
    TOK_BODY(START_OK, tok_start_ok_fields),
    TOK_BODY(PROBE, tok_probe_fields),
    TOK_BODY(PROBE_OK, tok_probe_ok_fields),
    TOK_BODY(INFO, tok_which_fields),
    TOK_BODY_INFO(INFO_OK),
    TOK_BODY(LOGIN, tok_login_fields),
    TOK_BODY_INFO(LOGIN_OK),
    TOK_BODY(LOGOUT, tok_which_fields),
    TOK_BODY_INFO(LOGOUT_OK),
    TOK_BODY(SIGN, tok_sign_fields),
    TOK_BODY(SIGN_OK, tok_result_fields),
    TOK_BODY(OPEN, tok_open_fields),
    TOK_BODY(OPEN_OK, tok_result_fields),
    TOK_BODY(RAW, tok_raw_fields),
    TOK_BODY(RAW_OK, tok_result_fields),
    TOK_BODY(SET_PIN, tok_set_pin_fields),
    TOK_BODY_INFO(SET_PIN_OK),
    TOK_BODY(EVENT, tok_event_fields),
    TOK_BODY(WRITE, tok_write_fields),
    TOK_BODY(WRITE_OK, tok_write_ok_fields),
};
#define TOK_BODY_COUNT (sizeof(tok_bodies) / sizeof(tok_bodies[0]))

unsigned
der_get_flags(struct der *d)
{
	const uint8_t *at = d->p;
	unsigned unused, flags = 0;
	struct bytes bits = der_get_bits(d, &unused);
	size_t i, n = bits.len * 8 - unused;

	/* Trailing zero bits are let through, against X.690 11.2.2: common
	 * tools write named bits with them. */
	if (n > 32) {
		d->p = at;
		der_fail(d, -CS_ERR_TOO_LARGE);
		return 0;
	}
	for (i = 0; i < n; i++)
		if ((bits.p[i / 8] & 0x80U >> i % 8) != 0)
			flags |= 1U << i;
	return flags;
}

void
der_put_flags(struct buf *b, int tag, unsigned flags)
{
	uint8_t bits[4] = {0};
	unsigned i, n = 0;

	for (i = 0; i < 32; i++)
		if ((flags >> i & 1) != 0) {
			bits[i / 8] = (uint8_t)(bits[i / 8] | 0x80U >> i % 8);
			n = i + 1;
		}
	der_put_bits(b, tag, bytes_of(bits, (n + 7) / 8), (8 - n % 8) % 8);
}

int
tok_frame_len(struct bytes in, size_t *frame_len)
{
	size_t len, n, i;

	*frame_len = 0;
	if (in.len >= 1 && in.p[0] != DER_SEQUENCE)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2)
		return 0;
	n = in.p[1] < 0x80 ? 0 : in.p[1] & 0x7fU;
	if (in.p[1] == 0x80 || n > 3)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2 + n)
		return 0;
	for (len = n == 0 ? in.p[1] : 0, i = 0; i < n; i++)
		len = len << 8 | in.p[2 + i];
	if (len > TOK_FRAME_MAX - 2 - n)
		return -CS_ERR_PROTOCOL;
	*frame_len = 2 + n + len;
	return 0;
}

static int
tok_decode_fail(
    const struct der *d, struct err *e, const char *body, const char *field)
{
	return err_set_at(e, -CS_ERR_PROTOCOL, d->err_offset,
	    "token protocol: %s.%s: %s", body, field, err_text(d->err));
}

int
tok_msg_decode(struct bytes frame, struct tok_msg *msg, struct err *e)
{
	const struct tok_body *body;
	struct der d, whole, inner;
	const char *field;
	int tag;

	*msg = (struct tok_msg){.info.tries_left = ERR_TRIES_UNKNOWN};
	der_init(&d, frame);
	if (frame.len > TOK_FRAME_MAX)
		der_fail(&d, -CS_ERR_TOO_LARGE);
	whole = der_enter(&d, DER_SEQUENCE);
	if (der_end(&d) != 0)
		return tok_decode_fail(&d, e, "frame", "length");
	msg->id = (uint32_t)der_get_uint(&whole, UINT32_MAX);
	tag = der_peek(&whole);
	if (der_check(&whole) != 0)
		return tok_decode_fail(&whole, e, "frame", "id");
	if (tag < DER_CONTEXT_C(0) ||
	    tag >= DER_CONTEXT_C(0) + (int)TOK_BODY_COUNT) {
		der_fail(&whole, -CS_ERR_UNSUPPORTED);
		return tok_decode_fail(&whole, e, "frame", "type");
	}
	msg->type = (enum tok_type)(tag - DER_CONTEXT_C(0));
	body = &tok_bodies[msg->type];
	inner = der_enter(&whole, tag);
	if (der_end(&whole) != 0)
		return tok_decode_fail(&whole, e, "frame", "body");
	field =
	    field_get_all(&inner, &body->record, (uint8_t *)msg + body->base);
	if (field != NULL)
		return tok_decode_fail(&inner, e, body->name, field);
	return 0;
}

int
tok_msg_encode(const struct tok_msg *msg, struct buf *out)
{
	const struct tok_body *body;
	size_t frame, mark, start = out->len;

	if ((size_t)msg->type >= TOK_BODY_COUNT)
		return -CS_ERR_INTERNAL;
	body = &tok_bodies[msg->type];
	frame = der_open(out, DER_SEQUENCE);
	der_put_uint(out, DER_INTEGER, msg->id);
	mark = der_open(out, DER_CONTEXT_C((int)msg->type));
	field_put_all(out, &body->record, (const uint8_t *)msg + body->base);
	der_close(out, mark);
	der_close(out, frame);
	if (out->err == 0 && out->len - start > TOK_FRAME_MAX)
		out->err = -CS_ERR_TOO_LARGE;
	return out->err;
}

const char *
tok_type_name(enum tok_type type)
{
	return (size_t)type < TOK_BODY_COUNT ? tok_bodies[type].name : "?";
}

bool
tok_info_next(struct der *d, struct tok_info *info)
{
	*info = (struct tok_info){.tries_left = ERR_TRIES_UNKNOWN};
	return field_get_next(d, &tok_info_record, info);
}

bool
tok_key_next(struct der *d, struct tok_key *key)
{
	*key = (struct tok_key){0};
	return field_get_next(d, &tok_key_record, key);
}

bool
tok_cert_next(struct der *d, struct bytes *token, struct bytes *cert)
{
	struct tok_key row = {0};
	bool has = field_get_next(d, &tok_cert_record, &row);

	*token = has ? row.token : BYTES_NONE;
	*cert = has ? row.certificates : BYTES_NONE;
	return has;
}

void
tok_info_put(struct buf *b, const struct tok_info *info)
{
	field_put_next(b, &tok_info_record, info);
}

void
tok_key_put(struct buf *b, const struct tok_key *key)
{
	field_put_next(b, &tok_key_record, key);
}

void
tok_cert_put(struct buf *b, struct bytes token, struct bytes cert)
{
	struct tok_key row = {.token = token, .certificates = cert};

	field_put_next(b, &tok_cert_record, &row);
}

bool
tok_object_next(struct der *d, struct tok_object *object)
{
	*object = (struct tok_object){0};
	return field_get_next(d, &tok_object_record, object);
}

void
tok_object_put(struct buf *b, const struct tok_object *object)
{
	field_put_next(b, &tok_object_record, object);
}

bool
tok_written_next(struct der *d, struct tok_written *written)
{
	*written = (struct tok_written){0};
	return field_get_next(d, &tok_written_record, written);
}

void
tok_written_put(struct buf *b, const struct tok_written *written)
{
	field_put_next(b, &tok_written_record, written);
}
