#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/tree.h"
#include "client/pkix/ocsp_int.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit_cert.h"

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))
#define NONCE "0123456789abcdef0123456789abcdef"

static struct ocsp_set *set;
static struct cert_set *anchors;
static struct cert *ca, *leaf;

static struct cert *
vector(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "../ocsp/%s", name);
	return unit_cert(path);
}

static void
setup(void)
{
	temp_setup();
	set = ocsp_set_new();
	anchors = cert_set_new();
	ck_assert_ptr_nonnull(set);
	ck_assert_ptr_nonnull(anchors);
	ca = vector("ca");
	leaf = vector("leaf");
	unit_assert_code(cert_set_add(anchors, ca), 0);
}

static void
teardown(void)
{
	ocsp_set_free(set);
	cert_set_free(anchors);
	cert_free(ca);
	cert_free(leaf);
	temp_teardown();
}

static void
answer_der(struct buf *b, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "tests/vectors/ocsp/%s.der", name);
	unit_read_file(b, path);
}

static int
add_code(const char *name, struct bytes nonce, struct err *e)
{
	struct buf der = {0};
	int r;

	answer_der(&der, name);
	r = ocsp_set_add_der(set, buf_get(&der), nonce, e);
	buf_clear(&der);
	return r;
}

static void
add(const char *names)
{
	char list[128], *name, *save = NULL;
	struct err e = ERR_INIT;
	int r;

	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok_r(list, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save)) {
		r = add_code(name, BYTES_NONE, &e);
		ck_assert_msg(r == 0, "%s: %s", name, err_get_text(&e));
	}
}

/* The path of a certificate right below the CA; text of the ocsp step. */
static int
judge(struct cert *c, struct path_params *params, char *text, size_t size)
{
	struct path_result result;
	size_t i;
	int code;

	params->anchors = anchors;
	params->ocsps = set;
	params->wants_log = true;
	code = path_find(c, params, &result);
	text[0] = '\0';
	for (i = 0; i < result.log->len; i++)
		if (strcmp(result.log->steps[i].what, "ocsp") == 0 &&
		    result.log->steps[i].at == 0)
			snprintf(text, size, "%s", result.log->steps[i].text);
	path_result_clear(&result);
	return code;
}

static const struct {
	const char *answers, *leaf;
	int code;
	const char *text; /* of the step; "": there is none */
} answers[] = {
    {"good", "leaf", 0, "not revoked by the OCSP answer of 2027-06-15"},
    {"good-name", "leaf", 0, "not revoked"},
    {"good-sha256", "leaf", 0, "not revoked"},
    {"no-next", "leaf", 0, "not revoked"},
    {"future", "leaf", -CS_ERR_UNTRUSTED, "still to come"},
    {"future good", "leaf", 0, "of 2027-06-15"},
    {"revoked-by-responder", "leaf", -CS_ERR_REVOKED, NULL},
    {"flood", "leaf", -CS_ERR_UNTRUSTED, "not signed by"},
    {"many", "leaf", 0, "not revoked"},
    {"other-md5", "leaf", -CS_ERR_UNTRUSTED, NULL},
    {"other-cert", "leaf", -CS_ERR_UNTRUSTED, ""},
    {"other-issuer", "leaf", -CS_ERR_UNTRUSTED, ""},
    {"revoked", "leaf", -CS_ERR_REVOKED,
	"revoked since 2024-06-01 (keyCompromise)"},
    /* revoked is revoked, whatever else is said, and when */
    {"good revoked", "leaf", -CS_ERR_REVOKED, NULL},
    {"revoked-stale good", "leaf", -CS_ERR_REVOKED, NULL},
    {"revoked-stale", "leaf", -CS_ERR_REVOKED, NULL},
    /* but for a hold that something newer has lifted */
    {"hold-old", "leaf", -CS_ERR_REVOKED, "on hold since 2024-06-01"},
    {"hold-old good", "leaf", 0, NULL},
    {"good hold-old", "leaf", 0, NULL},
    {"good hold-new", "leaf", -CS_ERR_REVOKED, "on hold"},
    {"hold-new good", "leaf", -CS_ERR_REVOKED, "on hold"},
    {"never-issued", "leaf", -CS_ERR_REVOKED, "never issued it"},
    {"unknown", "leaf", -CS_ERR_UNTRUSTED, "does not know the certificate"},
    {"unknown good", "leaf", 0, "not revoked"},
    {"stale", "leaf", -CS_ERR_UNTRUSTED, "stale since 2027-05-26"},
    {"stale good", "leaf", 0, "not revoked"},
    {"no-next-stale", "leaf", -CS_ERR_UNTRUSTED, "stale since 2027-06-14"},
    {"critical", "leaf", -CS_ERR_UNTRUSTED, "a critical extension"},
    {"critical-single", "leaf", -CS_ERR_UNTRUSTED, "a critical extension"},
    {"weak", "leaf", -CS_ERR_UNTRUSTED, "weak algorithm"},
    {"twin", "leaf", -CS_ERR_UNTRUSTED, "not signed by the CA"},
    {"twin good", "leaf", 0, "not revoked"},
    {"expired", "leaf-expired", -CS_ERR_UNTRUSTED,
	"after the certificate expired"},
    {"expired-cutoff", "leaf-expired", 0, "not revoked"},
    {"expired-cutoff-late", "leaf-expired", -CS_ERR_UNTRUSTED,
	"after the certificate expired"},
    {"by-responder", "leaf", 0, "not revoked"},
    {"by-responder-name", "leaf", 0, "not revoked"},
    {"by-responder-absent", "leaf", -CS_ERR_UNTRUSTED, "not signed by"},
    /* whether the responder is revoked has to be known, too */
    {"by-checked", "leaf", -CS_ERR_UNTRUSTED, "responder is not trusted"},
    {"by-checked checked-good", "leaf", 0, "not revoked"},
    {"by-checked checked-revoked", "leaf", -CS_ERR_UNTRUSTED,
	"responder is revoked"},
    {"by-checked checked-self", "leaf", -CS_ERR_UNTRUSTED,
	"responder is not trusted"},
    {"by-no-usage", "leaf", -CS_ERR_UNTRUSTED, "may not sign such"},
    {"by-any-usage", "leaf", -CS_ERR_UNTRUSTED, "may not sign such"},
    {"by-foreign", "leaf", -CS_ERR_UNTRUSTED, "did not appoint"},
    {"by-expired", "leaf", -CS_ERR_UNTRUSTED, "responder is not trusted"},
    {"by-false", "leaf", -CS_ERR_UNTRUSTED, "responder is not trusted"},
};

START_TEST(tells)
{
	struct path_params params = {
	    .time = UNIT_TIME, .revocation = PATH_REVOCATION_HARD};
	struct cert *c = vector(answers[_i].leaf);
	const char *want = answers[_i].text;
	char text[CRL_TEXT_MAX];
	int code;

	/* what an expired one was when it was valid */
	if (strcmp(answers[_i].leaf, "leaf-expired") == 0) {
		params.time = INT64_C(1767139200);
		params.now = UNIT_TIME;
	}
	add(answers[_i].answers);
	code = judge(c, &params, text, sizeof(text));
	ck_assert_msg(code == answers[_i].code, "%s: got %s (%s)",
	    answers[_i].answers, err_name(code), text);
	if (want != NULL && want[0] == '\0')
		ck_assert_str_eq(text, "");
	else if (want != NULL)
		ck_assert_msg(strstr(text, want) != NULL, "%s: \"%s\"",
		    answers[_i].answers, text);
	/* and again, from what is remembered */
	ck_assert_int_eq(
	    judge(c, &params, text, sizeof(text)), answers[_i].code);
	cert_free(c);
}
END_TEST

START_TEST(soft_takes_what_is_unknown)
{
	struct path_params params = {
	    .time = UNIT_TIME, .revocation = PATH_REVOCATION_SOFT};
	char text[CRL_TEXT_MAX];

	add("by-checked");
	ck_assert_int_eq(judge(leaf, &params, text, sizeof(text)), 0);
	ck_assert_msg(strstr(text, "not revoked") != NULL, "%s", text);
}
END_TEST

/* A message's own answers use nothing up that those at hand need. */
START_TEST(junk_along_with_a_message_hides_nothing)
{
	struct path_params params = {
	    .time = UNIT_TIME, .revocation = PATH_REVOCATION_SOFT};
	struct ocsp_set *ours = set;
	char text[CRL_TEXT_MAX];

	add("revoked-by-responder");
	set = ocsp_set_new();
	ck_assert_ptr_nonnull(set);
	add("forged forged forged forged forged by-responder");
	ocsp_set_set_base(set, ours);
	ck_assert_int_eq(
	    judge(leaf, &params, text, sizeof(text)), -CS_ERR_REVOKED);
	ocsp_set_free(set);
	set = ours;
}
END_TEST

static struct cert *
no_signer(void *ctx, struct bytes subject, struct crl_signer_at *at)
{
	(void)ctx;
	(void)subject;
	(void)at;
	return NULL;
}

static int
no_judge(void *ctx, struct cert *signer)
{
	(void)ctx;
	(void)signer;
	return -CS_ERR_UNTRUSTED;
}

static bool
count_signature(void *ctx, const struct spki *key)
{
	(void)key;
	++*(unsigned *)ctx;
	return true;
}

/* However often the certificate is named in it. */
START_TEST(tries_each_key_once)
{
	unsigned spent = 0;
	struct crl_signers signers = {.next = no_signer,
	    .judge = no_judge,
	    .spend = count_signature,
	    .ctx = &spent};
	struct crl_answer a;
	bool has_any;

	add("flood");
	ocsp_set_check(set, leaf, ca, UNIT_TIME, false, &signers, &a, &has_any);
	ck_assert(has_any);
	ck_assert_int_eq(a.status, CRL_UNKNOWN);
	ck_assert_uint_eq(spent, 16);
}
END_TEST

START_TEST(legacy_admits_sha1)
{
	struct path_params params = {.time = UNIT_TIME,
	    .revocation = PATH_REVOCATION_HARD,
	    .is_legacy = true};
	char text[CRL_TEXT_MAX];

	add("weak");
	ck_assert_int_eq(judge(leaf, &params, text, sizeof(text)), 0);
}
END_TEST

/* A responder whose certificate did not come along, and is known here. */
START_TEST(finds_a_responder_that_is_known)
{
	struct path_params params = {
	    .time = UNIT_TIME, .revocation = PATH_REVOCATION_HARD};
	struct cert_set *known = cert_set_new();
	struct cert *responder = vector("responder");
	char text[CRL_TEXT_MAX];

	unit_assert_code(cert_set_add(known, responder), 0);
	params.intermediates = known;
	add("by-responder-absent");
	ck_assert_int_eq(judge(leaf, &params, text, sizeof(text)), 0);
	cert_free(responder);
	cert_set_free(known);
}
END_TEST

/* Without anybody to judge others, the issuer's own answers count. */
START_TEST(needs_a_judge_for_responders)
{
	struct crl_answer a;
	bool has_any;

	add("by-responder");
	ocsp_set_check(set, leaf, ca, UNIT_TIME, false, NULL, &a, &has_any);
	ck_assert(has_any);
	ck_assert_int_eq(a.status, CRL_UNKNOWN);
	add("revoked");
	ocsp_set_check(set, leaf, ca, UNIT_TIME, false, NULL, &a, &has_any);
	ck_assert_int_eq(a.status, CRL_REVOKED);
	ck_assert_int_eq(a.reason, 1);
	ck_assert_int_eq(a.revoked_at, INT64_C(1717200000));
}
END_TEST

START_TEST(refuses)
{
	struct err e = ERR_INIT;

	unit_assert_code(
	    add_code("try-later", BYTES_NONE, &e), -CS_ERR_NETWORK);
	ck_assert_msg(strstr(e.text, "tryLater") != NULL, "%s", e.text);
	unit_assert_code(
	    add_code("no-basic", BYTES_NONE, &e), -CS_ERR_UNSUPPORTED);
	ck_assert_uint_eq(ocsp_set_get_len(set), 0);
}
END_TEST

START_TEST(compares_nonces)
{
	struct err e = ERR_INIT;

	unit_assert_code(add_code("nonce", BYTES_LIT(NONCE), &e), 0);
	unit_assert_code(
	    add_code("nonce", BYTES_LIT("another"), &e), -CS_ERR_NETWORK);
	/* most responders send none */
	unit_assert_code(add_code("good", BYTES_LIT(NONCE), &e), 0);
}
END_TEST

START_TEST(loads_files)
{
	struct buf der = {0};
	struct err e = ERR_INIT;

	answer_der(&der, "good");
	unit_assert_code(
	    ocsp_set_add_file(set, temp_write("a", buf_get(&der)), &e), 0);
	buf_add_byte(&der, 0);
	unit_assert_code(
	    ocsp_set_add_file(set, temp_write("b", buf_get(&der)), &e),
	    -CS_ERR_TRAILING);
	ck_assert_msg(strstr(e.text, temp_path("b")) != NULL, "%s", e.text);
	unit_assert_code(
	    ocsp_set_add_file(set, temp_path("none"), &e), -CS_ERR_NO_FILE);
	buf_reset(&der);
	der.max = OCSP_LEN_MAX + 1;
	ck_assert_ptr_nonnull(buf_reserve(&der, OCSP_LEN_MAX + 1));
	memset(der.data, 0, OCSP_LEN_MAX + 1);
	buf_grow_len(&der, OCSP_LEN_MAX + 1);
	unit_assert_code(ocsp_set_add_der(set, buf_get(&der), BYTES_NONE, &e),
	    -CS_ERR_TOO_LARGE);
	buf_clear(&der);
}
END_TEST

START_TEST(survives_every_truncation)
{
	struct buf der = {0};
	uint8_t *exact;
	size_t len;

	answer_der(&der, "by-responder");
	for (len = 0; len < der.len; len++) {
		exact = malloc(len != 0 ? len : 1);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, der.data, len);
		ck_assert_int_ne(ocsp_set_add_der(set, bytes_of(exact, len),
				     BYTES_NONE, NULL),
		    0);
		free(exact);
	}
	ck_assert_uint_eq(ocsp_set_get_len(set), 0);
	buf_clear(&der);
}
END_TEST

/* What is signed, or the signature, is changed: nothing is said by it. */
START_TEST(survives_every_change)
{
	static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
	struct buf der = {0};
	struct crl_answer a;
	bool has_any;
	size_t i, good = 0;

	answer_der(&der, "revoked");
	for (i = 0; i < der.len * 4; i++) {
		der.data[i / 4] ^= masks[i % 4];
		ocsp_set_free(set);
		set = ocsp_set_new();
		if (ocsp_set_add_der(set, buf_get(&der), BYTES_NONE, NULL) ==
		    0) {
			ocsp_set_check(
			    set, leaf, ca, UNIT_TIME, true, NULL, &a, &has_any);
			good += a.status != CRL_UNKNOWN;
		}
		der.data[i / 4] ^= masks[i % 4];
	}
	ck_assert_uint_eq(good, 0);
	buf_clear(&der);
}
END_TEST

static const char *const modules[] = {"good", "by-responder", "revoked",
    "never-issued", "unknown", "expired-cutoff", "nonce", "good-name"};

/* Our reading of the standard, and its module's. */
START_TEST(agrees_with_the_module)
{
	struct buf der = {0}, basic = {0};
	struct tree *tree;
	struct err e = ERR_INIT;
	int r;

	answer_der(&der, modules[_i]);
	r = tree_check(TREE_OCSP, "OCSPResponse", buf_get(&der), &e);
	ck_assert_msg(r == 0, "%s: %s", modules[_i], err_get_text(&e));
	unit_assert_code(
	    tree_decode(TREE_OCSP, "OCSPResponse", buf_get(&der), &tree, NULL),
	    0);
	unit_assert_code(
	    tree_get_bytes(tree, "responseBytes.response", &basic, NULL), 0);
	tree_free(tree);
	r = tree_check(TREE_OCSP, "BasicOCSPResponse", buf_get(&basic), &e);
	ck_assert_msg(r == 0, "%s: %s", modules[_i], err_get_text(&e));
	buf_clear(&der);
	buf_clear(&basic);
}
END_TEST

START_TEST(asks_as_the_module_says)
{
	struct buf b = {0}, got = {0};
	struct tree *tree;
	struct err e = ERR_INIT;
	int r;

	der_put_ocsp_request(&b, leaf, ca, BYTES_LIT(NONCE));
	r = tree_check(TREE_OCSP, "OCSPRequest", buf_get(&b), &e);
	ck_assert_msg(r == 0, "%s", err_get_text(&e));
	unit_assert_code(
	    tree_decode(TREE_OCSP, "OCSPRequest", buf_get(&b), &tree, NULL), 0);
	unit_assert_code(
	    tree_get_bytes(tree,
		"tbsRequest.requestList.?1.reqCert.serialNumber", &got, NULL),
	    0);
	unit_assert_bytes(buf_get(&got), cert_get_serial(leaf));
	buf_reset(&got);
	unit_assert_code(
	    tree_get_bytes(
		tree, "tbsRequest.requestExtensions.?1.extnValue", &got, NULL),
	    0);
	unit_assert_bytes(buf_get(&got), BYTES_LIT("\x04\x20" NONCE));
	tree_free(tree);
	buf_clear(&b);
	buf_clear(&got);
	der_put_ocsp_request(&b, leaf, ca, BYTES_NONE);
	unit_assert_code(
	    tree_check(TREE_OCSP, "OCSPRequest", buf_get(&b), &e), 0);
	buf_clear(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ocsp");
	TCase *t = tcase_create("ocsp");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, tells, 0, N(answers));
	tcase_add_test(t, soft_takes_what_is_unknown);
	tcase_add_test(t, junk_along_with_a_message_hides_nothing);
	tcase_add_test(t, tries_each_key_once);
	tcase_add_test(t, legacy_admits_sha1);
	tcase_add_test(t, finds_a_responder_that_is_known);
	tcase_add_test(t, needs_a_judge_for_responders);
	tcase_add_test(t, refuses);
	tcase_add_test(t, compares_nonces);
	tcase_add_test(t, loads_files);
	tcase_add_test(t, survives_every_truncation);
	tcase_add_test(t, survives_every_change);
	tcase_add_loop_test(t, agrees_with_the_module, 0, N(modules));
	tcase_add_test(t, asks_as_the_module_says);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
