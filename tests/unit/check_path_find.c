#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/pkix/crl.h"
#include "client/pkix/path_cache.h"
#include "tests/unit/unit_cert.h"

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))
#define NAMES_MAX 8

static struct path_result result;
static struct path_params params;
static struct cert_set *anchors, *intermediates;

static void
setup(void)
{
	params = (struct path_params){.time = UNIT_TIME, .purpose = PATH_SIGN};
	anchors = cert_set_new();
	intermediates = cert_set_new();
	params.anchors = anchors;
	params.intermediates = intermediates;
}

static void
teardown(void)
{
	path_result_clear(&result);
	cert_set_free(anchors);
	cert_set_free(intermediates);
}

/* Adds the vectors named, separated by spaces. */
static void
add(struct cert_set *set, const char *names)
{
	char list[256], *name, *save = NULL;
	struct cert *c;

	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok_r(list, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save)) {
		c = unit_cert(name);
		unit_assert_code(cert_set_add(set, c), 0);
		cert_free(c);
	}
}

static void
assert_path(const char *leaf, int code, const char *text)
{
	struct cert *c = unit_cert(leaf);
	int r;

	path_result_clear(&result);
	r = path_find(c, &params, &result);
	ck_assert_msg(r == code, "got %s (%s), want %s", err_name(r),
	    result.text, err_name(code));
	ck_assert_int_eq(result.code, code);
	ck_assert_msg(text == NULL || strstr(result.text, text) != NULL,
	    "want \"%s\" in \"%s\"", text, result.text);
	if (code == 0) {
		ck_assert_ptr_nonnull(result.anchor);
		ck_assert(cert_is_same(cert_set_get(result.path, 0), c));
		ck_assert_ptr_eq(cert_set_get(result.path,
				     cert_set_get_len(result.path) - 1),
		    result.anchor);
	} else {
		ck_assert_ptr_null(result.anchor);
		ck_assert_int_ne(result.text[0], '\0');
	}
	cert_free(c);
}

static const struct {
	const char *leaf, *anchors, *intermediates;
	int code;
	const char *text;
} paths[] = {
    {"leaf", "root", "int", 0, NULL},
    /* an intermediate as the anchor, a leaf as its own */
    {"leaf", "int", "", 0, NULL},
    {"leaf", "leaf", "", 0, NULL},
    {"leaf", "root leaf", "int", 0, NULL},
    {"leaf-expired", "leaf-expired", "", -CS_ERR_EXPIRED,
	"expired on 2021-01-01"},
    {"leaf-tls", "leaf-tls", "", -CS_ERR_PATH, "does not include mail"},
    {"leaf-critical", "leaf-critical", "", -CS_ERR_CRITICAL, "1.3.6.1"},
    /* nothing to end at */
    {"leaf", "", "", -CS_ERR_NO_PATH, "is missing"},
    {"leaf", "root", "", -CS_ERR_NO_PATH, "CN=Issuing CA"},
    {"leaf", "", "int", -CS_ERR_NO_PATH, "CN=Root"},
    {"leaf", "", "int root", -CS_ERR_NO_PATH, "not a trust anchor"},
    {"root", "", "", -CS_ERR_NO_PATH, "not a trust anchor"},
    {"leaf", "mesh-a", "int root", -CS_ERR_NO_PATH, "not a trust anchor"},
    /* names are no keys */
    {"leaf", "root-twin", "int", -CS_ERR_PATH, "not by the key of"},
    {"leaf", "root", "int-twin", -CS_ERR_PATH, "not by the key of"},
    {"leaf", "root root-twin", "int int-twin", 0, NULL},
    {"leaf-no-hints", "root root-twin", "int-twin int", 0, NULL},
    {"leaf-no-hints", "root", "int-twin", -CS_ERR_PATH, "not by the key of"},
    /* time */
    {"leaf-expired", "root", "int", -CS_ERR_EXPIRED,
	"\"Alice Example <alice@example.org>\" (serial 1004): expired on "
	"2021-01-01"},
    {"leaf-future", "root", "int", -CS_ERR_EXPIRED,
	"not valid before 2080-01-01"},
    {"leaf-by-expired", "root", "int-expired", -CS_ERR_EXPIRED,
	"\"Expired CA\""},
    /* an anchor that has expired is one all the same */
    {"leaf-by-expired", "int-expired", "", 0,
	"the trust anchor certificate \"Expired CA\" (serial "},
    /* CAs that are none */
    {"leaf-by-no-ca", "root", "int-no-ca", -CS_ERR_PATH, "is not a CA"},
    {"leaf-by-no-ca", "int-no-ca", "", -CS_ERR_PATH, "for itself alone"},
    {"leaf-by-no-constraints", "root", "int-no-constraints", -CS_ERR_PATH,
	"is not a CA"},
    {"leaf-by-no-constraints", "int-no-constraints", "", -CS_ERR_PATH,
	"for itself alone"},
    {"leaf-by-no-sign", "root", "int-no-sign", -CS_ERR_PATH,
	"sign certificates"},
    {"leaf-by-no-sign", "int-no-sign", "", -CS_ERR_PATH, "for itself alone"},
    {"leaf-by-v1", "root", "int-v1", -CS_ERR_PATH, "version 1"},
    {"leaf-by-v1", "int-v1", "", -CS_ERR_PATH, "for itself alone"},
    {"leaf-by-root-v1", "root-v1", "", 0, NULL},
    /* critical extensions */
    {"leaf-critical", "root", "int", -CS_ERR_CRITICAL, "1.3.6.1.4.1.32473.1.1"},
    {"leaf-by-critical", "root", "int-critical", -CS_ERR_CRITICAL,
	"\"Critical CA\""},
    {"leaf-by-critical", "int-critical", "", -CS_ERR_CRITICAL, NULL},
    /* usage */
    {"leaf-tls", "root", "int", -CS_ERR_PATH, "does not include mail"},
    {"leaf-any-eku", "root", "int", 0, NULL},
    {"leaf-no-eku", "root", "int", 0, NULL},
    {"leaf-encrypt", "root", "int", -CS_ERR_PATH, "allow it to sign"},
    {"leaf-by-tls", "root", "int-tls", -CS_ERR_PATH, "\"TLS CA\""},
    {"leaf-by-tls", "int-tls", "", -CS_ERR_PATH, "\"TLS CA\""},
    {"leaf-by-mail", "root", "int-mail", 0, NULL},
    /* path lengths */
    {"leaf-len0", "root", "int-len0", 0, NULL},
    {"leaf-below-len0", "root", "int-len0 int-below-len0", -CS_ERR_PATH,
	"pathLenConstraint"},
    {"leaf-len0-self", "root", "int-len0 int-len0-self", 0, NULL},
    {"leaf-root-len0", "root-len0", "int-root-len0", -CS_ERR_PATH,
	"pathLenConstraint"},
    {"leaf-root-len0", "int-root-len0", "", 0, NULL},
    /* loops, with and without a way out */
    {"leaf-mesh", "root", "mesh-a mesh-b mesh-a-by-b mesh-b-by-a",
	-CS_ERR_NO_PATH, "not a trust anchor"},
    {"leaf-mesh", "root",
	"mesh-a mesh-b mesh-a-by-b mesh-b-by-a mesh-b-by-root", 0, NULL},
    {"leaf-mesh", "mesh-b", "mesh-a-by-b mesh-b-by-a", 0, NULL},
    {"leaf-mesh", "mesh-b-by-a", "mesh-a-by-b", 0, NULL},
    /* a root's new key, signed by the old one */
    {"leaf-new", "root", "int-new root-new-by-old", 0, NULL},
    {"leaf-new", "root-new", "int-new", 0, NULL},
    {"leaf-new", "root", "int-new root-new", -CS_ERR_PATH, "not by the key of"},
    /* an anchor is a name and a key, whatever certificate they came in */
    {"leaf-new", "root-new-by-old", "int-new root-new", 0, NULL},
    /* names */
    {"leaf-names", "root", "int-names", 0, NULL},
    {"leaf-names", "int-names", "", 0, NULL},
    {"leaf-names-outside", "root", "int-names", -CS_ERR_PATH,
	"\"alice@example.com\" is not permitted"},
    {"leaf-names-outside", "int-names", "", -CS_ERR_PATH, NULL},
    {"leaf-names-excluded", "root", "int-names", -CS_ERR_PATH,
	"\"mallory@example.org\" is excluded"},
    {"leaf-names-directory", "root", "int-names", -CS_ERR_PATH,
	"directory name is not permitted"},
    {"leaf-names-subject", "root", "int-names", -CS_ERR_PATH,
	"\"alice@example.com\" is not permitted"},
    /* policies */
    {"leaf-policy", "root", "int-policy", 0, NULL},
    {"leaf-policy-other", "root", "int-policy", -CS_ERR_PATH,
	"no certificate policy"},
    {"leaf-policy-none", "root", "int-policy", -CS_ERR_PATH,
	"no certificate policy"},
    /* an anchor's own policies are not looked at */
    {"leaf-policy-none", "int-policy", "", 0, NULL},
    {"leaf-negative", "root", "int", 0, NULL},
};

START_TEST(finds)
{
	add(anchors, paths[_i].anchors);
	add(intermediates, paths[_i].intermediates);
	assert_path(paths[_i].leaf, paths[_i].code, paths[_i].text);
	/* the same from a message's own certificates, in another order */
	params.extra = intermediates;
	params.intermediates = NULL;
	assert_path(paths[_i].leaf, paths[_i].code, paths[_i].text);
}
END_TEST

static const struct {
	const char *leaf, *intermediate, *text;
} weak[] = {
    {"leaf-sha1", "int", "too weak"},
    {"leaf-rsa1024", "int", "RSA-1024"},
    {"leaf-by-sha1", "int-sha1", "\"SHA-1 CA\""},
    {"leaf-by-rsa1024", "int-rsa1024", "RSA-1024"},
};

START_TEST(refuses_weak_ones)
{
	add(anchors, "root");
	add(intermediates, weak[_i].intermediate);
	assert_path(weak[_i].leaf, -CS_ERR_WEAK, weak[_i].text);
	params.is_legacy = true;
	assert_path(weak[_i].leaf, 0, NULL);
}
END_TEST

START_TEST(refuses_a_weak_anchor_key)
{
	add(anchors, "int-rsa1024");
	assert_path("leaf-by-rsa1024", -CS_ERR_WEAK, "RSA-1024");
}
END_TEST

START_TEST(knows_purposes)
{
	add(anchors, "root");
	add(intermediates, "int int-tls");
	params.purpose = PATH_ENCRYPT;
	assert_path("leaf-encrypt", 0, NULL);
	assert_path("leaf", -CS_ERR_PATH, "allow it to encrypt");
	params.purpose = PATH_ANY;
	assert_path("leaf-encrypt", 0, NULL);
	assert_path("leaf-tls", 0, NULL);
	assert_path("leaf-by-tls", 0, NULL);
	assert_path("int", 0, NULL);
	assert_path("leaf-critical", -CS_ERR_CRITICAL, NULL);
}
END_TEST

START_TEST(asks_for_policies)
{
	struct bytes one =
	    BYTES_LIT("\x2b\x06\x01\x04\x01\x81\xfd\x59\x02\x01");
	struct bytes two =
	    BYTES_LIT("\x2b\x06\x01\x04\x01\x81\xfd\x59\x02\x02");

	add(anchors, "root");
	add(intermediates, "int int-policy");
	params.policies = &one;
	params.policies_len = 1;
	/* in the anchor's terms it is .1, whatever the leaf says */
	assert_path("leaf-policy", 0, NULL);
	params.policies = &two;
	assert_path("leaf-policy", -CS_ERR_PATH, "policy");
	/* no policy at all, and nobody insists */
	assert_path("leaf", 0, NULL);
	params.is_explicit_policy = true;
	assert_path("leaf", -CS_ERR_PATH, "policy");
	params.policies = &one;
	assert_path("leaf-policy", 0, NULL);
	params.is_mapping_inhibited = true;
	assert_path("leaf-policy", -CS_ERR_PATH, "policy");
}
END_TEST

START_TEST(judges_by_time)
{
	add(anchors, "root");
	add(intermediates, "int");
	params.time = INT64_C(1600000000);
	assert_path("leaf-expired", 0, NULL);
	params.time = INT64_C(1577836800); /* the first second */
	assert_path("leaf-expired", 0, NULL);
	params.time--;
	assert_path("leaf-expired", -CS_ERR_EXPIRED, NULL);
	params.time = INT64_C(1609459200); /* the last second */
	assert_path("leaf-expired", 0, NULL);
	params.time++;
	assert_path("leaf-expired", -CS_ERR_EXPIRED, NULL);
}
END_TEST

START_TEST(tells_the_path)
{
	add(anchors, "root");
	add(intermediates, "int-twin int mesh-a");
	assert_path("leaf", 0, NULL);
	ck_assert_uint_eq(cert_set_get_len(result.path), 3);
	assert_path("leaf-expired", -CS_ERR_EXPIRED, NULL);
	ck_assert_uint_eq(cert_set_get_len(result.path), 3);
	assert_path("leaf-new", -CS_ERR_NO_PATH, NULL);
	ck_assert_uint_eq(cert_set_get_len(result.path), 1);
	ck_assert_int_eq(result.revocation_code, 0);
	ck_assert(!result.is_revocation_checked);
}
END_TEST

static void
add_made(struct cert_set *set, const char *issuer, const char *subject,
    uint64_t serial)
{
	struct unit_extension ca = {
	    OID_CE_BASIC_CONSTRAINTS, true, unit_hex("30 03 01 01 ff")};
	struct cert *c = unit_cert_make(issuer, subject, serial, &ca, 1);

	unit_assert_code(cert_set_add(set, c), 0);
	cert_free(c);
}

/* 10,000 issuers of one name, none of them right. */
START_TEST(gives_up_in_time)
{
	struct cert *leaf = unit_cert_make("CA", "Leaf", 1, NULL, 0);
	uint64_t i;

	params.purpose = PATH_ANY;
	add(anchors, "root");
	for (i = 2; i < 10002; i++)
		add_made(intermediates, "CA2", "CA", i);
	unit_assert_code(path_find(leaf, &params, &result), -CS_ERR_NO_PATH);
	ck_assert_msg(strstr(result.text, "too many signatures") != NULL, "%s",
	    result.text);
	ck_assert(result.is_given_up);
	ck_assert_uint_eq(result.signatures, PATH_SIGNATURES_MAX);
	path_result_clear(&result);
	params.signatures_max = 8;
	unit_assert_code(path_find(leaf, &params, &result), -CS_ERR_NO_PATH);
	ck_assert(result.is_given_up);
	ck_assert_uint_eq(result.signatures, 8);
	cert_free(leaf);
}
END_TEST

/* Two signatures, and no more than a few hundred of the rest. */
START_TEST(keeps_to_lower_bounds)
{
	add(anchors, "root");
	add(intermediates, "int");
	params.signatures_max = 2;
	params.work_max = 512;
	assert_path("leaf", 0, NULL);
	ck_assert(!result.is_given_up);
	ck_assert_uint_eq(result.signatures, 2);
	ck_assert_uint_lt(result.work, 512);
	params.signatures_max = 1;
	assert_path("leaf", -CS_ERR_NO_PATH, "too many signatures");
	ck_assert(result.is_given_up);
	params.signatures_max = 0;
	params.work_max = 1;
	assert_path("leaf", -CS_ERR_NO_PATH, "too many");
	ck_assert(result.is_given_up);
	ck_assert_uint_eq(result.work, 1);
	params.work_max = 0;
	assert_path("leaf", 0, NULL);
}
END_TEST

static struct crl_set *crls;

static void
set_crls(const char *names)
{
	struct err e = ERR_INIT;
	char list[128], path[1024], *name, *save = NULL;
	const char *dir = getenv("CS_SRCDIR");

	crl_set_free(crls);
	crls = crl_set_new();
	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok_r(list, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof(path), "%s/tests/vectors/pkix/%s.pem",
		    dir != NULL ? dir : ".", name);
		unit_assert_code(crl_set_add_file(crls, path, &e), 0);
	}
	params.crls = crls;
}

static const struct {
	const char *leaf, *crls;
	enum path_revocation mode;
	int code, revocation_code;
	bool is_checked;
	const char *text; /* of the revocation */
} revocations[] = {
    {"leaf", "", PATH_REVOCATION_OFF, 0, 0, false, ""},
    {"leaf-revoked", "crl-int crl-root", PATH_REVOCATION_OFF, 0, 0, false, ""},
    {"leaf", "crl-int crl-root", PATH_REVOCATION_SOFT, 0, 0, true, ""},
    {"leaf", "crl-int crl-root", PATH_REVOCATION_HARD, 0, 0, true, ""},
    {"leaf-revoked", "crl-int crl-root", PATH_REVOCATION_SOFT, -CS_ERR_REVOKED,
	-CS_ERR_REVOKED, true, "revoked since 2024-06-01 (keyCompromise)"},
    {"leaf-revoked", "crl-int", PATH_REVOCATION_HARD, -CS_ERR_REVOKED,
	-CS_ERR_REVOKED, true, "serial"},
    {"leaf-held", "crl-int crl-root", PATH_REVOCATION_SOFT, -CS_ERR_REVOKED,
	-CS_ERR_REVOKED, true, "on hold since 2024-06-01"},
    {"leaf", "crl-int crl-root-revokes", PATH_REVOCATION_SOFT, -CS_ERR_REVOKED,
	-CS_ERR_REVOKED, true, "\"Issuing CA\""},
    {"leaf", "", PATH_REVOCATION_SOFT, 0, -CS_ERR_UNTRUSTED, false,
	"no CRL of its CA"},
    {"leaf", "", PATH_REVOCATION_HARD, -CS_ERR_UNTRUSTED, -CS_ERR_UNTRUSTED,
	false, "no CRL of its CA"},
    {"leaf", "crl-int", PATH_REVOCATION_SOFT, 0, -CS_ERR_UNTRUSTED, false,
	"\"Issuing CA\""},
    {"leaf", "crl-int", PATH_REVOCATION_HARD, -CS_ERR_UNTRUSTED,
	-CS_ERR_UNTRUSTED, false, "\"Issuing CA\""},
    {"leaf", "crl-int-stale crl-root", PATH_REVOCATION_HARD, -CS_ERR_UNTRUSTED,
	-CS_ERR_UNTRUSTED, false, "stale since 2021"},
};

START_TEST(checks_revocation)
{
	add(anchors, "root");
	add(intermediates, "int");
	set_crls(revocations[_i].crls);
	params.revocation = revocations[_i].mode;
	assert_path(revocations[_i].leaf, revocations[_i].code, NULL);
	unit_assert_code(
	    result.revocation_code, revocations[_i].revocation_code);
	ck_assert_int_eq(
	    result.is_revocation_checked, revocations[_i].is_checked);
	ck_assert_msg(
	    strstr(result.revocation_text, revocations[_i].text) != NULL, "%s",
	    result.revocation_text);
	crl_set_free(crls);
	crls = NULL;
}
END_TEST

/* What is kept shows in that nothing else is left to find a path with. */
START_TEST(keeps_paths)
{
	struct cert_set *empty = cert_set_new();

	add(anchors, "root");
	add(intermediates, "int");
	params.cache = path_cache_new();
	ck_assert_ptr_nonnull(params.cache);
	assert_path("leaf", 0, NULL);
	params.intermediates = empty;
	assert_path("leaf", 0, NULL);
	ck_assert_uint_eq(cert_set_get_len(result.path), 3);
	assert_path("leaf-expired", -CS_ERR_NO_PATH, NULL);
	params.purpose = PATH_ANY;
	assert_path("leaf", -CS_ERR_NO_PATH, NULL);
	params.purpose = PATH_SIGN;
	params.is_legacy = true;
	assert_path("leaf", -CS_ERR_NO_PATH, NULL);
	params.is_legacy = false;
	params.time += PATH_CACHE_SECONDS + 1;
	assert_path("leaf", -CS_ERR_NO_PATH, NULL);
	params.time -= 2 * (PATH_CACHE_SECONDS + 1);
	assert_path("leaf", -CS_ERR_NO_PATH, NULL);
	params.time = UNIT_TIME;
	params.is_explicit_policy = true;
	assert_path("leaf", -CS_ERR_NO_PATH, NULL);
	path_result_clear(&result);
	path_cache_free(params.cache);
	cert_set_free(empty);
}
END_TEST

/* Until a certificate of it expires. */
START_TEST(keeps_no_path_too_long)
{
	struct cert *c = unit_cert("leaf");

	add(anchors, "root");
	add(intermediates, "int");
	params.cache = path_cache_new();
	params.time = cert_get_not_after(c);
	assert_path("leaf", 0, NULL);
	assert_path("leaf", 0, NULL);
	params.time++;
	assert_path("leaf", -CS_ERR_EXPIRED, NULL);
	path_result_clear(&result);
	path_cache_free(params.cache);
	cert_free(c);
}
END_TEST

/* Equal octets give one struct cert, whatever came in between. */
START_TEST(keeps_certificates)
{
	struct path_cache *cache = path_cache_new();
	struct cert *leaf = unit_cert("leaf"), *first, *again, *other;
	struct buf b = {0};
	int i;

	unit_assert_code(
	    path_cache_decode(cache, cert_get_raw(leaf), &first, NULL), 0);
	ck_assert(cert_is_same(first, leaf));
	unit_assert_code(
	    path_cache_decode(cache, cert_get_raw(leaf), &again, NULL), 0);
	ck_assert_ptr_eq(first, again);
	cert_free(again);
	/* a signature is not looked at: as many others as one likes */
	for (i = 0; i < 3 * PATH_CACHE_CERTS_MAX; i++) {
		buf_reset(&b);
		buf_add_bytes(&b, cert_get_raw(leaf));
		b.data[b.len - 1] ^= (uint8_t)(1 + i % 255);
		b.data[b.len - 2] ^= (uint8_t)(i / 255);
		unit_assert_code(
		    path_cache_decode(cache, buf_get(&b), &other, NULL), 0);
		unit_assert_bytes(cert_get_raw(other), buf_get(&b));
		cert_free(other);
	}
	b.data[0] = 0;
	unit_assert_code(path_cache_decode(cache, buf_get(&b), &other, NULL),
	    -CS_ERR_CERTIFICATE);
	unit_assert_code(
	    path_cache_decode(NULL, cert_get_raw(leaf), &again, NULL), 0);
	ck_assert_ptr_ne(first, again);
	path_cache_free(cache);
	ck_assert(cert_is_same(first, again));
	cert_free(first);
	cert_free(again);
	cert_free(leaf);
	buf_clear(&b);
}
END_TEST

/* Signatures are kept by the octets signed and the key, bad ones not. */
START_TEST(keeps_good_signatures)
{
	struct cert *leaf = unit_cert("leaf"), *ca = unit_cert("int");
	struct cert *twin = unit_cert("int-twin");
	struct path_cache *cache = path_cache_new();

	ck_assert(!path_cache_has_signature(cache, leaf, ca, true));
	path_cache_add_signature(cache, leaf, ca, true);
	ck_assert(path_cache_has_signature(cache, leaf, ca, true));
	ck_assert(!path_cache_has_signature(cache, leaf, ca, false));
	ck_assert(!path_cache_has_signature(cache, leaf, twin, true));
	ck_assert(!path_cache_has_signature(cache, ca, leaf, true));
	path_cache_add_signature(cache, leaf, ca, false);
	ck_assert(path_cache_has_signature(cache, leaf, ca, false));
	path_cache_free(cache);
	cert_free(leaf);
	cert_free(ca);
	cert_free(twin);
}
END_TEST

START_TEST(notes_the_steps)
{
	const struct path_log *log;

	add(anchors, "root");
	add(intermediates, "int");
	params.wants_log = true;
	assert_path("leaf", 0, NULL);
	log = result.log;
	ck_assert_ptr_nonnull(log);
	ck_assert_str_eq(log->steps[0].what, "trustAnchor");
	ck_assert_uint_eq(log->steps[0].at, 2);
	ck_assert_str_eq(log->steps[1].what, "signature");
	ck_assert_uint_eq(log->steps[1].at, 1);
	ck_assert_uint_eq(log->steps[log->len - 1].at, 0);
	ck_assert_int_eq(log->steps[log->len - 1].code, 0);
	assert_path("leaf-expired", -CS_ERR_EXPIRED, NULL);
	log = result.log;
	ck_assert_str_eq(log->steps[log->len - 1].what, "validity");
	unit_assert_code(log->steps[log->len - 1].code, -CS_ERR_EXPIRED);
	ck_assert(strstr(log->steps[log->len - 1].text, "expired") != NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("path_find");
	TCase *t = tcase_create("path_find");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, finds, 0, N(paths));
	tcase_add_loop_test(t, refuses_weak_ones, 0, N(weak));
	tcase_add_test(t, refuses_a_weak_anchor_key);
	tcase_add_test(t, knows_purposes);
	tcase_add_test(t, asks_for_policies);
	tcase_add_test(t, judges_by_time);
	tcase_add_test(t, tells_the_path);
	tcase_add_test(t, gives_up_in_time);
	tcase_add_test(t, keeps_to_lower_bounds);
	tcase_add_loop_test(t, checks_revocation, 0, N(revocations));
	tcase_add_test(t, keeps_paths);
	tcase_add_test(t, keeps_no_path_too_long);
	tcase_add_test(t, keeps_good_signatures);
	tcase_add_test(t, keeps_certificates);
	tcase_add_test(t, notes_the_steps);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
