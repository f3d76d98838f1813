#include "asn1/ess.h"

#include "asn1/time.h"

/* The tags of GeneralName's CHOICE (RFC 5280 4.2.1.6). */
#define NAME_RFC822 DER_CONTEXT(1)
#define NAME_LAST 8

#define ESS_VERSION 1

/* --- GeneralNames --- */

static bool
is_visible_ascii(struct bytes s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.len != 0;
}

/* Takes one GeneralName; what is none fails the cursor. */
static void
names_check_one(struct der *names)
{
	int tag;

	(void)der_get_any(names, &tag);
	if (der_check(names) == 0 &&
	    ((tag & 0xc0) != 0x80 || (tag & 0x1f) > NAME_LAST))
		der_fail(names, -CS_ERR_ENCODING);
}

/* Takes a SEQUENCE OF GeneralNames under that tag, 1 to max of them. */
static struct bytes
get_entities(struct der *d, int tag, size_t max)
{
	struct bytes content = der_get(d, tag);
	struct der list, names;
	size_t count = 0, n;

	der_init_in(&list, d, content);
	while (der_has_more(&list)) {
		if (++count > max)
			der_fail(&list, -CS_ERR_TOO_LARGE);
		names = der_enter(&list, DER_SEQUENCE);
		for (n = 0; der_has_more(&names); n++) {
			if (n == ESS_NAMES_MAX)
				der_fail(&names, -CS_ERR_TOO_LARGE);
			names_check_one(&names);
		}
		if (n == 0)
			der_fail(&names, -CS_ERR_ENCODING);
		der_leave(&list, &names);
	}
	if (der_end(&list) != 0)
		der_fail(d, list.err);
	return content;
}

bool
ess_names_next(struct der *list, struct bytes *names)
{
	*names = BYTES_NONE;
	if (!der_has_more(list))
		return false;
	*names = der_get(list, DER_SEQUENCE);
	return der_check(list) == 0;
}

bool
ess_address_next(struct der *names, struct bytes *address)
{
	while (der_has_more(names)) {
		if (der_get_opt(names, NAME_RFC822, address)) {
			if (is_visible_ascii(*address))
				return true;
		} else {
			der_skip(names);
		}
	}
	*address = BYTES_NONE;
	return false;
}

bool
ess_list_has(
    struct bytes list, bool (*is)(void *ctx, struct bytes a), void *ctx)
{
	struct bytes names, address;
	struct der d, in;

	der_init(&d, list);
	while (ess_names_next(&d, &names)) {
		der_init(&in, names);
		while (ess_address_next(&in, &address))
			if (is(ctx, address))
				return true;
	}
	return false;
}

static void
put_entities(struct buf *b, int tag, const char *const *addresses, size_t n)
{
	size_t list = der_open(b, tag), names, i;

	for (i = 0; i < n; i++) {
		names = der_open(b, DER_SEQUENCE);
		der_put_str(b, NAME_RFC822, addresses[i]);
		der_close(b, names);
	}
	der_close(b, list);
}

/* --- receipts --- */

static struct bytes
get_content_id(struct der *d)
{
	struct bytes id = der_get(d, DER_OCTET_STRING);

	if (id.len > ESS_CONTENT_ID_MAX)
		der_fail(d, -CS_ERR_TOO_LARGE);
	return id;
}

/* CHOICE ReceiptsFrom */
static void
get_receipts_from(struct der *d, struct ess_receipt_request *request)
{
	if (der_peek(d) == DER_CONTEXT(0)) {
		request->from = der_get_uint_tag(d, DER_CONTEXT(0), 1) == 0
				    ? ESS_FROM_ALL
				    : ESS_FROM_FIRST_TIER;
		return;
	}
	request->from = ESS_FROM_LIST;
	request->from_list =
	    get_entities(d, DER_CONTEXT_C(1), ESS_ENTITIES_MAX);
}

int
ess_receipt_request_decode(
    struct bytes value, struct ess_receipt_request *request)
{
	struct der d, in;

	*request = (struct ess_receipt_request){0};
	der_init(&d, value);
	in = der_enter(&d, DER_SEQUENCE);
	request->content_id = get_content_id(&in);
	get_receipts_from(&in, request);
	request->to = get_entities(&in, DER_SEQUENCE, ESS_RECEIPTS_TO_MAX);
	if (der_check(&in) == 0 && request->to.len == 0)
		der_fail(&in, -CS_ERR_ENCODING);
	der_leave(&d, &in);
	if (der_end(&d) != 0)
		*request = (struct ess_receipt_request){0};
	return d.err;
}

void
der_put_receipt_request(struct buf *b, const struct ess_receipt_wish *wish)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put(b, DER_OCTET_STRING, wish->content_id);
	if (wish->from == ESS_FROM_LIST)
		put_entities(
		    b, DER_CONTEXT_C(1), wish->from_list, wish->from_len);
	else
		der_put_uint(
		    b, DER_CONTEXT(0), wish->from == ESS_FROM_ALL ? 0 : 1);
	put_entities(b, DER_SEQUENCE, wish->to, wish->to_len);
	der_close(b, mark);
}

int
ess_receipt_decode(struct bytes value, struct ess_receipt *receipt)
{
	struct der d, in;

	*receipt = (struct ess_receipt){0};
	der_init(&d, value);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_get_uint(&in, ESS_VERSION) != ESS_VERSION)
		der_fail(&in, -CS_ERR_UNSUPPORTED);
	receipt->content_type = der_get_oid(&in);
	receipt->content_id = get_content_id(&in);
	receipt->signature = der_get(&in, DER_OCTET_STRING);
	der_leave(&d, &in);
	if (der_end(&d) != 0)
		*receipt = (struct ess_receipt){0};
	return d.err;
}

void
der_put_receipt(struct buf *b, const struct ess_receipt *receipt)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_uint(b, DER_INTEGER, ESS_VERSION);
	der_put(b, DER_OID, receipt->content_type);
	der_put(b, DER_OCTET_STRING, receipt->content_id);
	der_put(b, DER_OCTET_STRING, receipt->signature);
	der_close(b, mark);
}

/* --- mailing lists --- */

/* EntityIdentifier: a key identifier without a tag of its own. */
static void
get_entity_id(struct der *d, struct cert_id *id)
{
	*id = (struct cert_id){0};
	if (der_peek(d) != DER_OCTET_STRING) {
		der_get_issuer_serial(d, DER_SEQUENCE, id);
		return;
	}
	id->key_id = der_get(d, DER_OCTET_STRING);
	if (id->key_id.len == 0 || id->key_id.len > CERT_ID_KEY_ID_MAX)
		der_fail(d, -CS_ERR_ENCODING);
}

static void
get_list_policy(struct der *d, struct ess_list *list)
{
	switch (der_peek(d)) {
	case -1:
		list->policy = ESS_LIST_AS_ASKED;
		return;
	case DER_CONTEXT(0):
		list->policy = ESS_LIST_NONE;
		if (der_get(d, DER_CONTEXT(0)).len != 0)
			der_fail(d, -CS_ERR_ENCODING);
		return;
	case DER_CONTEXT_C(1):
		list->policy = ESS_LIST_INSTEAD_OF;
		break;
	default:
		list->policy = ESS_LIST_IN_ADDITION_TO;
		break;
	}
	list->to = get_entities(d,
	    list->policy == ESS_LIST_INSTEAD_OF ? DER_CONTEXT_C(1)
						: DER_CONTEXT_C(2),
	    ESS_ENTITIES_MAX);
	if (der_check(d) == 0 && list->to.len == 0)
		der_fail(d, -CS_ERR_ENCODING);
}

bool
ess_list_next(struct der *lists, struct ess_list *list)
{
	struct der in;

	*list = (struct ess_list){0};
	if (!der_has_more(lists))
		return false;
	in = der_enter(lists, DER_SEQUENCE);
	get_entity_id(&in, &list->id);
	if (der_peek(&in) != DER_GENERALIZED_TIME)
		der_fail(&in, -CS_ERR_ENCODING);
	list->time = der_get_time(&in);
	get_list_policy(&in, list);
	der_leave(lists, &in);
	return der_check(lists) == 0;
}

int
ess_history_decode(
    struct bytes value, struct bytes *lists, struct ess_list *last)
{
	struct ess_list list;
	struct der d, in;
	size_t count = 0;

	*last = (struct ess_list){0};
	der_init(&d, value);
	*lists = der_get(&d, DER_SEQUENCE);
	der_init_in(&in, &d, *lists);
	while (ess_list_next(&in, &list)) {
		if (++count > ESS_LISTS_MAX)
			der_fail(&in, -CS_ERR_TOO_LARGE);
		*last = list;
	}
	if (der_end(&in) != 0)
		der_fail(&d, in.err);
	else if (count == 0)
		der_fail(&d, -CS_ERR_ENCODING);
	if (der_end(&d) != 0) {
		*lists = BYTES_NONE;
		*last = (struct ess_list){0};
	}
	return d.err;
}
