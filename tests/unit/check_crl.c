#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn1/pem.h"
#include "client/pkix/crl_int.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit_cert.h"

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

static struct crl_set *set;
static struct cert *ca;

static void
setup(void)
{
	temp_setup();
	set = crl_set_new();
	ck_assert_ptr_nonnull(set);
	ca = unit_cert("int");
}

static void
teardown(void)
{
	crl_set_free(set);
	cert_free(ca);
	temp_teardown();
}

static int
keep_der(void *ctx, const char *label, struct bytes der)
{
	(void)label;
	return buf_add_bytes(ctx, der);
}

static void
crl_der(struct buf *b, const char *name)
{
	struct buf text = {0};
	char path[256];

	snprintf(path, sizeof(path), "tests/vectors/pkix/%s.pem", name);
	unit_read_file(&text, path);
	unit_assert_code(
	    pem_walk(buf_get(&text), "X509 CRL", keep_der, b, NULL), 0);
	buf_clear(&text);
}

static void
add(const char *name)
{
	struct buf der = {0};
	struct err e = ERR_INIT;
	int r;

	crl_der(&der, name);
	r = crl_set_add_der(set, buf_get(&der), &e);
	ck_assert_msg(r == 0, "%s: %s", name, err_get_text(&e));
	buf_clear(&der);
}

static struct crl_answer
check_at(const char *leaf, int64_t time, bool is_legacy)
{
	struct crl_answer answer;
	struct cert *c = unit_cert(leaf);

	crl_set_check(set, c, ca, time, is_legacy, &answer);
	cert_free(c);
	return answer;
}

static const struct {
	const char *crls[3];
	const char *leaf;
	enum crl_status status;
	const char *text;
} answers[] = {
    {{"crl-int"}, "leaf", CRL_GOOD, "not revoked by the CRL of 2025-01-01"},
    {{"crl-int"}, "leaf-revoked", CRL_REVOKED,
	"revoked since 2024-06-01 (keyCompromise)"},
    {{"crl-int"}, "leaf-held", CRL_REVOKED,
	"on hold since 2024-06-01 (certificateHold)"},
    {{NULL}, "leaf", CRL_UNKNOWN, "no CRL of its CA"},
    {{"crl-root"}, "leaf", CRL_UNKNOWN, "no CRL of its CA"},
    /* the same name, another key */
    {{"crl-twin"}, "leaf-revoked", CRL_UNKNOWN, "not signed by the CA's key"},
    {{"crl-twin", "crl-int"}, "leaf", CRL_GOOD, NULL},
    /* stale: revokes, and clears nobody */
    {{"crl-int-stale"}, "leaf", CRL_UNKNOWN, "stale since 2021-01-01"},
    {{"crl-int-stale"}, "leaf-revoked", CRL_REVOKED, NULL},
    {{"crl-int-empty-stale"}, "leaf", CRL_UNKNOWN, "stale"},
    {{"crl-int-stale", "crl-int"}, "leaf", CRL_GOOD, NULL},
    /* once revoked, always; a hold may be lifted by a newer list */
    {{"crl-int", "crl-int-empty"}, "leaf-revoked", CRL_REVOKED, NULL},
    {{"crl-int-empty", "crl-int"}, "leaf-revoked", CRL_REVOKED, NULL},
    {{"crl-int", "crl-int-empty"}, "leaf-held", CRL_GOOD, NULL},
    {{"crl-int-empty", "crl-int"}, "leaf-held", CRL_GOOD, NULL},
    {{"crl-int-critical"}, "leaf-revoked", CRL_UNKNOWN,
	"1.3.6.1.4.1.32473.1.1, which is not understood"},
    {{"crl-int-delta"}, "leaf-revoked", CRL_UNKNOWN,
	"a delta CRL, but no complete one"},
    /* for users' certificates only, as these are */
    {{"crl-int-scope"}, "leaf-revoked", CRL_REVOKED, NULL},
    {{"crl-int-scope"}, "leaf", CRL_GOOD, NULL},
    {{"crl-int-critical", "crl-int"}, "leaf", CRL_GOOD, NULL},
    {{"crl-int-sha1"}, "leaf-revoked", CRL_UNKNOWN, "weak"},
    /* made after the time asked for, which is now */
    {{"crl-int-future"}, "leaf", CRL_UNKNOWN, "still to come"},
    {{"crl-int-future"}, "leaf-expired", CRL_UNKNOWN,
	"after the certificate expired"},
};

START_TEST(tells)
{
	struct crl_answer a;
	int i;

	for (i = 0; i < 3 && answers[_i].crls[i] != NULL; i++)
		add(answers[_i].crls[i]);
	a = check_at(answers[_i].leaf, UNIT_TIME, false);
	ck_assert_msg(
	    a.status == answers[_i].status, "got %d: %s", a.status, a.text);
	ck_assert_msg(answers[_i].text == NULL ||
			  strstr(a.text, answers[_i].text) != NULL,
	    "%s", a.text);
	ck_assert_int_ne(a.text[0], '\0');
	/* and again, from what is remembered */
	ck_assert_int_eq(check_at(answers[_i].leaf, UNIT_TIME, false).status,
	    answers[_i].status);
}
END_TEST

/* A later list tells of what was before. */
START_TEST(tells_of_the_past)
{
	struct crl_signers signers = {.now = INT64_C(2524608000)};
	struct crl_answer a;
	struct cert *c = unit_cert("leaf");

	add("crl-int-future");
	crl_set_check_by(set, c, ca, UNIT_TIME, false, &signers, &a);
	ck_assert_int_eq(a.status, CRL_GOOD);
	signers.now -= CRL_SKEW_MAX;
	crl_set_check_by(set, c, ca, UNIT_TIME, false, &signers, &a);
	ck_assert_int_eq(a.status, CRL_GOOD);
	signers.now--;
	crl_set_check_by(set, c, ca, UNIT_TIME, false, &signers, &a);
	ck_assert_int_eq(a.status, CRL_UNKNOWN);
	cert_free(c);
}
END_TEST

START_TEST(tells_reason_and_date)
{
	struct crl_answer a;

	add("crl-int");
	a = check_at("leaf-revoked", UNIT_TIME, false);
	ck_assert_int_eq(a.reason, 1);
	ck_assert_int_eq(a.revoked_at, INT64_C(1717200000));
	/* the day itself does not matter: it errs on this side */
	a = check_at("leaf-revoked", INT64_C(1717199999), false);
	ck_assert_int_eq(a.status, CRL_REVOKED);
}
END_TEST

START_TEST(legacy_admits_sha1)
{
	add("crl-int-sha1");
	ck_assert_int_eq(
	    check_at("leaf-revoked", UNIT_TIME, true).status, CRL_REVOKED);
	ck_assert_int_eq(
	    check_at("leaf-revoked", UNIT_TIME, false).status, CRL_UNKNOWN);
}
END_TEST

START_TEST(wants_the_right_key_usage)
{
	struct crl_answer a;

	add("crl-int");
	cert_free(ca);
	ca = unit_cert("leaf-tls");
	a = check_at("leaf-revoked", UNIT_TIME, false);
	ck_assert_int_eq(a.status, CRL_UNKNOWN);
	cert_free(ca);
	ca = unit_cert("leaf");
	a = check_at("leaf-revoked", UNIT_TIME, false);
	ck_assert_msg(
	    strstr(a.text, "may not sign CRLs") != NULL, "%s", a.text);
}
END_TEST

START_TEST(loads_files)
{
	struct buf der = {0};
	struct err e = ERR_INIT;
	const char *dir = getenv("CS_SRCDIR");
	char path[1024];

	snprintf(path, sizeof(path), "%s/tests/vectors/pkix/crl-root.pem",
	    dir != NULL ? dir : ".");
	unit_assert_code(crl_set_add_file(set, path, &e), 0);
	/* DER, two in one file, which stays open */
	crl_der(&der, "crl-int-stale");
	crl_der(&der, "crl-int");
	unit_assert_code(
	    crl_set_add_file(set, temp_write("two.der", buf_get(&der)), &e), 0);
	ck_assert_uint_eq(crl_set_get_len(set), 3);
	ck_assert_int_eq(check_at("leaf", UNIT_TIME, false).status, CRL_GOOD);
	ck_assert_int_eq(
	    check_at("leaf-revoked", UNIT_TIME, false).status, CRL_REVOKED);
	buf_clear(&der);
}
END_TEST

START_TEST(refuses_files)
{
	struct buf der = {0};
	struct err e = ERR_INIT;

	unit_assert_code(
	    crl_set_add_file(set, temp_path("none"), &e), -CS_ERR_NO_FILE);
	crl_der(&der, "crl-int");
	buf_add_byte(&der, 0);
	unit_assert_code(
	    crl_set_add_file(set, temp_write("a", buf_get(&der)), &e),
	    -CS_ERR_TRUNCATED);
	ck_assert_msg(strstr(e.text, temp_path("a")) != NULL, "%s", e.text);
	unit_assert_code(
	    crl_set_add_file(set, temp_write("b", BYTES_LIT("text")), &e),
	    -CS_ERR_ENCODING);
	buf_reset(&der);
	unit_cert_der(&der, "leaf");
	ck_assert_int_ne(crl_set_add_der(set, buf_get(&der), &e), 0);
	buf_clear(&der);
}
END_TEST

/* The file shrinks or changes after it was read: found out, and no use. */
START_TEST(notices_a_changed_file)
{
	struct buf der = {0};
	struct crl_answer a;
	const char *path;
	size_t i;
	int fd;

	crl_der(&der, "crl-int");
	path = temp_write("crl", buf_get(&der));
	unit_assert_code(crl_set_add_file(set, path, NULL), 0);
	ck_assert_int_eq(
	    check_at("leaf-revoked", UNIT_TIME, false).status, CRL_REVOKED);
	fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	for (i = 0; i < der.len; i++)
		der.data[i] = 0x30;
	ck_assert_int_eq(pwrite(fd, der.data, der.len, 0), (ssize_t)der.len);
	close(fd);
	a = check_at("leaf-revoked", UNIT_TIME, false);
	ck_assert_int_eq(a.status, CRL_UNKNOWN);
	ck_assert_msg(strstr(a.text, "was changed") != NULL, "%s", a.text);
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_int_eq(
	    check_at("leaf-revoked", UNIT_TIME, false).status, CRL_UNKNOWN);
	buf_clear(&der);
}
END_TEST

START_TEST(survives_every_truncation)
{
	struct buf der = {0};
	uint8_t *exact;
	size_t len;

	crl_der(&der, "crl-int");
	for (len = 0; len < der.len; len++) {
		exact = malloc(len != 0 ? len : 1);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, der.data, len);
		ck_assert_int_ne(
		    crl_set_add_der(set, bytes_of(exact, len), NULL), 0);
		free(exact);
	}
	ck_assert_uint_eq(crl_set_get_len(set), 0);
	buf_clear(&der);
}
END_TEST

START_TEST(survives_every_change)
{
	static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
	struct buf der = {0};
	struct cert *c = unit_cert("leaf-revoked");
	struct crl_answer a;
	size_t i, good = 0;

	crl_der(&der, "crl-int");
	for (i = 0; i < der.len * 4; i++) {
		der.data[i / 4] ^= masks[i % 4];
		crl_set_free(set);
		set = crl_set_new();
		if (crl_set_add_der(set, buf_get(&der), NULL) == 0) {
			crl_set_check(set, c, ca, UNIT_TIME, true, &a);
			good += a.status != CRL_UNKNOWN;
		}
		der.data[i / 4] ^= masks[i % 4];
	}
	/* every octet of it is signed */
	ck_assert_uint_eq(good, 0);
	cert_free(c);
	buf_clear(&der);
}
END_TEST

/* An unsigned list of n entries; ext is put into the last. */
static void
make_crl(struct buf *b, uint32_t n, struct bytes ext)
{
	uint8_t serial[8] = {0x11}, zeroes[64] = {0};
	size_t outer, tbs, alg, list, one;
	uint32_t i;
	int k;

	outer = der_open(b, DER_SEQUENCE);
	tbs = der_open(b, DER_SEQUENCE);
	der_put_uint(b, DER_INTEGER, 1);
	for (k = 0; k < 2; k++) {
		alg = der_open(b, DER_SEQUENCE);
		der_put_oid(b, OID_SHA256_WITH_ECDSA);
		der_close(b, alg);
		if (k == 1)
			break;
		der_put_raw(b, cert_get_subject(ca));
		der_put_time(b, 0);
		der_put_time(b, INT64_C(4000000000));
		list = der_open(b, DER_SEQUENCE);
		for (i = 0; i < n; i++) {
			memcpy(serial + 4, &i, sizeof(i));
			one = der_open(b, DER_SEQUENCE);
			der_put(b, DER_INTEGER, bytes_of(serial, 8));
			der_put_time(b, 1000);
			if (i == n - 1)
				der_put_raw(b, ext);
			der_close(b, one);
		}
		der_close(b, list);
		der_close(b, tbs);
	}
	der_put_bits(b, DER_BIT_STRING, bytes_of(zeroes, 64), 0);
	der_close(b, outer);
	ck_assert_int_eq(b->err, 0);
}

static struct crl *
load_made(uint32_t n, struct bytes ext)
{
	struct crl_source *source;
	struct buf der = {.max = 64 << 20};
	struct err e = ERR_INIT;
	struct crl *crl;
	uint64_t end;
	int r;

	make_crl(&der, n, ext);
	source = crl_source_new_copy(buf_get(&der));
	r = crl_new(source, 0, &crl, &end, &e);
	ck_assert_msg(r == 0, "%s", err_get_text(&e));
	ck_assert_uint_eq(end, der.len);
	crl_source_free(source);
	unit_assert_code(crl_load(crl), 0);
	buf_clear(&der);
	return crl;
}

/* Many windows of the reader, each border in another place. */
START_TEST(finds_each_of_many)
{
	uint32_t n = 20000, i;
	struct crl *crl = load_made(n, BYTES_NONE);
	uint8_t serial[8] = {0x11};
	int64_t at;
	int reason;

	ck_assert_str_eq(crl->unusable, "");
	ck_assert_uint_eq(crl->index_len, n);
	for (i = 0; i < n; i++) {
		memcpy(serial + 4, &i, sizeof(i));
		ck_assert_int_eq(crl_find(crl, crl->issuer, 0,
				     bytes_of(serial, 8), &at, &reason),
		    1);
		ck_assert_int_eq(at, 1000);
		ck_assert_int_eq(reason, 0);
	}
	memcpy(serial + 4, &i, sizeof(i));
	ck_assert_int_eq(
	    crl_find(crl, crl->issuer, 0, bytes_of(serial, 8), &at, &reason),
	    0);
	crl_free(crl);
}
END_TEST

static const struct {
	const char *ext, *text;
} entries[] = {
    {"30 0c 30 0a 06 03 55 1d 15 04 03 0a 01 01", ""},
    /* invalidityDate, not critical */
    {"30 0f 30 0d 06 03 55 1d 18 04 06 18 04 00 00 00 00", ""},
    /* certificateIssuer, critical */
    {"30 11 30 0f 06 03 55 1d 1d 01 01 ff 04 05 30 03 82 01 61", "indirect"},
    /* an unknown one, critical */
    {"30 0e 30 0c 06 03 2a 03 04 01 01 ff 04 02 05 00", "1.2.3.4"},
    /* a reason that is none */
    {"30 0c 30 0a 06 03 55 1d 15 04 03 0a 01 0b", "cannot be read"},
    {"30 00 05 00", "cannot be read"},
    {"04 00", "cannot be read"},
};

START_TEST(looks_into_entries)
{
	struct crl *crl = load_made(3, unit_hex(entries[_i].ext));

	ck_assert_msg(
	    strstr(crl->unusable, entries[_i].text) != NULL &&
		(entries[_i].text[0] != '\0' || crl->unusable[0] == '\0'),
	    "%s", crl->unusable);
	crl_free(crl);
}
END_TEST

START_TEST(bounds_an_entry)
{
	struct buf ext = {0};
	uint8_t big[CRL_ENTRY_MAX] = {0};
	struct crl *crl;

	der_put(&ext, DER_SEQUENCE, bytes_of(big, sizeof(big)));
	crl = load_made(2, buf_get(&ext));
	ck_assert_msg(strstr(crl->unusable, "over its limit") != NULL, "%s",
	    crl->unusable);
	crl_free(crl);
	buf_clear(&ext);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("crl");
	TCase *t = tcase_create("crl");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, tells, 0, N(answers));
	tcase_add_test(t, tells_of_the_past);
	tcase_add_test(t, tells_reason_and_date);
	tcase_add_test(t, legacy_admits_sha1);
	tcase_add_test(t, wants_the_right_key_usage);
	tcase_add_test(t, loads_files);
	tcase_add_test(t, refuses_files);
	tcase_add_test(t, notices_a_changed_file);
	tcase_add_test(t, survives_every_truncation);
	tcase_add_test(t, survives_every_change);
	tcase_add_test(t, finds_each_of_many);
	tcase_add_loop_test(t, looks_into_entries, 0, N(entries));
	tcase_add_test(t, bounds_an_entry);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
