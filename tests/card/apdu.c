#include "tests/card/apdu.h"

/* ISO 7816-4, section 5.2: the body is Lc, data and Le, each of which may be
 * missing; a first octet of zero announces two-octet lengths. */
static bool
apdu_decode_short(struct apdu *a, const uint8_t *p, size_t len)
{
	size_t lc = p[0];

	if (len == 1) {
		a->le = lc == 0 ? APDU_LE_SHORT : lc;
		return true;
	}
	if (lc == 0 || len < 1 + lc || len > 2 + lc)
		return false;
	a->data = bytes_of(p + 1, lc);
	if (len == 2 + lc)
		a->le = p[1 + lc] == 0 ? APDU_LE_SHORT : p[1 + lc];
	return true;
}

static size_t
apdu_get_u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static bool
apdu_decode_extended(struct apdu *a, const uint8_t *p, size_t len)
{
	size_t lc = apdu_get_u16(p + 1);
	size_t le;

	a->is_extended = true;
	if (len == 3) {
		a->le = lc == 0 ? 65536 : lc;
		return true;
	}
	if (lc == 0 || (len != 3 + lc && len != 5 + lc))
		return false;
	a->data = bytes_of(p + 3, lc);
	if (len == 5 + lc) {
		le = apdu_get_u16(p + 3 + lc);
		a->le = le == 0 ? 65536 : le;
	}
	return true;
}

bool
apdu_decode(struct apdu *a, struct bytes raw)
{
	*a = (struct apdu){0};
	if (raw.len < 4 || raw.len > APDU_LEN_MAX)
		return false;
	a->cla = raw.p[0];
	a->ins = raw.p[1];
	a->p1 = raw.p[2];
	a->p2 = raw.p[3];
	if (raw.len == 4)
		return true;
	if (raw.p[4] == 0 && raw.len >= 7)
		return apdu_decode_extended(a, raw.p + 4, raw.len - 4);
	return apdu_decode_short(a, raw.p + 4, raw.len - 4);
}
