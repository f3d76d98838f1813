/*
 * PROBE: what is in the readers now.
 */
#include <stdio.h>

#include "token/ckr.h"
#include "token/pcsc.h"
#include "token/uri.h"
#include "token/worker.h"

/* Room in the frame for all but the lists. */
#define PROBE_LISTS_MAX (TOK_FRAME_MAX - 1024)
#define PROBE_LABEL_MAX 512

static size_t
probe_used(const struct worker *w)
{
	return w->result.len + w->keys.len + w->certs.len;
}

/* Takes back what was appended after len, if it does not fit. */
static bool
probe_fits(struct worker *w, struct buf *b, size_t len)
{
	if (b->err == 0 && probe_used(w) <= PROBE_LISTS_MAX)
		return true;
	b->len = len;
	return false;
}

static bool
probe_put_key(struct worker *w, const struct slot *slot, const struct key *key)
{
	struct buf uri = {0}, certs = {0};
	struct bytes raw_label = key_get_label(key);
	char label[PROBE_LABEL_MAX];
	struct tok_key row = {.key_id = bytes_of(key->key_id, TOK_KEY_ID_LEN),
	    .token = buf_get(&slot->uri),
	    .id = key_get_id(key),
	    .flags = key->flags,
	    .spki = key->spki.raw,
	    .role = bytes_of_str(key->role)};
	size_t len = w->keys.len, i;

	for (i = 0; i < slot->keys.objects.n; i++)
		if (key_has_cert(key, &slot->keys.objects.all[i]))
			der_put(&certs, DER_OCTET_STRING,
			    buf_get(&slot->keys.objects.all[i].value));
	err_quote(label, sizeof(label), raw_label.p, raw_label.len);
	row.label = bytes_of_str(label);
	row.certificates = buf_get(&certs);
	if (uri_put_key(&uri, &slot->info, row.id, raw_label) == 0) {
		row.uri = buf_get(&uri);
		tok_key_put(&w->keys, &row);
	}
	buf_clear(&uri);
	buf_clear(&certs);
	return probe_fits(w, &w->keys, len);
}

static bool
probe_put_certs(struct worker *w, const struct slot *slot)
{
	const struct objects *o = &slot->keys.objects;
	bool fits = true;
	size_t len, i;

	for (i = 0; fits && i < o->n; i++) {
		if (!keys_is_apart(&slot->keys, &o->all[i]))
			continue;
		len = w->certs.len;
		tok_cert_put(
		    &w->certs, buf_get(&slot->uri), buf_get(&o->all[i].value));
		fits = probe_fits(w, &w->certs, len);
	}
	return fits;
}

static void
probe_slot(struct worker *w, struct slot *slot)
{
	struct tok_info info;
	bool fits = true;
	char name[384];
	size_t i;
	CK_RV rv;

	/* First, since it may find that the login is gone. */
	rv = slot_load_keys(&w->slots, slot);
	slot_ask_tries(slot);
	/* So that the mechanisms are known. */
	(void)slot_has_mech(&w->slots, slot, SLOT_RSA_X_509, CKF_DECRYPT);
	slot_get_info(slot, &info);
	tok_info_put(&w->result, &info);
	slot_describe(name, sizeof(name), slot);
	if (rv != CKR_OK) {
		fprintf(stderr,
		    "cardseal-token: %s: its keys cannot be read: "
		    "%s (%s)\n",
		    name, ckr_text(rv, CKR_OP_ANY), ckr_name(rv));
		return;
	}
	for (i = 0; fits && i < slot->keys.n; i++)
		fits = probe_put_key(w, slot, &slot->keys.all[i]);
	if (!fits || !probe_put_certs(w, slot))
		fprintf(stderr,
		    "cardseal-token: %s: it has more keys and "
		    "certificates than can be listed\n",
		    name);
}

int
worker_probe(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	size_t i;
	int r = slots_refresh(&w->slots, e);

	(void)req;
	if (r != 0)
		return r;
	for (i = 0; i < w->slots.n; i++)
		probe_slot(w, w->slots.all[i]);
	answer->tokens = buf_get(&w->result);
	answer->keys = buf_get(&w->keys);
	answer->certificates = buf_get(&w->certs);
	answer->uses_pcsc = pcsc_is_used();
	return 0;
}
