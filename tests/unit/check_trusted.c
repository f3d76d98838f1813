#include "client/pkix/trusted.h"
#include "asn1/der.h"
#include "asn1/pem.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#define CERT "3003020105"
#define EMAIL "06082b06010505070304"
#define SERVER "06082b06010505070301"
#define ANY "0604551d2500"
#define ALIAS "0c0141"

static const struct {
	const char *label;
	const char *hex;
	const char *want; /* marks and certificates, "" for none */
} objects[] = {
    {"CERTIFICATE", CERT, "u:" CERT " "},
    {"X509 CERTIFICATE", CERT, "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT, "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "3000", "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "3003" ALIAS, "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "300c300a" EMAIL, "e:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "300f300a" EMAIL ALIAS, "e:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "300c300a" SERVER, "o:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "30163014" SERVER EMAIL, "e:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "30123010" ANY SERVER, "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "30123010" ANY EMAIL, "e:" CERT " "},
    /* for nothing */
    {"TRUSTED CERTIFICATE", CERT "30023000", "o:" CERT " "},
    /* rejected */
    {"TRUSTED CERTIFICATE", CERT "300ca00a" EMAIL, "o:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "3008a006" ANY, "o:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "300ca00a" SERVER, "u:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "3018300a" EMAIL "a00a" EMAIL, "o:" CERT " "},
    {"TRUSTED CERTIFICATE", CERT "3018300a" EMAIL "a00a" SERVER, "e:" CERT " "},
    /* malformed: passed over */
    {"TRUSTED CERTIFICATE", CERT "3005", ""},
    {"TRUSTED CERTIFICATE", CERT "3003300106", ""},
    {"TRUSTED CERTIFICATE", CERT "30053003020101", ""},
    {"TRUSTED CERTIFICATE", CERT "3000" CERT, ""},
    {"CERTIFICATE", "0500", ""},
    {"CERTIFICATE", "", ""},
    /* something else */
    {"PRIVATE KEY", CERT, ""},
};

static int
take(void *ctx, struct bytes certificate, enum trusted_mark mark)
{
	struct buf *got = ctx;

	buf_printf(got, "%c:",
	    mark == TRUSTED_FOR_EMAIL  ? 'e'
	    : mark == TRUSTED_UNMARKED ? 'u'
				       : 'o');
	buf_add_hex(got, certificate);
	return buf_add_byte(got, ' ');
}

START_TEST(marks_are_read)
{
	struct buf der = {0}, text = {0}, got = {0};
	struct err e = ERR_INIT;

	buf_add_bytes(&der, unit_hex(objects[_i].hex));
	pem_write(&text, objects[_i].label, buf_get(&der));
	pem_write(&text, "CERTIFICATE", BYTES_LIT("\x30\x00"));
	ck_assert_int_eq(trusted_walk(buf_get(&text), take, &got, &e), 0);
	buf_reset(&der);
	buf_printf(&der, "%su:3000 ", objects[_i].want);
	unit_assert_bytes(buf_get(&got), buf_get(&der));
	buf_clear(&der);
	buf_clear(&text);
	buf_clear(&got);
}
END_TEST

static int
refuse(void *ctx, struct bytes certificate, enum trusted_mark mark)
{
	(void)certificate;
	(void)mark;
	++*(int *)ctx;
	return -CS_ERR_POLICY;
}

START_TEST(a_walk_ends)
{
	static const char two[] =
	    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
	    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	static const char cut[] = "-----BEGIN CERTIFICATE-----\nMAA=\n";
	struct err e = ERR_INIT;
	int seen = 0;

	unit_assert_code(
	    trusted_walk(BYTES_LIT(two), refuse, &seen, &e), -CS_ERR_POLICY);
	ck_assert_int_eq(seen, 1);
	unit_assert_code(
	    trusted_walk(BYTES_LIT(cut), refuse, &seen, &e), -CS_ERR_TRUNCATED);
	ck_assert_int_eq(trusted_walk(BYTES_LIT(""), refuse, &seen, &e), 0);
	ck_assert_int_eq(trusted_walk(BYTES_LIT("text"), refuse, &seen, &e), 0);
	ck_assert_int_eq(seen, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trusted");
	TCase *tcase = tcase_create("trusted");

	unit_add_loop(tcase, marks_are_read, objects);
	tcase_add_test(tcase, a_walk_ends);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
