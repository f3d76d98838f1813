/*
 * fuzz_fetch.c: hostile octets as what libcurl writes for the entries of an
 * LDAP server, as URLs of LDAP and the DNS, as messages between cardseal-fetch
 * and who asks it, and as the list of values that comes out of them; the first
 * octet chooses which. Beside memory errors it finds broken promises:
 * - in which pieces text comes makes no difference, and a value is no longer
 *   than its line;
 * - a DNS URL lets nothing through that means something elsewhere;
 * - a message that is taken is written again as it was;
 * - no value is lost, or read twice.
 */
#include "client/fetch/dns_int.h"
#include "client/fetch/ldap_int.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_LINE_MAX 300

const char fuzz_name[] = "fetch";
bool fuzz_is_planted;

const char *const fuzz_words[] = {"DN: ", "\n", "\t", ": ", ":: ", ";binary",
    "userCertificate", "YWJj", "=", "ldap://a/", "?", ",", "!", "*", "%00",
    "dns:", "//", "[::1]", ":53", "@", "?type=SMIMEA", "..", "\x04\x00",
    "\x04\x82\x01\x00", "\x04\x84\xff\xff\xff\xff", "\xa0\x03", "\xa2\x80",
    "\x81\x01", "\x0c\x01", "\x02\x01", NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

struct taken {
	struct buf values;
	size_t len;
};

static int
take(void *ctx, struct bytes value)
{
	struct taken *t = ctx;

	require(value.len <= FUZZ_LINE_MAX);
	t->len++;
	der_put(&t->values, DER_OCTET_STRING, value);
	return t->values.err;
}

static int
write_text(struct bytes in, size_t step, struct taken *taken)
{
	struct ldap_url url;
	struct ldap_text t = {
	    .url = &url, .line_max = FUZZ_LINE_MAX, .take = take, .ctx = taken};
	struct err e = ERR_INIT;
	struct bytes piece;
	int r;

	require(
	    ldap_url_parse(BYTES_LIT("ldap://a/?userCertificate;binary,mail"),
		&url, &e) == 0);
	do {
		piece = in;
		piece.len = bytes_skip(&in, step);
		r = ldap_text_write(&t, piece);
	} while (r == 0 && in.len != 0);
	ldap_text_clear(&t);
	return r;
}

static void
fuzz_text(struct bytes in)
{
	static const size_t steps[] = {1, 7, 64};
	struct taken whole = {0}, pieces;
	int r = write_text(in, SIZE_MAX, &whole);
	size_t i;

	require(!fuzz_is_planted || whole.len == 0);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		pieces = (struct taken){0};
		require(write_text(in, steps[i], &pieces) == r);
		require(bytes_is_equal(
		    buf_get(&whole.values), buf_get(&pieces.values)));
		buf_clear(&pieces.values);
	}
	buf_clear(&whole.values);
}

static void
fuzz_ldap_url(struct bytes in)
{
	struct ldap_url url;
	struct err e = ERR_INIT;
	size_t i;

	if (ldap_url_parse(in, &url, &e) != 0)
		return;
	require(url.host.len != 0 && url.attributes_len != 0 &&
		url.attributes_len <= LDAP_ATTRIBUTES_MAX &&
		url.search.len <= in.len);
	for (i = 0; i < url.attributes_len; i++)
		require(url.attributes[i].len != 0 &&
			url.attributes[i].p[0] != '*');
}

static void
fuzz_dns_url(struct bytes in)
{
	struct dns_url url;
	struct err e = ERR_INIT;

	if (dns_url_parse(in, &url, &e) != 0)
		return;
	require(url.type == 53 && url.name[0] != '\0');
	require(strpbrk(url.name, " /?%#\\@:\n") == NULL);
	require(strpbrk(url.server, " /?%#\\[]\n") == NULL);
}

static void
put_again(struct buf *b, const struct fetch_msg *msg)
{
	switch (msg->type) {
	case FETCH_REQUEST:
		require(fetch_put_request(b, &msg->request) == 0);
		break;
	case FETCH_PIECE:
		fetch_put_piece(b, msg->piece);
		break;
	case FETCH_DONE:
		fetch_put_done(b, &msg->done);
		break;
	}
}

static void
fuzz_message(struct bytes in)
{
	struct fetch_msg msg, again;
	struct buf b = {0};
	size_t len;

	if (fetch_decode(in, &msg) != 0)
		return;
	require(fetch_frame_len(in, &len) == 0 && len == in.len);
	put_again(&b, &msg);
	require(b.err == 0);
	/* texts for people are escaped as they are written */
	if (msg.type == FETCH_DONE)
		require(fetch_decode(buf_get(&b), &again) == 0 &&
			again.done.code == msg.done.code &&
			again.done.status == msg.done.status);
	else
		require(bytes_is_equal(buf_get(&b), in));
	buf_clear(&b);
}

static void
fuzz_values(struct bytes in)
{
	struct bytes body = in, value;
	struct buf b = {0};

	while (fetch_next_value(&body, &value))
		der_put(&b, DER_OCTET_STRING, value);
	buf_add_bytes(&b, body);
	require(b.err == 0 && bytes_is_equal(buf_get(&b), in));
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const fuzz_decoder decoders[] = {
	    fuzz_text, fuzz_ldap_url, fuzz_dns_url, fuzz_message, fuzz_values};

	return fuzz_choose(
	    decoders, sizeof(decoders) / sizeof(decoders[0]), data, len);
}
