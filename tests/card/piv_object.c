/* SELECT and GET DATA: SP 800-73-4 part 1, chapters 3 and 4; part 2,
 * section 3.1. */
#include "tests/card/piv.h"

#include <string.h>

#include "asn1/der.h"

enum object_tag {
	OBJECT_DISCOVERY = 0x7e,
	OBJECT_CARD_CERT = 0x5fc101,
	OBJECT_CHUID = 0x5fc102,
	OBJECT_AUTH_CERT = 0x5fc105,
	OBJECT_CCC = 0x5fc107,
	OBJECT_SIGN_CERT = 0x5fc10a,
	OBJECT_DECRYPT_CERT = 0x5fc10b,
	OBJECT_HISTORY = 0x5fc10c,
	OBJECT_RETIRED_FIRST = 0x5fc10d,
	OBJECT_RETIRED_LAST = 0x5fc120,
};

#define OBJECT_DATA 0x53
#define OBJECT_CHECK 0xfe /* error detection code, always empty */
#define OBJECT_TAG_LIST 0x5c

/* NIST's RID, the PIX of the PIV application, and its version. */
static const uint8_t piv_aid[] = {
    0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00};
#define AID_RID_LEN 5

/* --- the application property template --- */

static void
select_put_template(struct buf *out)
{
	static const char label[] = "Emulated card";
	size_t mark = der_open(out, 0x61);
	size_t inner;

	der_put(out, 0x4f,
	    bytes_of(piv_aid + AID_RID_LEN, sizeof(piv_aid) - AID_RID_LEN));
	inner = der_open(out, 0x79);
	der_put(out, 0x4f, bytes_of(piv_aid, AID_RID_LEN));
	der_close(out, inner);
	der_put(out, 0x50, BYTES_LIT(label));
	der_close(out, mark);
}

unsigned
piv_select(struct piv_card *c, const struct apdu *a, struct buf *out)
{
	if (a->p1 != 4 || a->p2 != 0)
		return SW_P1P2;
	/* By the whole name or its beginning. Another application's name
	 * leaves this one selected. */
	if (a->data.len < AID_RID_LEN || a->data.len > sizeof(piv_aid) ||
	    !bytes_is_equal(a->data, bytes_of(piv_aid, a->data.len)))
		return SW_NOT_FOUND;
	c->is_selected = true;
	select_put_template(out);
	return SW_OK;
}

/* --- data objects --- */

static void
object_put_check(struct buf *out)
{
	der_put(out, OBJECT_CHECK, BYTES_NONE);
}

/* Cardholder unique identifier, part 1, section 3.1.2. */
static void
object_put_chuid(const struct piv_card *c, struct buf *out)
{
	/* A FASC-N of a card outside the government: 9999 9999 999999 ... */
	static const uint8_t fasc_n[25] = {0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c,
	    0xed, 0x39, 0xce, 0x73, 0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42,
	    0x10, 0x84, 0x21, 0xc8, 0x42, 0x10, 0xc3, 0xeb};

	der_put(out, 0x30, bytes_of(fasc_n, sizeof(fasc_n)));
	der_put(out, 0x34, bytes_of(c->guid, sizeof(c->guid)));
	der_put_str(out, 0x35, "20491231");
	der_put(out, 0x3e, BYTES_NONE);
	object_put_check(out);
}

/* Card capability container, part 1, table 9. */
static void
object_put_ccc(const struct piv_card *c, struct buf *out)
{
	static const uint8_t version[] = {0x21};
	static const uint8_t model[] = {0x10};
	static const int empty[] = {0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd};
	uint8_t id[21] = {0xa0, 0x00, 0x00, 0x01, 0x16, 0xff, 0x02};
	size_t i;

	memcpy(id + 7, c->guid + 2, sizeof(id) - 7);
	der_put(out, 0xf0, bytes_of(id, sizeof(id)));
	der_put(out, 0xf1, bytes_of(version, 1));
	der_put(out, 0xf2, bytes_of(version, 1));
	der_put(out, 0xf3, BYTES_NONE);
	der_put(out, 0xf4, BYTES_LIT("\0"));
	der_put(out, 0xf5, bytes_of(model, 1));
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		der_put(out, empty[i], BYTES_NONE);
	object_put_check(out);
}

/* Which PINs there are, and which is preferred: part 1, section 3.3.2. */
static void
object_put_discovery(const struct piv_card *c, struct buf *out)
{
	static const uint8_t one[] = {0x5f, 0x2f, 2, 0x40, 0x00};
	static const uint8_t two[] = {0x5f, 0x2f, 2, 0x60, 0x20};

	der_put(out, 0x4f, bytes_of(piv_aid, sizeof(piv_aid)));
	buf_add(out, c->global_pin.is_there ? two : one, sizeof(one));
}

static void
object_put_history(struct piv_card *c, struct buf *out)
{
	uint8_t on_card = 0, off_card = 0;
	const struct piv_key *k;
	unsigned ref;

	for (ref = PIV_REF_RETIRED_FIRST; ref <= PIV_REF_RETIRED_LAST; ref++) {
		k = piv_find_key(c, ref);
		if (k != NULL && k->cert.len > 0)
			on_card++;
	}
	der_put(out, 0xc1, bytes_of(&on_card, 1));
	der_put(out, 0xc2, bytes_of(&off_card, 1));
	object_put_check(out);
}

/* Part 1, section 4.2 and appendix A. */
static void
object_put_cert(const struct piv_key *k, struct buf *out)
{
	uint8_t info = k->is_gzip;

	der_put(out, 0x70, buf_get(&k->cert));
	der_put(out, 0x71, bytes_of(&info, 1));
	object_put_check(out);
}

static struct piv_key *
object_find_cert(struct piv_card *c, unsigned tag)
{
	struct piv_key *k = NULL;

	switch (tag) {
	case OBJECT_AUTH_CERT:
		k = piv_find_key(c, PIV_REF_AUTH);
		break;
	case OBJECT_SIGN_CERT:
		k = piv_find_key(c, PIV_REF_SIGN);
		break;
	case OBJECT_DECRYPT_CERT:
		k = piv_find_key(c, PIV_REF_DECRYPT);
		break;
	case OBJECT_CARD_CERT:
		k = piv_find_key(c, PIV_REF_CARD);
		break;
	default:
		if (tag >= OBJECT_RETIRED_FIRST && tag <= OBJECT_RETIRED_LAST)
			k = piv_find_key(c,
			    tag - OBJECT_RETIRED_FIRST + PIV_REF_RETIRED_FIRST);
	}
	return k != NULL && k->cert.len > 0 ? k : NULL;
}

static bool
object_put(struct piv_card *c, unsigned tag, struct buf *out)
{
	const struct piv_key *k;

	switch (tag) {
	case OBJECT_CHUID:
		object_put_chuid(c, out);
		return true;
	case OBJECT_CCC:
		object_put_ccc(c, out);
		return true;
	case OBJECT_DISCOVERY:
		if (c->has_discovery)
			object_put_discovery(c, out);
		return c->has_discovery;
	case OBJECT_HISTORY:
		if (c->has_history)
			object_put_history(c, out);
		return c->has_history;
	default:
		k = object_find_cert(c, tag);
		if (k != NULL)
			object_put_cert(k, out);
		return k != NULL;
	}
}

unsigned
piv_get_data(struct piv_card *c, const struct apdu *a, struct buf *out)
{
	struct bytes name;
	struct der d;
	unsigned tag = 0;
	size_t i, mark;
	bool found;

	if (a->p1 != 0x3f || a->p2 != 0xff)
		return SW_P1P2;
	der_init(&d, a->data);
	name = der_get(&d, OBJECT_TAG_LIST);
	if (der_end(&d) != 0 || name.len == 0 || name.len > 3)
		return SW_DATA;
	for (i = 0; i < name.len; i++)
		tag = tag << 8 | name.p[i];
	mark = der_open(
	    out, tag == OBJECT_DISCOVERY ? OBJECT_DISCOVERY : OBJECT_DATA);
	found = object_put(c, tag, out);
	der_close(out, mark);
	return found ? SW_OK : SW_NOT_FOUND;
}
