/*
 * fuzz_asn1.c: hostile octets, through every decoder of asn1/. The first
 * octet chooses which. Beside memory errors it finds broken promises:
 * - the BER parser tells the same whatever pieces its input comes in, and
 *   what it captures is DER;
 * - ber_to_der() of its own output changes nothing;
 * - all implementations of base64 do the same;
 * - a name's text is UTF-8, and its normal form is its own;
 * - what a typed codec read, it finds again.
 */
#include <stdlib.h>
#include <string.h>

#include "asn1/attrs.h"
#include "asn1/base64.h"
#include "asn1/ber.h"
#include "asn1/name.h"
#include "asn1/pem.h"
#include "asn1/recipient_info.h"
#include "asn1/signer_info.h"
#include "asn1/time.h"
#include "tests/fuzz/fuzz.h"

#define CAPTURE_MAX 4096
#define ACTIONS 8 /* octets that say what the parser's owner wants */

const char fuzz_name[] = "asn1";
bool fuzz_is_planted;

const char *const fuzz_words[] = {"\x30\x80", "\x24\x80", "\xa0\x80",
    "\x30\x84\x7f\xff\xff\xff", "\x04\x88\x3f\xff\xff\xff\xff\xff\xff\xff",
    "\x31\x82\x01", "\x02\x01\x01", "\x06\x03\x55\x04\x03", "\x05", "\xff",
    "\x03\x02\x07\x80",
    "\x17\x0d"
    "261124010203Z",
    "-----BEGIN ", "-----END ", "-----\n", "CERTIFICATE", "QUJD",
    "CN=", "+2.5.4.3=", "\\C3\\B6", ",", ";", "QQ==", "\r\n", " ", "=", NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* --- the push parser --- */

struct trace {
	const uint8_t *actions;
	size_t actions_len;
	struct buf log;
	size_t content_len;
};

static int
on_header(void *ctx, const struct ber_header *h)
{
	struct trace *t = ctx;

	buf_printf(&t->log, "%d,%llu,%u;", h->tag, (unsigned long long)h->len,
	    h->depth);
	if (t->actions_len == 0)
		return (h->tag & DER_CONSTRUCTED) != 0 ? BER_ENTER : BER_STREAM;
	t->actions_len--;
	return *t->actions++ % 4;
}

static int
on_captured(void *ctx, const struct ber_header *h, struct bytes element)
{
	struct buf again = {0};

	(void)ctx;
	(void)h;
	require(ber_to_der(element, &again, 0, NULL) == 0);
	require(bytes_is_equal(buf_get(&again), element));
	buf_clear(&again);
	return 0;
}

static int
on_content(void *ctx, struct bytes run)
{
	((struct trace *)ctx)->content_len += run.len;
	return 0;
}

static int
on_end(void *ctx, const struct ber_header *h)
{
	return buf_printf(&((struct trace *)ctx)->log, ")%llu;",
	    (unsigned long long)h->offset);
}

static const struct ber_owner owner = {
    on_header, on_captured, on_content, on_end};

static int
parse(struct bytes in, size_t piece_max, struct trace *t)
{
	struct err e = ERR_INIT;
	struct ber *b = ber_new(&owner, t, CAPTURE_MAX, &e);
	size_t at, n, used;
	int r = 0;

	for (at = 0; r == 0 && at < in.len; at += n) {
		n = in.len - at < piece_max ? in.len - at : piece_max;
		r = ber_write(b, bytes_of(in.p + at, n), &used);
	}
	if (r == 0)
		r = ber_finish(b);
	buf_printf(&t->log, "%llu,%zu", (unsigned long long)ber_get_offset(b),
	    t->content_len);
	ber_free(b);
	return r;
}

static void
fuzz_ber(struct bytes in)
{
	static const size_t pieces[] = {1, 7};
	struct trace whole = {.actions = in.p, .actions_len = ACTIONS};
	struct trace split;
	size_t i;
	int r;

	if (in.len < ACTIONS)
		return;
	in = bytes_of(in.p + ACTIONS, in.len - ACTIONS);
	r = parse(in, SIZE_MAX, &whole);
	for (i = 0; i < 2; i++) {
		split = (struct trace){
		    .actions = in.p - ACTIONS, .actions_len = ACTIONS};
		require(parse(in, pieces[i], &split) == r);
		require(
		    bytes_is_equal(buf_get(&split.log), buf_get(&whole.log)));
		buf_clear(&split.log);
	}
	buf_clear(&whole.log);
}

static void
fuzz_ber_to_der(struct bytes in)
{
	struct buf der = {0}, again = {0};

	if (ber_to_der(in, &der, 0, NULL) == 0) {
		if (fuzz_is_planted && der.len > 20)
			der.data[1] ^= 1;
		require(ber_to_der(buf_get(&der), &again, 0, NULL) == 0);
		require(bytes_is_equal(buf_get(&again), buf_get(&der)));
	}
	buf_clear(&der);
	buf_clear(&again);
}

/* --- the rest --- */

static void
fuzz_base64(struct bytes in)
{
	struct buf first = {0}, other = {0};
	int r, impl;

	require(base64_use(BASE64_PORTABLE));
	r = base64_decode(&first, in);
	for (impl = BASE64_SSSE3; impl <= BASE64_AVX2; impl++) {
		if (!base64_use((enum base64_impl)impl))
			continue;
		buf_reset(&other);
		require(base64_decode(&other, in) == r);
		require(bytes_is_equal(buf_get(&other), buf_get(&first)));
	}
	if (r == 0) { /* and back */
		buf_reset(&other);
		base64_encode(&other, buf_get(&first));
		buf_reset(&first);
		require(base64_decode(&first, buf_get(&other)) == 0);
	}
	buf_clear(&first);
	buf_clear(&other);
}

static int
on_object(void *ctx, const char *label, struct bytes der)
{
	require(strlen(label) <= PEM_LABEL_MAX);
	*(size_t *)ctx += der.len;
	return 0;
}

static void
fuzz_pem(struct bytes in)
{
	size_t len = 0;

	(void)!pem_walk_any(in, NULL, on_object, &len, NULL);
	require(len <= in.len);
	(void)!pem_walk(in, "CERTIFICATE", on_object, &len, NULL);
}

static void
fuzz_name_(struct bytes in)
{
	struct buf text = {0}, form = {0}, again = {0};
	int r = name_check(in, NULL);

	require(name_format(&text, in) == r);
	require(name_normalise(&form, in) == r);
	if (r == 0) {
		require(utf8_is_valid(buf_get(&text)));
		require(name_normalise(&again, buf_get(&form)) == 0);
		require(bytes_is_equal(buf_get(&again), buf_get(&form)));
		require(name_is_equal(in, buf_get(&form)));
		(void)name_get_last(in, OID_AT_CN, &text);
	}
	buf_clear(&text);
	buf_clear(&form);
	buf_clear(&again);
}

static void
fuzz_attrs(struct bytes in)
{
	struct alg_id none = {0};
	struct ess_cert_id id;
	struct buf set = {0};
	struct bytes value;
	bool has;
	int64_t t;

	if (attrs_check(in, NULL) == 0)
		require(attrs_put_set_of(&set, in) == 0);
	(void)!attrs_get_content_type(in, &value, NULL);
	(void)!attrs_get_message_digest(in, &value, NULL);
	(void)!attrs_get_signing_time(in, &has, &t, NULL);
	(void)!attrs_get_signing_certificate(in, &id, NULL);
	(void)!attrs_check_algorithm_protection(in, &none, &none, &has, NULL);
	buf_clear(&set);
}

/* What is read is written and read the same, but for what we leave out. */
static void
fuzz_signer_info(struct bytes in)
{
	struct signer_info info, again;
	struct buf b = {0};

	if (signer_info_decode(in, &info, NULL) == 0) {
		der_put_signer_info(&b, &info);
		require(signer_info_decode(buf_get(&b), &again, NULL) == 0);
		require(bytes_is_equal(again.signature, info.signature));
		require(bytes_is_equal(again.signed_attrs, info.signed_attrs));
		fuzz_attrs(info.signed_attrs);
	}
	buf_clear(&b);
}

static void
fuzz_recipient_info(struct bytes in)
{
	struct recipient_info info;
	struct recipient_key key;
	size_t i;

	if (recipient_info_decode(in, &info, NULL) != 0)
		return;
	for (i = 0; i < info.keys_count && i < 8; i++)
		require(recipient_info_get_key(&info, i, &key) == 0);
	require(recipient_info_get_key(&info, info.keys_count, &key) != 0);
}

/* What a person may type as a name is one, or is refused. */
static void
fuzz_name_text(struct bytes in)
{
	char *text = bytes_dup_str(in);
	struct buf name = {0};

	if (text != NULL && name_parse(&name, text, NULL) == 0)
		require(name_check(buf_get(&name), NULL) == 0);
	else
		require(name.len == 0);
	buf_clear(&name);
	free(text);
}

static void
fuzz_time(struct bytes in)
{
	char text[TIME_TEXT_MAX];
	struct buf b = {0};
	int64_t t, again;
	struct der d;

	der_init(&d, in);
	t = der_get_time(&d);
	if (der_end(&d) == 0) {
		require(time_parse(time_format(text, t), &again) == 0);
		require(again == t);
		der_put_time(&b, t);
		require(b.err == 0);
	}
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const fuzz_decoder decoders[] = {fuzz_ber, fuzz_ber_to_der,
	    fuzz_base64, fuzz_pem, fuzz_name_, fuzz_attrs, fuzz_signer_info,
	    fuzz_recipient_info, fuzz_time, fuzz_name_text};

	return fuzz_choose(
	    decoders, sizeof(decoders) / sizeof(decoders[0]), data, len);
}
