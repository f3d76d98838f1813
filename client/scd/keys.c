/* keys.c: what the agent has listed, under GnuPG's names. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/scd/scd.h"

int
scd_connect(struct scd *s, struct err *e)
{
	return s->link != NULL ? 0 : link_new(NULL, SCD_PROGRAM, &s->link, e);
}

void
scd_forget(struct scd *s)
{
	free(s->keys);
	s->keys = NULL;
	s->keys_len = 0;
	s->has_token = false;
	buf_clear(&s->elements);
	buf_clear(&s->others);
}

/* One answer; the last key's id tells where to go on. */
static int
take_answer(struct scd *s, const struct agt_msg *answer, uint8_t *last)
{
	struct tok_key key;
	struct der d;

	s->has_token = s->has_token || answer->tokens.len != 0;
	buf_add_bytes(&s->others, answer->certificates);
	der_init(&d, answer->keys);
	while (agt_key_next(&d, &key)) {
		if (s->keys_len == SCD_KEYS_MAX)
			return -CS_ERR_TOO_LARGE;
		memcpy(last, key.key_id.p, AGT_KEY_ID_LEN);
		s->keys_len++;
	}
	return buf_add_bytes(&s->elements, answer->keys);
}

static int
ask(struct scd *s, struct err *e)
{
	struct agt_msg answer = {.more = true}, request = {.type = AGT_LIST};
	uint8_t last[AGT_KEY_ID_LEN];
	int r = 0;

	while (r == 0 && answer.more) {
		request.has_context = true;
		link_fill_context(s->link, &request.context, NULL);
		r = link_call(s->link, &request, &answer, e);
		if (r == 0)
			r = take_answer(s, &answer, last);
		if (answer.keys.len == 0)
			break;
		request.after = bytes_of(last, sizeof(last));
	}
	return r;
}

void
scd_put_hex(char *dst, struct bytes b)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < b.len; i++) {
		*dst++ = digits[b.p[i] >> 4];
		*dst++ = digits[b.p[i] & 15];
	}
	*dst = '\0';
}

/* False: GnuPG has no name for such a key. */
static bool
key_take(struct scd_key *to, const struct tok_key *from)
{
	uint8_t grip[KEYGRIP_LEN];
	struct spki spki;
	struct der d;

	if (spki_decode(from->spki, &spki, NULL) != 0 ||
	    spki_keygrip(&spki, grip) != 0)
		return false;
	*to = (struct scd_key){
	    .flags = from->flags,
	    .is_for_login = bytes_is_equal(from->role, BYTES_LIT("9a")),
	    .spki_der = from->spki,
	};
	memcpy(to->id, from->key_id.p, AGT_KEY_ID_LEN);
	memcpy(to->name, SCD_KEY_PREFIX, sizeof(SCD_KEY_PREFIX));
	scd_put_hex(to->name + sizeof(SCD_KEY_PREFIX) - 1, from->key_id);
	scd_put_hex(to->grip, bytes_of(grip, sizeof(grip)));
	der_init(&d, from->certificates);
	if (!agt_cert_next(&d, &to->certificate))
		to->certificate = BYTES_NONE;
	return true;
}

static int
take_keys(struct scd *s)
{
	struct tok_key key;
	size_t count = 0;
	struct der d;

	if (s->keys_len == 0)
		return 0;
	s->keys = calloc(s->keys_len, sizeof(*s->keys));
	if (s->keys == NULL)
		return -CS_ERR_NO_MEMORY;
	der_init(&d, buf_get(&s->elements));
	while (count < s->keys_len && agt_key_next(&d, &key))
		if (key_take(&s->keys[count], &key))
			count++;
	s->keys_len = count;
	return 0;
}

int
scd_list(struct scd *s, struct err *e)
{
	int r;

	scd_forget(s);
	r = scd_connect(s, e);
	if (r == 0)
		r = ask(s, e);
	if (r == 0)
		r = take_keys(s);
	if (r != 0) {
		scd_forget(s);
		return e->code != 0 ? r : err_set(e, r, NULL);
	}
	return s->has_token
		   ? 0
		   : err_set(e, -CS_ERR_NO_TOKEN, "no card is inserted");
}

int
scd_find(
    struct scd *s, const char *name, const struct scd_key **key, struct err *e)
{
	const struct scd_key *k;
	size_t skip = sizeof(SCD_KEY_PREFIX) - 1;
	int r = scd_list(s, e);

	if (r != 0)
		return r;
	for (k = s->keys; k < s->keys + s->keys_len; k++)
		if (strcasecmp(name, k->name) == 0 ||
		    strcasecmp(name, k->name + skip) == 0 ||
		    strcasecmp(name, k->grip) == 0) {
			*key = k;
			return 0;
		}
	return err_set(e, -CS_ERR_NO_KEY,
	    "no card that is inserted has the key; insert the card and try "
	    "again");
}
