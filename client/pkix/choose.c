#include "asn1/say.h"
#include "client/pkix/choose.h"

#include <stdio.h>
#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/path_int.h"
#include "client/pkix/strength.h"

#define DATE_LEN 10 /* of RFC 3339 text */
#define SERIAL_SHOWN_MAX 8
#define NAME_SHOWN_MAX 60
/* Refusals named in one message. */
#define REFUSALS_MAX 8

static int
may_use(const struct cert *c, int64_t time, unsigned usage, const char *verb,
    struct err *e)
{
	char date[TIME_TEXT_MAX];

	if (time < c->not_before)
		return err_set(e, -CS_ERR_EXPIRED, "not valid before %.*s",
		    DATE_LEN, time_format(date, c->not_before));
	if (time > c->not_after)
		return err_set(e, -CS_ERR_EXPIRED, "expired on %.*s", DATE_LEN,
		    time_format(date, c->not_after));
	if (c->is_ca)
		return err_set(e, -CS_ERR_KEY_USAGE, "is a CA's certificate");
	if ((cert_get_key_usage(c, NULL) & usage) == 0)
		return err_set(e, -CS_ERR_KEY_USAGE,
		    "its key usage does not allow it to %s", verb);
	if (!cert_allows_purpose(c, OID_KP_EMAIL_PROTECTION))
		return err_set(e, -CS_ERR_KEY_USAGE,
		    "its extended key usage does not include mail");
	return 0;
}

static int
may_not_algorithm(const struct cert *c, const char *verb, struct err *e)
{
	char key[64];

	spki_describe(key, sizeof(key), &c->spki);
	return err_set(e, -CS_ERR_ALGORITHM, "its key %s cannot %s", key, verb);
}

int
cert_may_sign(const struct cert *c, int64_t time, struct err *e)
{
	struct sig_scheme scheme;
	int r;

	r = may_use(
	    c, time, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, "sign", e);
	if (r != 0)
		return r;
	if (strength_check_key(&c->spki, false) == -CS_ERR_WEAK)
		return err_set(e, -CS_ERR_WEAK, "its key is too weak");
	if (c->spki.alg == ALG_NONE ||
	    sig_scheme_choose(
		&c->spki, sig_default_digest(&c->spki), false, &scheme) != 0)
		return may_not_algorithm(c, "sign", e);
	return 0;
}

int
cert_may_encrypt(const struct cert *c, int64_t time, struct err *e)
{
	int r;

	r = may_use(
	    c, time, KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT, "encrypt", e);
	if (r != 0)
		return r;
	switch (c->spki.alg) {
	case ALG_RSA:
	case ALG_RSA_OAEP_KEY:
		/* Key agreement is not RSA's. */
		if ((cert_get_key_usage(c, NULL) & KU_KEY_ENCIPHERMENT) != 0)
			break;
		return may_not_algorithm(c, "encrypt", e);
	case ALG_EC:
	case ALG_X25519_KEY:
	case ALG_X448_KEY:
		if ((cert_get_key_usage(c, NULL) & KU_KEY_AGREEMENT) != 0)
			break;
		return may_not_algorithm(c, "encrypt", e);
	default:
		return may_not_algorithm(c, "encrypt", e);
	}
	if (strength_check_key(&c->spki, false) == -CS_ERR_WEAK)
		return err_set(e, -CS_ERR_WEAK, "its key is too weak");
	return 0;
}

/* "Alice (RSA-2048, serial 12ab...)" */
static void
describe_candidate(char *dst, size_t size, const struct choose_candidate *c)
{
	struct bytes serial = cert_get_serial(c->cert);
	char hex[2 * SERIAL_SHOWN_MAX + 1], key[32];
	struct buf name = {0};

	bytes_to_hex(serial, hex, sizeof(hex));
	cert_get_display_name(c->cert, &name);
	snprintf(dst, size, say("%.*s (%s, serial %s%s)"),
	    name.len < NAME_SHOWN_MAX ? (int)name.len : NAME_SHOWN_MAX,
	    name.len != 0 ? (const char *)name.data : "",
	    spki_describe(key, sizeof(key), &c->cert->spki), hex,
	    serial.len > SERIAL_SHOWN_MAX ? "..." : "");
	buf_clear(&name);
}

/* Sets code and why, as "Alice (...): expired on 2024-01-01". */
static void
candidate_judge(struct choose_candidate *c, struct bytes address, int64_t time)
{
	struct err e = ERR_INIT;
	char who[96];

	c->why[0] = '\0';
	if (!c->can_sign)
		c->code = err_set(&e, -CS_ERR_KEY_USAGE,
		    "the token does not let this key sign");
	else
		c->code = cert_may_sign(c->cert, time, &e);
	if (address.len != 0) {
		switch (address_match_cert(c->cert, address)) {
		case ADDRESS_MATCH:
			break;
		case ADDRESS_MISMATCH:
			c->code = err_set(
			    &e, -CS_ERR_ADDRESS, "is for another address");
			break;
		case ADDRESS_NONE:
			c->code = err_set(
			    &e, -CS_ERR_ADDRESS, "has no mail address in it");
			break;
		}
	}
	if (c->code == 0)
		return;
	describe_candidate(who, sizeof(who), c);
	snprintf(c->why, sizeof(c->why), "%s: %.60s", who, err_get_text(&e));
}

static int
role_rank(struct bytes role)
{
	if (bytes_is_equal(role, BYTES_LIT("9c")))
		return 0;
	return bytes_is_equal(role, BYTES_LIT("9a")) ? 2 : 1;
}

bool
choose_is_better(
    const struct choose_candidate *a, const struct choose_candidate *b)
{
	int rank_a = role_rank(a->role), rank_b = role_rank(b->role);

	if (rank_a != rank_b)
		return rank_a < rank_b;
	return a->cert->not_before > b->cert->not_before;
}

static int
say_refusals(const struct choose_candidate *candidates, size_t n,
    struct bytes address, int code, struct err *e)
{
	char shown[ADDRESS_LEN_MAX] = "";
	struct buf text = {0};
	size_t i, told = 0;
	int r;

	if (address.len != 0)
		err_quote(shown, sizeof(shown), address.p, address.len);
	buf_say(&text, "no key may sign%s%.200s",
	    address.len != 0 ? say(" for ") : "", shown);
	if (n == 0)
		buf_say(&text, ": there is none; insert a card");
	for (i = 0; i < n && told < REFUSALS_MAX; i++) {
		if (code == -CS_ERR_KEY_USAGE &&
		    candidates[i].code == -CS_ERR_ADDRESS)
			continue;
		buf_printf(&text, "; %s", candidates[i].why);
		told++;
	}
	if (i < n)
		buf_say(&text, "; and %zu more", n - i);
	r = err_set(e, code, "%.*s", (int)text.len,
	    text.len != 0 ? (const char *)text.data : "");
	buf_clear(&text);
	return r;
}

int
choose_signer(struct choose_candidate *candidates, size_t n,
    struct bytes address, int64_t time, size_t *chosen, struct err *e)
{
	bool has_best = false, has_address = false;
	size_t i, best = 0;

	*chosen = 0;
	for (i = 0; i < n; i++) {
		candidate_judge(&candidates[i], address, time);
		if (candidates[i].code != -CS_ERR_ADDRESS)
			has_address = true;
		if (candidates[i].code != 0)
			continue;
		if (!has_best ||
		    choose_is_better(&candidates[i], &candidates[best]))
			best = i;
		has_best = true;
	}
	if (!has_best)
		return say_refusals(candidates, n, address,
		    has_address ? -CS_ERR_KEY_USAGE : -CS_ERR_NO_KEY, e);
	*chosen = best;
	return 0;
}
