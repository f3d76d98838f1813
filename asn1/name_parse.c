/* RFC 4514 text to a Name. */
#include <string.h>

#include "asn1/name.h"
#include "asn1/say.h"

#define NAME_PARSE_VALUE_MAX 512
#define NAME_PARSE_TYPE_MAX 128

struct name_parser {
	const char *p; /* the rest of the text */
	struct err *e;
};

static void
name_skip_blanks(struct name_parser *in)
{
	in->p += strspn(in->p, " ");
}

static int
name_bad(struct name_parser *in, const char *what)
{
	char quoted[80];

	return err_set(in->e, -CS_ERR_ARGUMENT, "the name at \"%s\": %s",
	    err_quote(quoted, sizeof(quoted), in->p, strlen(in->p)), say(what));
}

static int
name_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two digits; -1: they are none. */
static int
name_hex_octet(const char *p)
{
	int high = name_hex_digit(p[0]);

	if (high < 0 || name_hex_digit(p[1]) < 0)
		return -1;
	return high << 4 | name_hex_digit(p[1]);
}

/* "CN", "emailAddress", "2.5.4.3"; gives the OID's octets. */
static int
name_parse_type(struct name_parser *in, enum oid *type, struct buf *oid)
{
	size_t len = strcspn(in->p, "=,+; ");
	char name[NAME_PARSE_TYPE_MAX];

	if (len == 0 || len >= sizeof(name) || in->p[len] != '=')
		return name_bad(in, "TYPE=value is wanted, such as CN=Alice");
	memcpy(name, in->p, len);
	name[len] = '\0';
	if (strcmp(name, "E") == 0 || strcmp(name, "email") == 0)
		*type = OID_AT_EMAIL;
	else
		*type = oid_find_name(name);
	if (*type >= OID_AT_CN && *type <= OID_AT_EMAIL)
		buf_add_bytes(oid, oid_get(*type));
	else if (name[0] < '0' || name[0] > '9' || oid_parse(oid, name) != 0)
		return name_bad(in, "there is no such attribute");
	in->p += len + 1;
	return 0;
}

/* One character of a value, escaped or not. */
static int
name_parse_char(struct name_parser *in, struct buf *value)
{
	int octet;

	if (in->p[0] != '\\')
		return buf_add_byte(value, (uint8_t)*in->p++);
	octet = in->p[1] != '\0' ? name_hex_octet(in->p + 1) : -1;
	if (octet >= 0) {
		in->p += 3;
		return buf_add_byte(value, (uint8_t)octet);
	}
	if (in->p[1] == '\0' || strchr(" \"#+,;<=>\\", in->p[1]) == NULL)
		return name_bad(in, "a \\ stands before no special character");
	in->p += 2;
	return buf_add_byte(value, (uint8_t)in->p[-1]);
}

static int
name_parse_value(struct name_parser *in, struct buf *value)
{
	size_t kept = 0; /* blanks that were not escaped do not end it */
	int r = 0;

	name_skip_blanks(in);
	if (*in->p == '#' || *in->p == '"')
		return name_bad(in, "\" and # must have a \\ before them");
	while (r == 0 && *in->p != '\0' && strchr(",+;", *in->p) == NULL) {
		bool is_blank = *in->p == ' ';

		r = name_parse_char(in, value);
		if (!is_blank)
			kept = value->len;
	}
	if (r != 0)
		return r;
	value->len = kept;
	if (kept == 0)
		return name_bad(in, "a value is empty");
	return utf8_is_valid(buf_get(value)) &&
		       memchr(value->data, '\0', kept) == NULL
		   ? 0
		   : name_bad(in, "the value before is no text in UTF-8");
}

/* RFC 5280 4.1.2.4 and appendix A: most are UTF8String, some are not. */
static int
name_value_tag(enum oid type)
{
	switch (type) {
	case OID_AT_C:
	case OID_AT_SERIAL_NUMBER:
	case OID_AT_DN_QUALIFIER:
		return DER_PRINTABLE_STRING;
	case OID_AT_EMAIL:
	case OID_AT_DC:
		return DER_IA5_STRING;
	default:
		return DER_UTF8_STRING;
	}
}

/* X.680 41.4 */
static bool
name_is_printable(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr(" '()+,-./:=?", c) != NULL);
}

static bool
name_fits(int tag, enum oid type, struct bytes value)
{
	size_t i;

	if (type == OID_AT_C && value.len != 2)
		return false;
	for (i = 0; tag != DER_UTF8_STRING && i < value.len; i++)
		if (value.p[i] >= 0x80 || (tag == DER_PRINTABLE_STRING &&
					      !name_is_printable(value.p[i])))
			return false;
	return true;
}

static int
name_parse_ava(struct name_parser *in, struct buf *out)
{
	struct buf oid = {.max = DER_OID_MAX};
	struct buf value = {.max = NAME_PARSE_VALUE_MAX};
	const char *start;
	enum oid type = OID_UNKNOWN;
	size_t mark;
	int r, tag = DER_UTF8_STRING;

	name_skip_blanks(in);
	start = in->p;
	r = name_parse_type(in, &type, &oid);
	if (r == 0)
		r = name_parse_value(in, &value);
	if (r == 0) {
		tag = name_value_tag(type);
		in->p = name_fits(tag, type, buf_get(&value)) ? in->p : start;
		if (in->p == start)
			r = name_bad(in, "the attribute takes no such value");
	}
	if (r == 0) {
		mark = der_open(out, DER_SEQUENCE);
		der_put(out, DER_OID, buf_get(&oid));
		der_put(out, tag, buf_get(&value));
		der_close(out, mark);
	}
	buf_clear(&oid);
	buf_clear(&value);
	return r;
}

/* One RDN, "CN=Alice+UID=alice", and the comma behind it. */
static int
name_parse_rdn(struct name_parser *in, struct buf *rdn, bool *is_last)
{
	size_t mark = der_open(rdn, DER_SET);
	int r = name_parse_ava(in, rdn);

	while (r == 0 && *in->p == '+') {
		in->p++;
		r = name_parse_ava(in, rdn);
	}
	*is_last = *in->p == '\0';
	if (!*is_last)
		in->p++;
	return r != 0 ? r : der_close_set_of(rdn, mark);
}

/* The text has the most specific one first, the encoding last. */
static int
name_parse_rdns(struct name_parser *in, unsigned depth, struct buf *out)
{
	struct buf rdn = {0};
	bool is_last = false;
	int r;

	if (depth == NAME_RDN_MAX)
		return name_bad(in, "the name has too many parts");
	r = name_parse_rdn(in, &rdn, &is_last);
	if (r == 0 && !is_last)
		r = name_parse_rdns(in, depth + 1, out);
	if (r == 0)
		der_put_raw(out, buf_get(&rdn));
	buf_clear(&rdn);
	return r != 0 ? r : out->err;
}

int
name_parse(struct buf *b, const char *text, struct err *e)
{
	struct name_parser in = {.p = text, .e = e};
	struct buf name = {0};
	size_t mark;
	int r;

	name_skip_blanks(&in);
	mark = der_open(&name, DER_SEQUENCE);
	r = *in.p == '\0' ? 0 : name_parse_rdns(&in, 0, &name);
	der_close(&name, mark);
	if (r == 0)
		r = name.err != 0 ? name.err : name_check(buf_get(&name), e);
	if (r == 0)
		r = buf_add_bytes(b, buf_get(&name));
	buf_clear(&name);
	return r;
}
