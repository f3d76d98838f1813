#include "client/pkix/general_name.h"

static bool
is_ascii(struct bytes s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] >= 0x80)
			return false;
	}
	return true;
}

bool
bytes_has_control(struct bytes s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	}
	return false;
}

static void
other_name_decode(struct der *d, struct general_name *gn)
{
	struct der in, value;
	int tag;

	in = der_enter(d, DER_CONTEXT_C(0));
	gn->other_known = der_get_known_oid(&in, &gn->other_oid);
	value = der_enter(&in, DER_CONTEXT_C(0));
	gn->value = der_get_any(&value, &tag);
	if (der_end(&value) != 0 || der_end(&in) != 0)
		der_fail(d, in.err != 0 ? in.err : value.err);
}

void
der_get_general_name(struct der *d, struct general_name *gn)
{
	struct der in;
	int tag = der_peek(d);

	*gn = (struct general_name){.type = GN_OTHER};
	switch (tag) {
	case DER_CONTEXT_C(GN_OTHER):
		other_name_decode(d, gn);
		return;
	case DER_CONTEXT(GN_RFC822):
	case DER_CONTEXT(GN_DNS):
	case DER_CONTEXT(GN_URI):
		gn->type = (enum general_name_type)(tag & 0x1f);
		gn->value = der_get(d, tag);
		if (!is_ascii(gn->value))
			der_fail(d, -CS_ERR_ENCODING);
		return;
	case DER_CONTEXT_C(GN_DIRECTORY):
		gn->type = GN_DIRECTORY;
		in = der_enter(d, tag);
		gn->value = der_get_raw(&in, DER_SEQUENCE);
		if (der_end(&in) != 0)
			der_fail(d, in.err);
		return;
	case DER_CONTEXT_C(GN_X400):
	case DER_CONTEXT_C(GN_EDI_PARTY):
	case DER_CONTEXT(GN_IP):
	case DER_CONTEXT(GN_REGISTERED_ID):
		gn->type = (enum general_name_type)(tag & 0x1f);
		gn->value = der_get(d, tag);
		return;
	default:
		der_fail(d, -CS_ERR_ENCODING);
	}
}

int
general_names_check(struct der *d, int tag)
{
	struct general_name gn;
	struct der in = der_enter(d, tag);

	if (!der_has_more(&in))
		der_fail(&in, -CS_ERR_ENCODING);
	while (der_has_more(&in))
		der_get_general_name(&in, &gn);
	if (der_end(&in) != 0)
		return der_fail(d, in.err);
	return der_check(d);
}

struct bytes
general_name_get_mailbox(const struct general_name *gn)
{
	struct bytes text = gn->value;
	struct der d;

	if (gn->type == GN_OTHER) {
		if (gn->other_known != OID_ON_SMTP_UTF8_MAILBOX)
			return BYTES_NONE;
		der_init(&d, gn->value);
		text = der_get_utf8(&d, DER_UTF8_STRING, gn->value.len);
		if (der_end(&d) != 0)
			return BYTES_NONE;
	} else if (gn->type != GN_RFC822) {
		return BYTES_NONE;
	}
	return bytes_has_control(text) ? BYTES_NONE : text;
}
