/* What the card says when power comes. OpenSC picks its rules by it. */
#include "tests/card/piv.h"

#include <string.h>
#include <strings.h>

#include "tests/card/words.h"

#define HISTORICAL_MAX 15

static const struct atr_kind {
	const char *name;
	uint8_t historical[HISTORICAL_MAX];
	uint8_t len;
} atr_kinds[] = {
    /* Compact TLV, application identifier: a PIV card that says so. */
    {"piv",
	{0x80, 0xfb, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01,
	    0x00},
	13},
    /* Nothing that anybody knows. */
    {"generic", {'E', 'm', 'u', 'l', 'a', 't', 'e', 'd'}, 8},
    {"yubikey", {'Y', 'u', 'b', 'i', 'k', 'e', 'y', '4'}, 8},
    /* Taken for a PIVKey, which can do no elliptic curves. */
    {"pivkey", {0}, 0},
};

/* ISO 7816-3: T=0 is offered with TD1, T=1 with TD2; then the historical
 * bytes, and the exclusive or of all but the first. */
static void
atr_make(struct piv_card *c, const struct atr_kind *kind)
{
	uint8_t check = 0;
	size_t i, n = 0;

	c->atr[n++] = 0x3b;
	c->atr[n++] = (uint8_t)(0x80 | kind->len);
	c->atr[n++] = 0x80;
	c->atr[n++] = 0x01;
	memcpy(c->atr + n, kind->historical, kind->len);
	n += kind->len;
	for (i = 1; i < n; i++)
		check ^= c->atr[i];
	c->atr[n++] = check;
	c->atr_len = n;
}

static bool
atr_from_hex(struct piv_card *c, const char *text)
{
	uint8_t atr[PIV_ATR_MAX];
	size_t len = strlen(text) / 2;

	if (len < 2 || len > PIV_ATR_MAX || !word_get_hex(text, atr, len))
		return false;
	memcpy(c->atr, atr, len);
	c->atr_len = len;
	return true;
}

bool
piv_set_atr(struct piv_card *c, const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(atr_kinds) / sizeof(atr_kinds[0]); i++) {
		if (strcasecmp(atr_kinds[i].name, text) == 0) {
			atr_make(c, &atr_kinds[i]);
			return true;
		}
	}
	return atr_from_hex(c, text);
}
