/* piv_card: an emulated PIV card for a virtual reader; see emulator.h for
 * its options and control socket, and piv.h for the file of the card.
 *
 * set takes tries, puk-tries, pin, puk and atr (which holds from the next
 * insertion). A card that was swapped for another one is kept as it was, and
 * is back by the same name. */
#include "tests/card/emulator.h"
#include "tests/card/piv.h"
#include "tests/card/words.h"

#include <stdlib.h>
#include <string.h>

#define CARDS_MAX 8

struct shelf {
	struct piv_card cards[CARDS_MAX];
	char *paths[CARDS_MAX];
	size_t len;
	struct piv_card *now; /* the one in the reader */
};

static struct piv_card *
shelf_now(void *ctx)
{
	struct shelf *s = ctx;

	return s->now;
}

static bool
card_load(void *ctx, const char *path, struct err *e)
{
	struct shelf *s = ctx;
	size_t i;

	for (i = 0; i < s->len; i++) {
		if (strcmp(s->paths[i], path) == 0) {
			s->now = &s->cards[i];
			return true;
		}
	}
	if (s->len == CARDS_MAX) {
		(void)!err_set(e, -CS_ERR_TOO_LARGE, "too many cards");
		return false;
	}
	s->paths[i] = strdup(path);
	if (s->paths[i] == NULL || !piv_load(&s->cards[i], path, e)) {
		free(s->paths[i]);
		piv_clear(&s->cards[i]);
		return false;
	}
	s->now = &s->cards[s->len++];
	return true;
}

static void
shelf_clear(struct shelf *s)
{
	size_t i;

	for (i = 0; i < s->len; i++) {
		piv_clear(&s->cards[i]);
		free(s->paths[i]);
	}
}

static void
card_reset(void *ctx)
{
	piv_reset(shelf_now(ctx));
}

static struct bytes
card_atr(void *ctx)
{
	const struct piv_card *c = shelf_now(ctx);

	return bytes_of(c->atr, c->atr_len);
}

static void
card_command(void *ctx, struct bytes raw, struct buf *out)
{
	piv_command(shelf_now(ctx), raw, out);
}

static void
card_status(void *ctx, struct buf *reply)
{
	const struct piv_card *c = shelf_now(ctx);
	const struct piv_counts *n = &c->counts;
	size_t i;

	buf_printf(reply,
	    " tries=%u puk-tries=%u verified=%d verify-good=%u"
	    " verify-failed=%u empty-verifies=%u logouts=%u signatures=%u"
	    " agreements=%u apdus=%u resets=%u",
	    c->pin.tries, c->puk.tries, piv_is_verified(c), c->pin.verified,
	    c->pin.failed, n->empty_verifies, n->logouts, n->signatures,
	    n->agreements, n->apdus, n->resets);
	for (i = 0; i < c->keys_len; i++)
		buf_printf(reply, " %02x=%u", c->keys[i].ref, c->keys[i].used);
}

static bool
card_set_tries(struct piv_pin *p, const char *value)
{
	unsigned n;

	if (!word_get_uint(value, 10, p->tries_max, &n))
		return false;
	p->tries = n;
	return true;
}

static bool
card_set(void *ctx, const char *name, const char *value)
{
	struct piv_card *c = shelf_now(ctx);

	if (strcmp(name, "tries") == 0)
		return card_set_tries(&c->pin, value);
	if (strcmp(name, "puk-tries") == 0)
		return card_set_tries(&c->puk, value);
	if (strcmp(name, "pin") == 0)
		return piv_pin_set(&c->pin, value);
	if (strcmp(name, "puk") == 0)
		return piv_pin_set(&c->puk, value);
	return strcmp(name, "atr") == 0 && piv_set_atr(c, value);
}

int
main(int argc, char **argv)
{
	static const struct card_ops ops = {card_load, card_reset, card_atr,
	    card_command, card_status, card_set};
	static struct shelf shelf;
	int status;

	piv_init();
	status = emulator_main(argc, argv, &ops, &shelf);
	shelf_clear(&shelf);
	return status;
}
