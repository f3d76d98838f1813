/* Time stamps: asked for, taken, and judged beside the signature. */
#include "config.h"

#include "client/cms/stamp.h"

#include <string.h>
#include <time.h>

#include "asn1/signer_info.h"
#include "asn1/time.h"
#include "asn1/tst_info.h"
#include "tests/unit/craft.h"

#define TEXT "Hello, notary\r\n"
#define DAY ((int64_t)24 * 60 * 60)

/* extKeyUsage: timeStamping; and emailProtection, too */
#define FOR_STAMPS BYTES_LIT("\x30\x0a\x06\x08+\6\1\5\5\7\3\x08")
#define FOR_BOTH                                              \
	BYTES_LIT("\x30\x14\x06\x08+\6\1\5\5\7\3\x08\x06\x08" \
		  "+\6\1\5\5\7\3\4")

static struct soft_key *authority_ca, *authority, *wide, *lax, *plain;

/* What an authority answers. All zero is a good answer of now. */
struct notary {
	struct soft_key *who; /* NULL: authority */
	int64_t time;
	const char *when; /* GeneralizedTime as it is sent, instead */
	enum alg digest;  /* 0: SHA-256 */
	unsigned version, status;
	const char *words;
	const char *extensions; /* hex */
	bool for_another, has_another_nonce, is_twice, is_changed, has_no_token;
	struct bytes tail; /* behind the answer */
};

static struct err e;
static struct buf cms, token, attrs, unsigned_attrs, content;
static struct verdict *v;
static struct cert_set *both;

static void
setup(void)
{
	err_clear(&e);
	v = NULL;
	both = cert_set_new();
	ck_assert_int_eq(cert_set_add_all(both, world.anchors), 0);
	ck_assert_int_eq(
	    cert_set_add(both, soft_key_get_cert(authority_ca)), 0);
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&token);
	buf_clear(&attrs);
	buf_clear(&unsigned_attrs);
	buf_clear(&content);
	cert_set_free(both);
	verdict_free(v);
}

/* --- the authority --- */

static void
put_info(struct buf *b, const struct notary *n, struct bytes over,
    struct bytes nonce)
{
	enum alg digest = n->digest != 0 ? n->digest : ALG_SHA256;
	int64_t when = n->time != 0 ? n->time : (int64_t)time(NULL);
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(digest, over, hash), mark, imprint;
	struct tm tm;
	time_t t = (time_t)when;
	char text[32];

	strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", gmtime_r(&t, &tm));
	mark = der_open(b, DER_SEQUENCE);
	der_put_uint(b, DER_INTEGER, n->version != 0 ? n->version : 1);
	der_put(b, DER_OID, unit_hex("2a03"));
	imprint = der_open(b, DER_SEQUENCE);
	der_put_alg(b, digest);
	der_put(b, DER_OCTET_STRING, bytes_of(hash, len));
	der_close(b, imprint);
	der_put_uint(b, DER_INTEGER, 7);
	der_put_str(b, DER_GENERALIZED_TIME, n->when != NULL ? n->when : text);
	if (nonce.len != 0)
		der_put(b, DER_INTEGER, nonce);
	if (n->extensions != NULL)
		der_put_raw(b, unit_hex(n->extensions));
	der_close(b, mark);
}

/* Appends a token over a signature. */
static void
put_token(struct buf *out, const struct notary *n, struct bytes signature,
    struct bytes nonce)
{
	struct soft_key *who = n->who != NULL ? n->who : authority;
	struct cms_signer signers[2] = {{.cert = soft_key_get_cert(who)}};
	struct cms_sign_params params =
	    world_sign_params(signers, n->is_twice ? 2 : 1);
	struct sink *sink = sink_new_buf(out);
	struct bytes_source source;
	struct buf info = {0};

	ck_assert_int_eq(sig_scheme_choose(cert_get_spki(signers[0].cert),
			     ALG_SHA256, false, &signers[0].scheme),
	    0);
	signers[1] = signers[0];
	put_info(&info, n,
	    n->for_another ? BYTES_LIT("another signature") : signature,
	    n->has_another_nonce ? unit_hex("7b") : nonce);
	params.content_type = OID_TST_INFO;
	bytes_source_init(&source, buf_get(&info), 100);
	unit_assert_code(
	    cms_sign_opaque_der(&params, &source.source, sink, &e), 0);
	if (n->is_changed)
		out->data[out->len - 1] ^= 1;
	sink_free(sink);
	buf_clear(&info);
}

static void
put_response(struct buf *b, const struct notary *n, struct bytes signature,
    struct bytes nonce)
{
	size_t mark = der_open(b, DER_SEQUENCE), status, words;
	struct buf made = {0};

	status = der_open(b, DER_SEQUENCE);
	der_put_uint(b, DER_INTEGER, n->status);
	if (n->words != NULL) {
		words = der_open(b, DER_SEQUENCE);
		der_put_str(b, DER_UTF8_STRING, n->words);
		der_put_str(b, DER_UTF8_STRING, "and more");
		der_close(b, words);
		der_put_bits(b, DER_BIT_STRING, unit_hex("80"), 0);
	}
	der_close(b, status);
	if (!n->has_no_token) {
		put_token(&made, n, signature, nonce);
		der_put_raw(b, buf_get(&made));
	}
	der_close(b, mark);
	der_put_raw(b, n->tail);
	buf_clear(&made);
}

/* cms_stamp_ops.stamp */
static int
notary_stamp(
    void *ctx, struct bytes signature, struct buf *out, struct err *err)
{
	struct buf ask = {0}, answer = {0};
	struct stamp_query query;
	int r;

	unit_assert_code(stamp_put_request(&ask, signature, &query, err), 0);
	put_response(&answer, ctx, signature,
	    bytes_of(query.nonce, sizeof(query.nonce)));
	r = stamp_take_response(buf_get(&answer), &query, out, err);
	buf_clear(&ask);
	buf_clear(&answer);
	return r;
}

/* --- signing --- */

static int
sign_stamped(enum person who, struct notary *n)
{
	struct cms_signer signer = world_signer(who, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct cms_stamp_ops stamps = {notary_stamp, n};
	struct sink *sink = sink_new_buf(&cms);
	struct bytes_source source;
	int r;

	buf_reset(&cms);
	params.stamps = &stamps;
	bytes_source_init(&source, BYTES_LIT(TEXT), 100);
	r = cms_sign_opaque_der(&params, &source.source, sink, &e);
	sink_free(sink);
	return r;
}

static void
verify(const struct cert_set *anchors)
{
	world.trust.path.anchors = anchors;
	verdict_free(v);
	buf_reset(&content);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
}

static const struct verdict_signer *
signer(void)
{
	ck_assert_uint_eq(v->layers[0].signers_len, 1);
	return &v->layers[0].signers[0];
}

START_TEST(test_request)
{
	struct stamp_query query, other;
	struct der d, in, imprint;
	struct alg_id id;
	struct bytes hash;

	unit_assert_code(
	    stamp_put_request(&cms, BYTES_LIT("abc"), &query, &e), 0);
	der_init(&d, buf_get(&cms));
	in = der_enter(&d, DER_SEQUENCE);
	ck_assert_uint_eq(der_get_uint(&in, 9), 1);
	imprint = der_enter(&in, DER_SEQUENCE);
	der_get_alg_id(&imprint, &id);
	ck_assert_int_eq(alg_id_get_digest(&id), ALG_SHA256);
	hash = der_get(&imprint, DER_OCTET_STRING);
	/* FIPS 180-4's example */
	unit_assert_bytes(hash,
	    unit_hex("ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c "
		     "b410ff61 f20015ad"));
	unit_assert_bytes(hash, bytes_of(query.hash, sizeof(query.hash)));
	der_leave(&in, &imprint);
	unit_assert_bytes(
	    der_get_integer(&in), bytes_of(query.nonce, sizeof(query.nonce)));
	ck_assert(der_get_bool(&in));
	der_leave(&d, &in);
	ck_assert_int_eq(der_end(&d), 0);
	buf_reset(&cms);
	unit_assert_code(
	    stamp_put_request(&cms, BYTES_LIT("abc"), &other, &e), 0);
	ck_assert_mem_ne(query.nonce, other.nonce, sizeof(query.nonce));
}
END_TEST

START_TEST(test_stamped)
{
	struct notary n = {.words = NULL};
	int64_t now = (int64_t)time(NULL);

	unit_assert_code(sign_stamped(BOB, &n), 0);
	verify(world.anchors);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(signer()->stamps_len, 1);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_UNKNOWN);
	ck_assert_ptr_nonnull(
	    strstr(signer()->stamps[0].finding.text, "not trusted"));
	ck_assert_str_eq(signer()->profile, "CAdES B-B");
	verify(both);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_GOOD);
	ck_assert_str_eq(signer()->stamps[0].policy, "1.2.3");
	ck_assert_int_le(signer()->stamps[0].time, now + 100);
	ck_assert_int_ge(signer()->stamps[0].time, now);
	ck_assert(cert_is_same(
	    signer()->stamps[0].signer->cert, soft_key_get_cert(authority)));
	ck_assert_str_eq(signer()->profile, "CAdES B-T");
	/* nobody's anchors: nothing is proved */
	verdict_free(v);
	world.params.trust = NULL;
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_UNKNOWN);
	unit_assert_code(signer()->stamps[0].finding.code, -CS_ERR_UNTRUSTED);
	world.params.trust = &world.trust;
}
END_TEST

/* A certificate that has expired since is good as of the stamp. */
START_TEST(test_expired_since)
{
	int64_t end = cert_get_not_after(world_cert(FRANK));
	struct notary n = {.time = end - DAY};

	unit_assert_code(sign_stamped(FRANK, &n), 0);
	verify(world.anchors);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_EXPIRED);
	verify(both);
	unit_assert_summary(v, VERDICT_VERIFIED);
	n.time = end + DAY;
	unit_assert_code(sign_stamped(FRANK, &n), 0);
	verify(both);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_EXPIRED);
}
END_TEST

/* What the authority may answer instead; nothing is signed then. */
START_TEST(test_answers_that_are_none)
{
	struct notary refuses = {
	    .status = 2, .words = "no \x01 time", .has_no_token = true};
	struct notary empty = {.has_no_token = true};
	struct notary other = {.for_another = true};
	struct notary nonce = {.has_another_nonce = true};
	struct notary sha512 = {.digest = ALG_SHA512};
	struct notary changed = {.is_changed = true};
	struct notary twice = {.is_twice = true};
	struct notary longer = {.tail = BYTES_LIT("x")};
	struct notary broken = {.version = 2};

	unit_assert_code(sign_stamped(BOB, &refuses), -CS_ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(err_get_text(&e), "status 2: no "));
	ck_assert_ptr_null(strchr(err_get_text(&e), 1));
	unit_assert_code(sign_stamped(BOB, &empty), -CS_ERR_NETWORK);
	unit_assert_code(sign_stamped(BOB, &other), -CS_ERR_NETWORK);
	unit_assert_code(sign_stamped(BOB, &nonce), -CS_ERR_NETWORK);
	unit_assert_code(sign_stamped(BOB, &sha512), -CS_ERR_NETWORK);
	unit_assert_code(sign_stamped(BOB, &changed), -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(sign_stamped(BOB, &twice), -CS_ERR_ENCODING);
	unit_assert_code(sign_stamped(BOB, &longer), -CS_ERR_TRAILING);
	unit_assert_code(sign_stamped(BOB, &broken), -CS_ERR_UNSUPPORTED);
}
END_TEST

/* --- judging --- */

/* Alice's signature is the same each time: PKCS#1 v1.5. */
static void
craft_alice(struct buf *out)
{
	struct craft_signed c = {.who = ALICE,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .unsigned_attrs = unsigned_attrs.len != 0 ? &unsigned_attrs : NULL};

	buf_reset(&attrs);
	buf_reset(out);
	craft_attrs(&attrs, c.content);
	craft_signed(&c, out);
}

static struct bytes
alice_signature(void)
{
	/* it ends the message, without unsigned attributes */
	craft_alice(&cms);
	return bytes_of(cms.data + cms.len - 256, 256);
}

static void
stamp_alice(const struct notary *n)
{
	buf_reset(&token);
	buf_reset(&unsigned_attrs);
	put_token(&token, n, alice_signature(), BYTES_NONE);
	attr_put(&unsigned_attrs, OID_TIME_STAMP_TOKEN, buf_get(&token));
	craft_alice(&cms);
	verify(both);
	/* whatever it is, the signature stays what it is */
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(signer()->stamps_len, 1);
}

static void
assert_stamp(const struct notary *n, enum finding_state state, int code)
{
	const struct finding *f;

	stamp_alice(n);
	f = &signer()->stamps[0].finding;
	ck_assert_msg(f->state == state && f->code == code, "state %d, %s: %s",
	    (int)f->state, err_name(f->code), f->text);
}

START_TEST(test_judged)
{
	const int64_t now = (int64_t)time(NULL);

	assert_stamp(&(struct notary){.time = now}, FINDING_GOOD, 0);
	assert_stamp(&(struct notary){.digest = ALG_SHA512}, FINDING_GOOD, 0);
	assert_stamp(&(struct notary){.for_another = true}, FINDING_BAD,
	    -CS_ERR_DIGEST_MISMATCH);
	assert_stamp(&(struct notary){.is_changed = true}, FINDING_BAD,
	    -CS_ERR_BAD_SIGNATURE);
	assert_stamp(
	    &(struct notary){.is_twice = true}, FINDING_BAD, -CS_ERR_ENCODING);
	assert_stamp(
	    &(struct notary){.who = wide}, FINDING_BAD, -CS_ERR_KEY_USAGE);
	assert_stamp(
	    &(struct notary){.who = lax}, FINDING_BAD, -CS_ERR_KEY_USAGE);
	assert_stamp(
	    &(struct notary){.who = plain}, FINDING_BAD, -CS_ERR_KEY_USAGE);
	assert_stamp(
	    &(struct notary){.time = now + DAY}, FINDING_BAD, -CS_ERR_EXPIRED);
}
END_TEST

/* A digest for which another signature can be made proves nothing. */
START_TEST(test_weak_imprint)
{
	assert_stamp(&(struct notary){.digest = ALG_SHA1}, FINDING_UNKNOWN,
	    -CS_ERR_WEAK);
	assert_stamp(
	    &(struct notary){.digest = ALG_MD5}, FINDING_UNKNOWN, -CS_ERR_WEAK);
	world.trust.is_legacy = true;
	assert_stamp(&(struct notary){.digest = ALG_SHA1}, FINDING_GOOD, 0);
	assert_stamp(
	    &(struct notary){.digest = ALG_MD5}, FINDING_UNKNOWN, -CS_ERR_WEAK);
	world.trust.is_legacy = false;
}
END_TEST

START_TEST(test_info)
{
	static const struct {
		struct notary n;
		int code;
	} infos[] = {
	    {{.when = "20260101000000.25Z"}, 0},
	    {{.when = "20260101000000.2xZ"}, -CS_ERR_ENCODING},
	    {{.when = "20260101000000.Z"}, -CS_ERR_ENCODING},
	    {{.when = "20260101000000"}, -CS_ERR_ENCODING},
	    {{.version = 2}, -CS_ERR_UNSUPPORTED},
	    /* extensions: one, a critical one, what is none */
	    {{.extensions = "a1 09 30 07 06 02 2a03 04 01 00"}, 0},
	    {{.extensions = "a1 0c 30 0a 06 02 2a03 01 01 ff 04 01 00"},
		-CS_ERR_CRITICAL},
	    {{.extensions = "a1 03 02 01 00"}, -CS_ERR_ENCODING},
	    {{.extensions = "0c 00"}, -CS_ERR_TRAILING},
	};
	struct tst_info info;
	struct buf b = {0};

	put_info(&b, &infos[_i].n, BYTES_LIT("abc"), unit_hex("05"));
	unit_assert_code(
	    tst_info_decode(buf_get(&b), &info, &e), infos[_i].code);
	if (infos[_i].code == 0)
		unit_assert_bytes(info.nonce, unit_hex("05"));
	else
		ck_assert_uint_eq(info.hash.len, 0);
	if (infos[_i].n.when != NULL && infos[_i].code == 0)
		ck_assert_int_eq(info.time, INT64_C(1767225600));
	buf_clear(&b);
}
END_TEST

/* RFC 3161 2.4.2: the certificate must be named. */
START_TEST(test_unnamed_certificate)
{
	struct buf info = {0};
	struct craft_signed c = {
	    .who = BOB, .content_type = OID_TST_INFO, .attrs = &attrs};
	uint8_t hash[DIGEST_LEN_MAX];
	struct notary n = {.time = 0};

	put_info(&info, &n, alice_signature(), BYTES_NONE);
	buf_reset(&attrs);
	attr_put_content_type(&attrs, OID_TST_INFO);
	attr_put_message_digest(&attrs,
	    bytes_of(hash, digest_of(ALG_SHA256, buf_get(&info), hash)));
	c.content = buf_get(&info);
	craft_signed(&c, &token);
	attr_put(&unsigned_attrs, OID_TIME_STAMP_TOKEN, buf_get(&token));
	craft_alice(&cms);
	verify(both);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_BAD);
	unit_assert_code(signer()->stamps[0].finding.code, -CS_ERR_ATTRIBUTES);
	buf_clear(&info);
}
END_TEST

/* The earliest counts; and they are not without end. */
START_TEST(test_several)
{
	int64_t end = cert_get_not_before(soft_key_get_cert(authority));
	struct notary n = {.time = end + 3000}, first = {.time = end + 1000};
	int i;

	put_token(&token, &n, alice_signature(), BYTES_NONE);
	for (i = 0; i < 40; i++) {
		attr_put(
		    &unsigned_attrs, OID_TIME_STAMP_TOKEN, buf_get(&token));
		if (i > 0)
			continue;
		buf_reset(&token);
		put_token(&token, &first,
		    bytes_of(cms.data + cms.len - 256, 256), BYTES_NONE);
	}
	craft_alice(&cms);
	world.trust.path.time = end + 2000;
	world.trust.has_time = true;
	verify(both);
	world.trust.has_time = false;
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(signer()->stamps_len, 32);
	/* as of then the other one is yet to come */
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_BAD);
	ck_assert_int_eq(signer()->stamps[1].finding.state, FINDING_GOOD);
	ck_assert_int_eq(signer()->stamps[1].time, end + 1000);
}
END_TEST

static struct soft_key *
make_authority(const char *name, struct bytes usage, bool is_critical)
{
	struct soft_key *k = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256,
	    .name = name,
	    .issuer = authority_ca,
	    .serial = (unsigned)world.ring.len + 100,
	    .ext_key_usage = usage,
	    .is_usage_critical = is_critical,
	});

	world.ring.keys[world.ring.len++] = k;
	return k;
}

int
main(void)
{
	Suite *s = suite_create("stamp");
	TCase *c = tcase_create("stamp");
	int r;

	world_init();
	authority_ca = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256, .name = "Stamp CA", .is_ca = true});
	authority = make_authority("Stamps", FOR_STAMPS, true);
	wide = make_authority("Stamps and more", FOR_BOTH, true);
	lax = make_authority("Stamps, perhaps", FOR_STAMPS, false);
	plain = make_authority("Anything", BYTES_NONE, false);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_request);
	tcase_add_test(c, test_stamped);
	tcase_add_test(c, test_expired_since);
	tcase_add_test(c, test_answers_that_are_none);
	tcase_add_test(c, test_judged);
	tcase_add_test(c, test_weak_imprint);
	tcase_add_loop_test(c, test_info, 0, 9);
	tcase_add_test(c, test_unnamed_certificate);
	tcase_add_test(c, test_several);
	suite_add_tcase(s, c);
	r = unit_run(s);
	soft_key_free(authority);
	soft_key_free(wide);
	soft_key_free(lax);
	soft_key_free(plain);
	soft_key_free(authority_ca);
	world_free();
	return r;
}
