/* PINs: SP 800-73-4 part 2, section 3.2. */
#include "tests/card/piv.h"

#include <string.h>

#define PIN_DIGITS_MIN 6
#define PIN_FILL 0xff

static bool
pin_has_digits(const uint8_t value[PIV_PIN_LEN])
{
	size_t i, digits = 0;

	while (digits < PIV_PIN_LEN && value[digits] >= '0' &&
	       value[digits] <= '9')
		digits++;
	for (i = digits; i < PIV_PIN_LEN; i++)
		if (value[i] != PIN_FILL)
			return false;
	return digits >= PIN_DIGITS_MIN;
}

bool
piv_pin_set(struct piv_pin *p, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > PIV_PIN_LEN)
		return false;
	memset(p->value, PIN_FILL, PIV_PIN_LEN);
	memcpy(p->value, text, len);
	p->is_there = true;
	return true;
}

static struct piv_pin *
pin_find(struct piv_card *c, uint8_t ref)
{
	struct piv_pin *p = NULL;

	if (ref == PIV_REF_PIN)
		p = &c->pin;
	else if (ref == PIV_REF_GLOBAL_PIN)
		p = &c->global_pin;
	else if (ref == PIV_REF_PUK)
		p = &c->puk;
	return p != NULL && p->is_there ? p : NULL;
}

bool
piv_is_verified(const struct piv_card *c)
{
	return c->pin.is_verified || c->global_pin.is_verified;
}

static unsigned
pin_tries_sw(const struct piv_pin *p)
{
	return p->tries == 0 ? SW_BLOCKED : SW_TRIES | (p->tries & 15);
}

/* Compares what was presented, and counts. */
static unsigned
pin_check(struct piv_pin *p, const uint8_t *value)
{
	if (p->tries == 0)
		return SW_BLOCKED;
	if (!mem_is_equal_ct(p->value, value, PIV_PIN_LEN)) {
		p->is_verified = false;
		p->tries--;
		p->failed++;
		return SW_TRIES | (p->tries & 15);
	}
	p->tries = p->tries_max;
	p->verified++;
	return SW_OK;
}

static unsigned
verify_state(struct piv_card *c, const struct piv_pin *p)
{
	c->counts.empty_verifies++;
	return p->is_verified ? SW_OK : pin_tries_sw(p);
}

unsigned
piv_verify(struct piv_card *c, const struct apdu *a)
{
	struct piv_pin *p = pin_find(c, a->p2);
	unsigned sw;

	if (p == NULL || p == &c->puk)
		return SW_REFERENCE;
	if (a->p1 == 0xff && a->data.len == 0) {
		c->counts.logouts++;
		p->is_verified = false;
		return SW_OK;
	}
	if (a->p1 != 0)
		return SW_P1P2;
	if (a->data.len == 0)
		return verify_state(c, p);
	/* A wrong form costs no try (section 3.2.1). */
	if (a->data.len != PIV_PIN_LEN || !pin_has_digits(a->data.p))
		return SW_DATA;
	sw = pin_check(p, a->data.p);
	if (sw == SW_OK) {
		p->is_verified = true;
		c->is_fresh = true;
	}
	return sw;
}

unsigned
piv_change_reference(struct piv_card *c, const struct apdu *a)
{
	struct piv_pin *p = pin_find(c, a->p2);
	const uint8_t *fresh;
	unsigned sw;

	if (p == NULL)
		return SW_REFERENCE;
	if (a->p1 != 0)
		return SW_P1P2;
	if (a->data.len != 2 * PIV_PIN_LEN)
		return SW_DATA;
	fresh = a->data.p + PIV_PIN_LEN;
	if (p != &c->puk &&
	    (!pin_has_digits(a->data.p) || !pin_has_digits(fresh)))
		return SW_DATA;
	sw = pin_check(p, a->data.p);
	if (sw == SW_OK) {
		memcpy(p->value, fresh, PIV_PIN_LEN);
		p->is_verified = p != &c->puk;
	}
	return sw;
}

unsigned
piv_reset_retry(struct piv_card *c, const struct apdu *a)
{
	const uint8_t *fresh;
	unsigned sw;

	if (a->p2 != PIV_REF_PIN)
		return SW_REFERENCE;
	if (a->p1 != 0)
		return SW_P1P2;
	if (a->data.len != 2 * PIV_PIN_LEN)
		return SW_DATA;
	fresh = a->data.p + PIV_PIN_LEN;
	if (!pin_has_digits(fresh))
		return SW_DATA;
	sw = pin_check(&c->puk, a->data.p);
	if (sw == SW_OK) {
		memcpy(c->pin.value, fresh, PIV_PIN_LEN);
		c->pin.tries = c->pin.tries_max;
	}
	return sw;
}
