/* GENERAL AUTHENTICATE: SP 800-73-4 part 2, section 3.2.4. */
#include "tests/card/piv.h"

#include "asn1/der.h"

enum auth_tag {
	AUTH_TEMPLATE = 0x7c,
	AUTH_WITNESS = 0x80,
	AUTH_CHALLENGE = 0x81,
	AUTH_RESPONSE = 0x82,
	AUTH_EXPONENTIATION = 0x85,
};

#define CHALLENGE_LEN_3DES 8
#define CHALLENGE_LEN_AES 16

struct auth_request {
	struct bytes challenge, point;
	bool has_challenge, has_point, has_response;
};

struct piv_key *
piv_find_key(struct piv_card *c, unsigned ref)
{
	size_t i;

	for (i = 0; i < c->keys_len; i++)
		if (c->keys[i].ref == ref)
			return &c->keys[i];
	return NULL;
}

static bool
auth_decode(struct auth_request *r, struct bytes data)
{
	struct der outer, d;
	struct bytes content;
	int tag;

	*r = (struct auth_request){0};
	der_init(&outer, data);
	d = der_enter(&outer, AUTH_TEMPLATE);
	while (der_has_more(&d)) {
		tag = der_peek(&d);
		content = der_get(&d, tag);
		if (tag == AUTH_CHALLENGE) {
			r->challenge = content;
			r->has_challenge = true;
		} else if (tag == AUTH_EXPONENTIATION) {
			r->point = content;
			r->has_point = true;
		} else if (tag == AUTH_RESPONSE) {
			/* Only empty: what the caller would like to have. */
			r->has_response = content.len == 0;
		}
	}
	return der_leave(&outer, &d) == 0 && der_end(&outer) == 0;
}

/* The management key is there to ask for random numbers only. */
static unsigned
auth_admin(const struct apdu *a, const struct auth_request *r, struct buf *out)
{
	uint8_t random[CHALLENGE_LEN_AES];
	size_t len = CHALLENGE_LEN_3DES;
	size_t mark;

	if (a->p1 != 0 && a->p1 != 3)
		len = CHALLENGE_LEN_AES;
	if (!r->has_challenge || r->challenge.len != 0)
		return SW_SECURITY;
	gcry_create_nonce(random, len);
	mark = der_open(out, AUTH_TEMPLATE);
	der_put(out, AUTH_CHALLENGE, bytes_of(random, len));
	der_close(out, mark);
	return SW_OK;
}

static bool
auth_is_allowed(struct piv_card *c, const struct piv_key *k, bool was_fresh)
{
	switch (k->policy) {
	case PIV_POLICY_NEVER:
		return true;
	case PIV_POLICY_ALWAYS:
		return was_fresh && piv_is_verified(c);
	default:
		return piv_is_verified(c);
	}
}

static bool
auth_is_for_agreement(const struct piv_key *k)
{
	return k->ref == PIV_REF_DECRYPT || (k->ref >= PIV_REF_RETIRED_FIRST &&
						k->ref <= PIV_REF_RETIRED_LAST);
}

static unsigned
auth_operate(struct piv_card *c, struct piv_key *k,
    const struct auth_request *r, struct buf *result)
{
	bool done = false;

	if (r->has_point && !r->has_challenge) {
		if (piv_key_is_rsa(k) || !auth_is_for_agreement(k))
			return SW_DATA;
		done = piv_key_ecdh(k, r->point, result);
		c->counts.agreements += done;
	} else if (r->has_challenge && !r->has_point) {
		done = piv_key_is_rsa(k)
			   ? piv_key_rsa(k, r->challenge, result)
			   : piv_key_ecdsa(k, r->challenge, result);
		c->counts.signatures += done;
	}
	k->used += done;
	return done ? SW_OK : SW_DATA;
}

unsigned
piv_authenticate(
    struct piv_card *c, const struct apdu *a, bool was_fresh, struct buf *out)
{
	struct buf result = {0};
	struct auth_request r;
	struct piv_key *k;
	unsigned sw;
	size_t mark;

	if (!auth_decode(&r, a->data))
		return SW_DATA;
	if (a->p2 == PIV_REF_ADMIN)
		return auth_admin(a, &r, out);
	k = piv_find_key(c, a->p2);
	if (k == NULL)
		return SW_REFERENCE;
	k->attempts++;
	if (a->p1 != k->alg)
		return SW_P1P2;
	if (!auth_is_allowed(c, k, was_fresh))
		return SW_SECURITY;
	if (!r.has_response)
		return SW_DATA;
	sw = auth_operate(c, k, &r, &result);
	if (sw == SW_OK) {
		mark = der_open(out, AUTH_TEMPLATE);
		der_put(out, AUTH_RESPONSE, buf_get(&result));
		der_close(out, mark);
	}
	buf_clear(&result);
	return sw;
}
