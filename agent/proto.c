#include "agent/proto.h"

#include <string.h>

#include "token/field.h"

/*
 * Every message, and every structure inside one, is a table of fields in the
 * order of agent.asn (token/field.h).
 */
#define TEXT(type, member) \
	FIELD(UTF8, DER_UTF8_STRING, type, member, AGT_TEXT_MAX)
#define TEXT_OPT(tag, type, member) \
	FIELD(UTF8_OPT, DER_CONTEXT(tag), type, member, AGT_TEXT_MAX)
#define OCTETS(member) \
	FIELD(OCTETS, DER_OCTET_STRING, agt_msg, member, AGT_ANSWER_MAX)
#define KEY_ID(member) \
	FIELD(OCTETS_EXACT, DER_OCTET_STRING, agt_msg, member, AGT_KEY_ID_LEN)
#define KEY_ID_OPT(tag, member) \
	FIELD(OCTETS_OPT, DER_CONTEXT(tag), agt_msg, member, AGT_KEY_ID_LEN)
#define NUMBER(type, member, max) FIELD(UINT, DER_INTEGER, type, member, max)
#define CHOICE(type, member, max) FIELD(UINT, DER_ENUMERATED, type, member, max)
#define TRIES(tag, type) \
	FIELD(TRIES_OPT, DER_CONTEXT(tag), type, tries_left, 255)
#define LIST(member) FIELD(LIST, DER_SEQUENCE, agt_msg, member, AGT_ANSWER_MAX)
#define CONTEXT(tag) FIELD_OF_RECORD(tag, agt_msg, context, &record_context)
#define CONTEXT_OPT(tag)     \
	FIELD_OF_RECORD_HAS( \
	    DER_CONTEXT_C(tag), agt_msg, context, &record_context)

static const struct field fields_context[] = {
    FIELD(UINT_OPT, DER_CONTEXT(0), agt_context, deadline_ms,
	AGT_DEADLINE_MS_MAX),
    TEXT_OPT(1, agt_context, purpose),
    TEXT_OPT(2, agt_context, display),
    TEXT_OPT(3, agt_context, tty_name),
    TEXT_OPT(4, agt_context, tty_type),
    TEXT_OPT(5, agt_context, lc_ctype),
    TEXT_OPT(6, agt_context, lc_messages),
    TEXT_OPT(7, agt_context, xauthority),
    TEXT_OPT(8, agt_context, on_behalf_of),
};
static const struct field_record record_context =
    FIELD_RECORD_OF(fields_context);

static const struct field fields_token[] = {
    TEXT(agt_token, uri),
    TEXT(agt_token, label),
    TEXT(agt_token, serial),
    TEXT(agt_token, manufacturer),
    TEXT(agt_token, model),
    TEXT(agt_token, module),
    TEXT(agt_token, reader),
    FIELD(FLAGS, DER_BIT_STRING, agt_token, flags, 0),
    TRIES(0, agt_token),
};
static const struct field_record record_token = FIELD_RECORD_OF(fields_token);

static const struct field fields_module[] = {
    TEXT(agt_module, name),
    TEXT(agt_module, path),
    CHOICE(agt_module, state, AGT_MODULE_RESTARTING),
    NUMBER(agt_module, pid, UINT32_MAX),
    NUMBER(agt_module, restarts, UINT32_MAX),
    TEXT(agt_module, last_error),
};
static const struct field_record record_module = FIELD_RECORD_OF(fields_module);

static const struct field fields_empty[] = {
    FIELD_RESERVED_OCTETS(DER_CONTEXT(0)),
};
static const struct field fields_error[] = {
    FIELD(CODE, DER_INTEGER, agt_msg, code, 65535),
    FIELD(ULONG_OPT, DER_CONTEXT(0), agt_msg, ckr, INT64_MAX),
    TEXT_OPT(1, agt_msg, token),
    TRIES(2, agt_msg),
    TEXT_OPT(3, agt_msg, holder),
    TEXT_OPT(4, agt_msg, text),
};
static const struct field fields_hello[] = {
    NUMBER(agt_msg, version_min, 255),
    NUMBER(agt_msg, version_max, 255),
    TEXT(agt_msg, program),
};
static const struct field fields_hello_ok[] = {
    NUMBER(agt_msg, version, 255),
    TEXT(agt_msg, agent_version),
    FIELD(BOOL, DER_BOOLEAN, agt_msg, restricted, 0),
};
static const struct field fields_list[] = {
    TEXT_OPT(0, agt_msg, token),
    KEY_ID_OPT(1, after),
    CONTEXT_OPT(2),
};
static const struct field fields_list_ok[] = {
    LIST(tokens),
    LIST(keys),
    LIST(certificates),
    FIELD(BOOL, DER_BOOLEAN, agt_msg, more, 0),
};
static const struct field fields_sign[] = {
    KEY_ID(key_id),
    OCTETS(algorithm),
    OCTETS(input),
    CONTEXT(DER_SEQUENCE),
};
static const struct field fields_output[] = {
    OCTETS(output),
};
static const struct field fields_open[] = {
    KEY_ID(key_id),
    OCTETS(recipient_info),
    NUMBER(agt_msg, index, 65535),
    OCTETS(content_algorithm),
    CONTEXT(DER_SEQUENCE),
};
static const struct field fields_raw[] = {
    KEY_ID(key_id),
    CHOICE(agt_msg, operation, TOK_RAW_DERIVE),
    FIELD(ULONG, DER_INTEGER, agt_msg, mechanism, UINT32_MAX),
    OCTETS(parameter),
    OCTETS(input),
    CONTEXT(DER_SEQUENCE),
};
static const struct field fields_pin[] = {
    TEXT(agt_msg, token),
    CHOICE(agt_msg, operation, TOK_PIN_UNBLOCK),
    CONTEXT(DER_SEQUENCE),
};
static const struct field fields_lock[] = {
    /* Unlock has the same */
    TEXT_OPT(0, agt_msg, token),
    CONTEXT(DER_CONTEXT_C(1)),
};
static const struct field fields_unlock_ok[] = {
    TEXT(agt_msg, token),
};
static const struct field fields_status[] = {
    CONTEXT_OPT(0),
};
static const struct field fields_status_ok[] = {
    TEXT(agt_msg, agent_version),
    NUMBER(agt_msg, pid, UINT32_MAX),
    FIELD(INT64, DER_INTEGER, agt_msg, started, 0),
    NUMBER(agt_msg, clients, 65535),
    LIST(modules),
    LIST(tokens),
};
static const struct field fields_events[] = {
    FIELD(FLAGS, DER_BIT_STRING, agt_msg, kinds, 0),
};
static const struct field fields_event[] = {
    CHOICE(agt_msg, kind, 6),
    TEXT_OPT(0, agt_msg, token),
    KEY_ID_OPT(1, key_id),
    TEXT_OPT(2, agt_msg, text),
};
static const struct field fields_cancel[] = {
    NUMBER(agt_msg, target, UINT32_MAX),
};
static const struct field fields_decapsulate[] = {
    KEY_ID(key_id),
    OCTETS(recipient_info),
    OCTETS(content_algorithm),
    CONTEXT(DER_SEQUENCE),
};

static const struct field fields_write[] = {
    TEXT(agt_msg, token),
    CHOICE(agt_msg, operation, TOK_WRITE_IMPORT),
    LIST(objects),
    CONTEXT(DER_SEQUENCE),
};
static const struct field fields_write_ok[] = {
    LIST(written),
};

static const struct field_record agt_records[] = {
    [AGT_ERROR] = FIELD_RECORD_OF(fields_error),
    [AGT_HELLO] = FIELD_RECORD_OF(fields_hello),
    [AGT_HELLO_OK] = FIELD_RECORD_OF(fields_hello_ok),
    [AGT_LIST] = FIELD_RECORD_OF(fields_list),
    [AGT_LIST_OK] = FIELD_RECORD_OF(fields_list_ok),
    [AGT_SIGN] = FIELD_RECORD_OF(fields_sign),
    [AGT_SIGN_OK] = FIELD_RECORD_OF(fields_output),
    [AGT_OPEN] = FIELD_RECORD_OF(fields_open),
    [AGT_OPEN_OK] = FIELD_RECORD_OF(fields_output),
    [AGT_RAW] = FIELD_RECORD_OF(fields_raw),
    [AGT_RAW_OK] = FIELD_RECORD_OF(fields_output),
    [AGT_PIN] = FIELD_RECORD_OF(fields_pin),
    [AGT_PIN_OK] = FIELD_RECORD_OF(fields_empty),
    [AGT_UNLOCK] = FIELD_RECORD_OF(fields_lock),
    [AGT_UNLOCK_OK] = FIELD_RECORD_OF(fields_unlock_ok),
    [AGT_LOCK] = FIELD_RECORD_OF(fields_lock),
    [AGT_LOCK_OK] = FIELD_RECORD_OF(fields_empty),
    [AGT_STATUS] = FIELD_RECORD_OF(fields_status),
    [AGT_STATUS_OK] = FIELD_RECORD_OF(fields_status_ok),
    [AGT_EVENTS] = FIELD_RECORD_OF(fields_events),
    [AGT_EVENT] = FIELD_RECORD_OF(fields_event),
    [AGT_CANCEL] = FIELD_RECORD_OF(fields_cancel),
    [AGT_CANCEL_OK] = FIELD_RECORD_OF(fields_empty),
    [AGT_DECAPSULATE] = FIELD_RECORD_OF(fields_decapsulate),
    [AGT_DECAPSULATE_OK] = FIELD_RECORD_OF(fields_output),
    [AGT_WRITE] = FIELD_RECORD_OF(fields_write),
    [AGT_WRITE_OK] = FIELD_RECORD_OF(fields_write_ok),
};

static const struct {
	const char *name;
	enum agt_direction direction;
	enum agt_type answer;
} agt_types[] = {
#define AGT_ROW(name, tag, direction, answer) \
	[tag] = {#name, AGT_##direction, AGT_##answer},
    AGT_MESSAGES(AGT_ROW)
#undef AGT_ROW
};
#define AGT_TYPE_COUNT (sizeof(agt_types) / sizeof(agt_types[0]))

_Static_assert(sizeof(agt_records) / sizeof(agt_records[0]) == AGT_TYPE_COUNT,
    "every message has its fields");

const char *
agt_type_name(enum agt_type type)
{
	return (size_t)type < AGT_TYPE_COUNT ? agt_types[type].name : "unknown";
}

enum agt_direction
agt_type_direction(enum agt_type type)
{
	return (size_t)type < AGT_TYPE_COUNT ? agt_types[type].direction
					     : AGT_ANSWER;
}

enum agt_type
agt_type_answer(enum agt_type request)
{
	return (size_t)request < AGT_TYPE_COUNT ? agt_types[request].answer
						: AGT_ERROR;
}

bool
agt_text_is_valid(struct bytes s)
{
	size_t i;

	if (s.len > AGT_TEXT_MAX || !utf8_is_valid(s))
		return false;
	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f ||
		    (s.p[i] == 0xc2 && s.p[i + 1] < 0xa0))
			return false;
	return true;
}

int
agt_frame_len(struct bytes in, size_t max, size_t *frame_len)
{
	size_t n, i, len;

	*frame_len = 0;
	if (in.len != 0 && in.p[0] != DER_SEQUENCE)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2)
		return 0;
	n = in.p[1] < 0x80 ? 0 : in.p[1] & 0x7fU;
	if (in.p[1] == 0x80 || n > 4)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2 + n)
		return 0;
	len = n == 0 ? in.p[1] : 0;
	for (i = 0; i < n; i++)
		len = len << 8 | in.p[2 + i];
	if (n != 0 && (in.p[2] == 0 || len < 0x80))
		return -CS_ERR_PROTOCOL;
	if (len > max || len + 2 + n > max)
		return -CS_ERR_PROTOCOL;
	*frame_len = 2 + n + len;
	return 0;
}

/*
 * What the tables can't say: text has no control characters, and a key id
 * that may be left out has its length if it is there. Returns the name of the
 * field at fault, or NULL.
 */
static const char *
agt_check_fields(const struct field_record *record, const void *base)
{
	const struct field *f = record->fields;
	const struct bytes *bytes;
	const void *at;
	const char *name = NULL;

	for (; f < record->fields + record->n && name == NULL; f++) {
		at = (const char *)base + f->offset;
		bytes = at;
		switch (f->kind) {
		case FIELD_UTF8:
		case FIELD_UTF8_OPT:
			if (!agt_text_is_valid(*bytes))
				name = f->name;
			break;
		case FIELD_OCTETS_EXACT:
		case FIELD_OCTETS_OPT:
			if (bytes->len != f->max &&
			    (bytes->len != 0 || f->kind == FIELD_OCTETS_EXACT))
				name = f->name;
			break;
		case FIELD_RECORD:
		case FIELD_RECORD_HAS:
			name = agt_check_fields(f->record, at);
			break;
		default:
			break;
		}
	}
	return name;
}

int
agt_msg_decode(struct bytes frame, struct agt_msg *msg, struct err *e)
{
	struct der d, seq, body;
	const char *at;
	int tag;

	memset(msg, 0, sizeof(*msg));
	msg->tries_left = ERR_TRIES_UNKNOWN;
	der_init(&d, frame);
	seq = der_enter(&d, DER_SEQUENCE);
	if (der_end(&d) != 0)
		return err_set(e, -CS_ERR_PROTOCOL, "not one whole message");
	msg->id = (uint32_t)der_get_uint(&seq, UINT32_MAX);
	tag = der_peek(&seq);
	body = der_enter(&seq, tag < 0 ? DER_SEQUENCE : tag);
	if (der_end(&seq) != 0)
		return err_set(e, -CS_ERR_PROTOCOL, "broken message: %s",
		    err_text(der_check(&seq)));
	if ((tag & 0xe0) != DER_CONTEXT_C(0))
		return err_set(
		    e, -CS_ERR_PROTOCOL, "the body of the message has no tag");
	tag &= 0x1f;
	if ((size_t)tag >= AGT_TYPE_COUNT)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "message type %d is not known to this version", tag);
	msg->type = (enum agt_type)tag;
	at = field_get_all(&body, &agt_records[tag], msg);
	if (at != NULL)
		return err_set_at(e, -CS_ERR_PROTOCOL, body.err_offset,
		    "broken %s message: %s: %s at byte %zu",
		    agt_types[tag].name, at, err_text(der_check(&body)),
		    body.err_offset);
	at = agt_check_fields(&agt_records[tag], msg);
	if (at != NULL)
		return err_set(e, -CS_ERR_PROTOCOL,
		    "broken %s message: %s has a value that is not allowed",
		    agt_types[tag].name, at);
	return 0;
}

int
agt_msg_encode(const struct agt_msg *msg, struct buf *out)
{
	size_t seq, body;

	if ((size_t)msg->type >= AGT_TYPE_COUNT)
		return -CS_ERR_INTERNAL;
	if (agt_check_fields(&agt_records[msg->type], msg) != NULL)
		return -CS_ERR_ARGUMENT;
	seq = der_open(out, DER_SEQUENCE);
	der_put_uint(out, DER_INTEGER, msg->id);
	body = der_open(out, DER_CONTEXT_C((int)msg->type));
	field_put_all(out, &agt_records[msg->type], msg);
	der_close(out, body);
	der_close(out, seq);
	return out->err;
}

bool
agt_token_next(struct der *d, struct agt_token *token)
{
	memset(token, 0, sizeof(*token));
	token->tries_left = ERR_TRIES_UNKNOWN;
	return field_get_next(d, &record_token, token);
}

/* Key here and TokenKey in token.asn have the same fields. */
bool
agt_key_next(struct der *d, struct tok_key *key)
{
	return tok_key_next(d, key);
}

bool
agt_cert_next(struct der *d, struct bytes *cert)
{
	*cert = BYTES_NONE;
	if (!der_has_more(d))
		return false;
	*cert = der_get(d, DER_OCTET_STRING);
	return der_check(d) == 0;
}

bool
agt_module_next(struct der *d, struct agt_module *module)
{
	memset(module, 0, sizeof(*module));
	return field_get_next(d, &record_module, module);
}

void
agt_token_put(struct buf *b, const struct agt_token *token)
{
	field_put_next(b, &record_token, token);
}

void
agt_key_put(struct buf *b, const struct tok_key *key)
{
	tok_key_put(b, key);
}

void
agt_cert_put(struct buf *b, struct bytes cert)
{
	der_put(b, DER_OCTET_STRING, cert);
}

void
agt_module_put(struct buf *b, const struct agt_module *module)
{
	field_put_next(b, &record_module, module);
}
