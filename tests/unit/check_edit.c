/* More signatures on messages that are signed, and countersignatures. */
#include "config.h"

#include "client/cms/edit.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/signer_info.h"
#include "client/cms/compressed.h"
#include "client/cms/sign_info.h"
#include "tests/unit/craft.h"

#define TEXT "Hello, editor\r\n"

static struct err e;
static struct buf cms, more, content, attrs;
static struct verdict *v;

static void
setup(void)
{
	err_clear(&e);
	v = NULL;
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&more);
	buf_clear(&content);
	buf_clear(&attrs);
	verdict_free(v);
}

/* Edits cms into more; later: what the second run over it gives. */
static int
edit_as(enum person who, bool is_counter, struct bytes later)
{
	struct cms_signer signer = world_signer(who, false);
	struct cms_sign_params sign = world_sign_params(&signer, 1);
	struct cms_edit_params params = {.sign = &sign};
	struct sink *out = sink_new_buf(&more);
	struct bytes_source source;
	struct cms_edit *edit;
	int r;

	buf_reset(&more);
	bytes_source_init(&source, buf_get(&cms), 100);
	source.later = later;
	r = cms_edit_read(&params, &source.source, &edit, &e);
	if (r == 0)
		r = is_counter ? cms_edit_countersign(edit, &e)
			       : cms_edit_add_signers(edit, &e);
	if (r == 0)
		r = cms_edit_write(edit, out, &e);
	cms_edit_free(edit);
	sink_free(out);
	return r;
}

static void
edit(enum person who, bool is_counter)
{
	int r = edit_as(who, is_counter, BYTES_NONE);

	ck_assert_msg(r == 0, "editing: %s", err_get_text(&e));
}

static void
verify(struct bytes message)
{
	verdict_free(v);
	buf_reset(&content);
	unit_assert_code(
	    world_read(&world.params, message, &v, &content, &e), 0);
}

static const struct verdict_signer *
signer(size_t i)
{
	ck_assert_uint_gt(v->layers[0].signers_len, i);
	return &v->layers[0].signers[i];
}

static bool
holds(struct bytes all, struct bytes part)
{
	return part.len == 0 ||
	       memmem(all.p, all.len, part.p, part.len) != NULL;
}

/* The first SignerInfo of a message in DER. */
static struct bytes
first_info(const struct buf *message)
{
	struct der d, in;
	struct bytes set = BYTES_NONE;
	int tag;

	der_init(&d, buf_get(message));
	in = der_enter(&d, DER_SEQUENCE);
	der_skip(&in);
	in = der_enter(&in, DER_CONTEXT_C(0));
	in = der_enter(&in, DER_SEQUENCE);
	while (der_has_more(&in))
		set = der_get_any(&in, &tag);
	der_init(&d, set);
	in = der_enter(&d, DER_SET);
	return der_get_raw(&in, DER_SEQUENCE);
}

START_TEST(test_add_signer)
{
	struct cms_signer bob = world_signer(BOB, false);

	world_sign(
	    &bob, 1, _i == 0 ? FORM_DER : FORM_BER, BYTES_LIT(TEXT), &cms);
	edit(CAROL, false); /* with a digest that was not announced */
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 2);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	/* the old SignerInfo, as it was */
	if (_i == 0)
		ck_assert(holds(buf_get(&more), first_info(&cms)));
	/* and once more, on what was made */
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&more));
	edit(ALICE, false);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 3);
	/* a change is still found by all of them */
	bytes_replace(&more, BYTES_LIT("editor"), BYTES_LIT("writer"));
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_BAD);
	ck_assert_int_eq(signer(0)->integrity.state, FINDING_BAD);
	ck_assert_int_eq(signer(2)->integrity.state, FINDING_BAD);
}
END_TEST

/* In how many places it names SHA-256. */
static size_t
count_sha256(const struct buf *message)
{
	struct bytes oid = oid_get(OID_SHA256);
	const uint8_t *at = message->data, *end = at + message->len;
	size_t n = 0;

	while ((at = memmem(at, (size_t)(end - at), oid.p, oid.len)) != NULL) {
		at += oid.len;
		n++;
	}
	return n;
}

/* What is compressed stays so: the signatures are over it as it stands. */
START_TEST(test_add_to_compressed)
{
	struct cms_signer bob = world_signer(BOB, false);
	struct cms_sign_params sign = world_sign_params(&bob, 1);
	struct compressed_source compressed;
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT(TEXT), 100);
	compressed_source_init(&compressed, &source.source, false);
	sign.content_type = OID_COMPRESSED_DATA;
	unit_assert_code(
	    cms_sign_opaque_ber(&sign, &compressed.source, out, &e), 0);
	edit(CAROL, _i == 1);
	/* announced before the content, as it was */
	ck_assert_uint_eq(count_sha256(&more), count_sha256(&cms));
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, _i == 1 ? 1 : 2);
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_int_eq(v->layers[1].kind, VERDICT_COMPRESSED);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	sink_free(out);
}
END_TEST

START_TEST(test_add_detached)
{
	struct cms_signer bob = world_signer(BOB, false);
	struct cms_signer carol = world_signer(CAROL, false);
	struct cms_sign_params sign = world_sign_params(&carol, 1);
	struct cms_edit_params params = {.sign = &sign};
	const enum alg algs[] = {ALG_SHA256, ALG_SHA384};
	struct digest *digest = digest_new_all(algs, 2);
	struct sink *out = sink_new_buf(&more);
	enum alg found[CMS_DIGESTS_MAX];
	struct bytes_source source;
	struct cms_edit *message;

	world_sign(&bob, 1, FORM_DETACHED, BYTES_LIT(TEXT), &cms);
	digest_write(digest, BYTES_LIT(TEXT));
	params.read.detached = digest;
	params.read.detached_len = strlen(TEXT);
	bytes_source_init(&source, buf_get(&cms), 100);
	unit_assert_code(
	    cms_edit_read(&params, &source.source, &message, &e), 0);
	unit_assert_code(cms_edit_add_signers(message, &e), 0);
	ck_assert_uint_eq(cms_edit_get_digests(message, found), 2);
	unit_assert_code(cms_edit_write(message, out, &e), 0);
	cms_edit_free(message);
	sink_free(out);
	digest_free(digest);
	unit_assert_code(
	    world_read_detached(buf_get(&more), BYTES_LIT(TEXT), &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 2);
}
END_TEST

START_TEST(test_countersign)
{
	struct cms_signer two[] = {
	    world_signer(ALICE, false), world_signer(BOB, false)};

	world_sign(two, 2, FORM_BER, BYTES_LIT(TEXT), &cms);
	edit(DAVE, true);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 2);
	ck_assert_uint_eq(signer(0)->counters_len, 1);
	ck_assert_uint_eq(signer(1)->counters_len, 1);
	ck_assert(cert_is_same(signer(1)->counters[0].cert, world_cert(DAVE)));
	ck_assert_int_eq(signer(0)->counters[0].chain.state, FINDING_GOOD);
	ck_assert_ptr_null(signer(0)->counters[0].profile);
	ck_assert_str_eq(signer(0)->profile, "CAdES B-B");
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	/* several stay beside each other */
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&more));
	edit(CAROL, true);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(signer(0)->counters_len, 2);
}
END_TEST

/* Crafts Bob's message with that as its countersignature; it has the code. */
static void
assert_counter_bad(struct bytes counter, int code)
{
	struct buf counters = {0};
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .unsigned_attrs = &counters};

	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put(&counters, OID_COUNTER_SIGNATURE, counter);
	buf_reset(&more);
	craft_signed(&c, &more);
	buf_clear(&counters);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, code);
}

/* One that is not trusted, and those that are for something else. */
START_TEST(test_bad_countersignatures)
{
	struct buf counter = {0};
	struct signer_info info;
	struct attr attr;
	bool has;

	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	edit(MALLORY, true);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_NO_PATH);
	/* Carol's, of another signature */
	edit(CAROL, true);
	unit_assert_code(signer_info_decode(first_info(&more), &info, &e), 0);
	unit_assert_code(attrs_find(info.unsigned_attrs, OID_COUNTER_SIGNATURE,
			     &attr, &has, &e),
	    0);
	ck_assert(has);
	buf_add_bytes(&counter, attr.first);
	assert_counter_bad(buf_get(&counter), -CS_ERR_DIGEST_MISMATCH);
	/* what is no SignerInfo */
	assert_counter_bad(unit_hex("30 00"), -CS_ERR_TRUNCATED);
	/* an ordinary signature, moved: it has a content type */
	buf_reset(&cms);
	world_sign_as(CAROL, BYTES_LIT(TEXT), &cms);
	assert_counter_bad(first_info(&cms), -CS_ERR_ATTRIBUTES);
	buf_clear(&counter);
}
END_TEST

/* Dave's signature is the same each time: Ed25519. His message, with these
 * unsigned attributes. */
static void
craft_dave(struct buf *counters, struct buf *out)
{
	struct craft_signed c = {.who = DAVE,
	    .digest = ALG_SHA512,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .unsigned_attrs = counters};

	buf_reset(&attrs);
	buf_reset(out);
	craft_attrs_with(&attrs, c.digest, c.content);
	craft_signed(&c, out);
}

/* Carol's countersignature of a signature. */
static void
put_counter(struct buf *out, struct bytes signature)
{
	struct cms_signer carol = world_signer(CAROL, false);
	struct cms_sign_params params = world_sign_params(&carol, 1);
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(ALG_SHA384, signature, hash);

	unit_assert_code(sign_put_info(out, &params, &carol, BYTES_NONE,
			     bytes_of(hash, len), &e),
	    0);
}

/* Without attributes, which takes fewer levels of nesting. */
static void
put_bare_counter(struct buf *out, struct bytes signature)
{
	struct cms_signer carol = world_signer(CAROL, false);
	struct signer_info info = {.sid.issuer = cert_get_issuer(carol.cert),
	    .sid.serial = cert_get_serial(carol.cert)};
	struct buf digest = {0}, alg = {0}, made = {0};
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(ALG_SHA384, signature, hash);

	der_put_alg(&digest, ALG_SHA384);
	der_put_sig_scheme(&alg, &carol.scheme);
	unit_assert_code(
	    world.ops.sign(world.ops.ctx, cert_get_key_hash(carol.cert),
		buf_get(&alg), bytes_of(hash, len), &made, &e),
	    0);
	info.digest_alg.raw = buf_get(&digest);
	info.signature_alg.raw = buf_get(&alg);
	info.signature = buf_get(&made);
	der_put_signer_info(out, &info);
	buf_clear(&digest);
	buf_clear(&alg);
	buf_clear(&made);
}

static struct bytes
signature_of(struct bytes raw)
{
	struct signer_info info;

	unit_assert_code(signer_info_decode(raw, &info, &e), 0);
	return info.signature;
}

/* Her certificate is in none of these messages. */
static void
know_carol(void)
{
	world.trust.known = world.own;
}

#define DEPTH_MAX 5

/* A chain of so many countersignatures on Dave's signature, into more. */
static void
make_chain(int depth, void (*put)(struct buf *out, struct bytes signature))
{
	struct buf infos[DEPTH_MAX] = {0}, inner = {0};
	struct signer_info info;
	struct bytes signature;
	int i;

	/* each signs the one before, then each gets the one behind */
	craft_dave(NULL, &cms);
	signature = signature_of(first_info(&cms));
	for (i = 0; i < depth; i++) {
		put(&infos[i], signature);
		signature = signature_of(buf_get(&infos[i]));
	}
	for (i = depth; i-- > 0;) {
		unit_assert_code(
		    signer_info_decode(buf_get(&infos[i]), &info, &e), 0);
		info.unsigned_attrs = buf_get(&inner);
		buf_reset(&more);
		der_put_signer_info(&more, &info);
		buf_reset(&inner);
		attr_put(&inner, OID_COUNTER_SIGNATURE, buf_get(&more));
		buf_clear(&infos[i]);
	}
	craft_dave(&inner, &more);
	buf_clear(&inner);
}

/* Countersignatures of countersignatures are judged, up to a depth. */
START_TEST(test_deep_countersignatures)
{
	const struct verdict_signer *s;
	int i;

	know_carol();
	make_chain(3, put_counter);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	make_chain(DEPTH_MAX, put_bare_counter);
	verify(buf_get(&more));
	unit_assert_code(v->code, -CS_ERR_TOO_LARGE);
	for (s = signer(0), i = 0; i < DEPTH_MAX; i++) {
		ck_assert_uint_eq(s->counters_len, 1);
		s = &s->counters[0];
		ck_assert_int_eq(
		    s->integrity.state, i < 4 ? FINDING_GOOD : FINDING_UNKNOWN);
	}
	ck_assert_uint_eq(s->counters_len, 0);
}
END_TEST

/* Neither are they without end. */
START_TEST(test_many_countersignatures)
{
	struct buf counters = {0}, one = {0};
	int i;

	craft_dave(NULL, &cms);
	put_counter(&one, signature_of(first_info(&cms)));
	know_carol();
	for (i = 0; i < 64; i++)
		attr_put(&counters, OID_COUNTER_SIGNATURE, buf_get(&one));
	craft_dave(&counters, &more);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	attr_put(&counters, OID_COUNTER_SIGNATURE, buf_get(&one));
	craft_dave(&counters, &more);
	verify(buf_get(&more));
	unit_assert_code(v->code, -CS_ERR_TOO_LARGE);
	ck_assert_int_eq(signer(0)->counters[63].integrity.state, FINDING_GOOD);
	ck_assert_int_eq(
	    signer(0)->counters[64].integrity.state, FINDING_UNKNOWN);
	buf_clear(&counters);
	buf_clear(&one);
}
END_TEST

/* What else is in the message stays, and the version says so (RFC 5652 5.1).
 */
static const struct {
	const char *cert, *crl;
	unsigned version;
} others[] = {
    {NULL, NULL, 1},
    {"a1 03 06 01 2a", NULL, 3}, /* attribute certificates, old and new */
    {"a2 03 06 01 2a", NULL, 4},
    {"a3 03 06 01 2a", NULL, 5}, /* another form */
    {NULL, "30 03 02 01 01", 1},
    {NULL, "a1 03 06 01 2a", 5},
};

START_TEST(test_others_stay)
{
	struct craft_signed c = {.who = BOB, .content = BYTES_LIT(TEXT)};
	struct der d, in;

	if (others[_i].cert != NULL)
		c.raw_cert = unit_hex(others[_i].cert);
	if (others[_i].crl != NULL)
		c.raw_crl = unit_hex(others[_i].crl);
	craft_signed(&c, &cms);
	edit(ALICE, false);
	ck_assert(holds(buf_get(&more), c.raw_cert));
	ck_assert(holds(buf_get(&more), c.raw_crl));
	der_init(&d, buf_get(&more));
	in = der_enter(&d, DER_SEQUENCE);
	der_skip(&in);
	in = der_enter(&in, DER_CONTEXT_C(0));
	in = der_enter(&in, DER_SEQUENCE);
	ck_assert_uint_eq(der_get_uint(&in, 9), others[_i].version);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
}
END_TEST

/* A signer named by his key's identifier: version 3. */
START_TEST(test_key_id_stays)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .key_id = cert_get_key_id(world_cert(BOB))};

	craft_signed(&c, &cms);
	edit(ALICE, true);
	verify(buf_get(&more));
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(holds(buf_get(&more), unit_hex("02 01 03 31")));
}
END_TEST

/* Nobody signs beside what is not good. */
START_TEST(test_refused)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .has_no_signer = true};
	struct cert *alice = world_cert(ALICE);

	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	bytes_replace(&cms, BYTES_LIT("editor"), BYTES_LIT("writer"));
	unit_assert_code(
	    edit_as(ALICE, _i == 1, BYTES_NONE), -CS_ERR_DIGEST_MISMATCH);
	ck_assert_uint_eq(more.len, 0);
	buf_reset(&cms);
	craft_signed(&c, &cms);
	unit_assert_code(
	    edit_as(ALICE, _i == 1, BYTES_NONE), -CS_ERR_NOT_SIGNED);
	buf_reset(&cms);
	world_encrypt(
	    ALG_AES256_CBC, &alice, 1, FORM_DER, BYTES_LIT(TEXT), &cms);
	unit_assert_code(
	    edit_as(ALICE, _i == 1, BYTES_NONE), -CS_ERR_NOT_SIGNED);
	world_sign_as(BOB, BYTES_LIT(TEXT), &content);
	buf_reset(&cms);
	buf_add_bytes(&cms, bytes_of(content.data, content.len - 1));
	unit_assert_code(
	    edit_as(ALICE, _i == 1, BYTES_NONE), -CS_ERR_TRUNCATED);
}
END_TEST

START_TEST(test_changed)
{
	static const char *const texts[] = {
	    "Hello, writer\r\n", "Hello, all of you\r\n", "H"};
	struct buf other = {0};
	size_t i;

	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_reset(&other);
		world_sign_as(BOB, bytes_of_str(texts[i]), &other);
		unit_assert_code(
		    edit_as(ALICE, _i == 1, buf_get(&other)), -CS_ERR_CHANGED);
	}
	buf_clear(&other);
}
END_TEST

/* What the key does not do is told. */
START_TEST(test_key_fails)
{
	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	world.ring.fail_with = -CS_ERR_PIN_WRONG;
	unit_assert_code(
	    edit_as(ALICE, _i == 1, BYTES_NONE), -CS_ERR_PIN_WRONG);
	world.ring.fail_with = 0;
	ck_assert_uint_eq(more.len, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("edit");
	TCase *c = tcase_create("edit");
	int r;

	world_init();
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_add_signer, 0, 2);
	tcase_add_loop_test(c, test_add_to_compressed, 0, 2);
	tcase_add_test(c, test_add_detached);
	tcase_add_test(c, test_countersign);
	tcase_add_test(c, test_bad_countersignatures);
	tcase_add_test(c, test_deep_countersignatures);
	tcase_add_test(c, test_many_countersignatures);
	tcase_add_loop_test(c, test_others_stay, 0, 6);
	tcase_add_test(c, test_key_id_stays);
	tcase_add_loop_test(c, test_refused, 0, 2);
	tcase_add_loop_test(c, test_changed, 0, 2);
	tcase_add_loop_test(c, test_key_fails, 0, 2);
	suite_add_tcase(s, c);
	r = unit_run(s);
	world_free();
	return r;
}
