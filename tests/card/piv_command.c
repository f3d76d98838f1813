/* From bytes to commands and back: chaining in both directions (SP 800-73-4
 * part 2, section 2.4), and which command is which. */
#include "tests/card/piv.h"

enum piv_ins {
	INS_VERIFY = 0x20,
	INS_CHANGE_REFERENCE = 0x24,
	INS_RESET_RETRY = 0x2c,
	INS_AUTHENTICATE = 0x87,
	INS_SELECT = 0xa4,
	INS_GET_RESPONSE = 0xc0,
	INS_GET_DATA = 0xcb,
	INS_YUBICO_SERIAL = 0xf8,
	INS_YUBICO_VERSION = 0xfd,
};

void
piv_reset(struct piv_card *c)
{
	c->counts.resets++;
	/* PIV is the application that is selected by default. */
	c->is_selected = true;
	c->is_fresh = false;
	c->pin.is_verified = c->global_pin.is_verified = false;
	c->chain_head = (struct apdu){0};
	buf_clear(&c->chain);
	buf_clear(&c->rest);
}

static void
command_put_sw(struct buf *out, unsigned sw)
{
	buf_add_byte(out, (uint8_t)(sw >> 8));
	buf_add_byte(out, (uint8_t)sw);
}

/* As much of the response as was asked for; the rest stays for GET
 * RESPONSE. */
static void
command_put_rest(struct piv_card *c, const struct apdu *a, struct buf *out)
{
	size_t most = a->le == 0 ? APDU_LE_SHORT : a->le;
	size_t len = c->rest.len < most ? c->rest.len : most;

	buf_add(out, c->rest.data, len);
	buf_consume(&c->rest, len);
	if (c->rest.len == 0)
		command_put_sw(out, SW_OK);
	else
		command_put_sw(
		    out, (unsigned)(SW_MORE |
				    (c->rest.len < 256 ? c->rest.len : 0)));
}

static unsigned
command_yubico(const struct piv_card *c, const struct apdu *a, struct buf *out)
{
	static const uint8_t version[] = {5, 4, 3};
	unsigned shift = 32;

	if (a->ins == INS_YUBICO_VERSION) {
		buf_add(out, version, sizeof(version));
		return SW_OK;
	}
	while (shift > 0) {
		shift -= 8;
		buf_add_byte(out, (uint8_t)(c->serial >> shift));
	}
	return SW_OK;
}

static unsigned
command_run(struct piv_card *c, const struct apdu *a, struct buf *out)
{
	bool was_fresh = c->is_fresh;

	if (a->ins == INS_SELECT)
		return piv_select(c, a, out);
	if (!c->is_selected)
		return SW_INS;
	if (a->ins == INS_AUTHENTICATE || c->is_strict)
		c->is_fresh = false;
	switch (a->ins) {
	case INS_GET_DATA:
		return piv_get_data(c, a, out);
	case INS_VERIFY:
		return piv_verify(c, a);
	case INS_CHANGE_REFERENCE:
		return piv_change_reference(c, a);
	case INS_RESET_RETRY:
		return piv_reset_retry(c, a);
	case INS_AUTHENTICATE:
		return piv_authenticate(c, a, was_fresh, out);
	case INS_YUBICO_VERSION:
	case INS_YUBICO_SERIAL:
		return c->is_yubico ? command_yubico(c, a, out) : SW_INS;
	default:
		return SW_INS;
	}
}

/* Adds a's data to the chain. Gives 0, or a status word. */
static unsigned
command_chain(struct piv_card *c, const struct apdu *a)
{
	const struct apdu *head = &c->chain_head;

	if (c->chain.len > 0 &&
	    (head->ins != a->ins || head->p1 != a->p1 || head->p2 != a->p2)) {
		buf_clear(&c->chain);
		return SW_CHAIN;
	}
	if (c->chain.len + a->data.len > PIV_CHAIN_MAX ||
	    buf_add_bytes(&c->chain, a->data) != 0) {
		buf_clear(&c->chain);
		return SW_LENGTH;
	}
	c->chain_head = *a;
	c->chain_head.data = BYTES_NONE;
	return 0;
}

static void
command_whole(struct piv_card *c, const struct apdu *a, struct buf *out)
{
	struct apdu whole = *a;
	unsigned sw;

	buf_clear(&c->rest);
	if (c->chain.len > 0) {
		sw = command_chain(c, a);
		if (sw != 0) {
			command_put_sw(out, sw);
			return;
		}
		whole.data = buf_get(&c->chain);
	}
	sw = command_run(c, &whole, &c->rest);
	buf_clear(&c->chain);
	if (sw != SW_OK || c->rest.err != 0) {
		buf_clear(&c->rest);
		command_put_sw(out, sw != SW_OK ? sw : SW_INTERNAL);
		return;
	}
	command_put_rest(c, a, out);
}

void
piv_command(struct piv_card *c, struct bytes raw, struct buf *out)
{
	struct apdu a;
	unsigned sw;

	c->counts.apdus++;
	if (!apdu_decode(&a, raw)) {
		command_put_sw(out, SW_LENGTH);
	} else if ((a.cla & ~APDU_CLA_CHAIN) != 0) {
		command_put_sw(out, SW_CLA);
	} else if (a.ins == INS_GET_RESPONSE) {
		if (c->rest.len > 0)
			command_put_rest(c, &a, out);
		else
			command_put_sw(out, SW_CONDITIONS);
	} else if ((a.cla & APDU_CLA_CHAIN) != 0) {
		sw = command_chain(c, &a);
		command_put_sw(out, sw == 0 ? SW_OK : sw);
	} else {
		command_whole(c, &a, out);
	}
}
