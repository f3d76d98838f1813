#include "client/pkix/request.h"

#include "asn1/name.h"
#include "client/pkix/cert.h"
#include "client/pkix/general_name.h"
#include "tests/unit/unit.h"

/* Any element will do: nothing looks into it. */
#define SPKI "30 03 02 01 05"

static struct buf name, out;

static void
setup(void)
{
	ck_assert_int_eq(name_parse(&name, "CN=Alice", NULL), 0);
}

static void
teardown(void)
{
	buf_clear(&name);
	buf_clear(&out);
}

static int
put_for(struct bytes subject, const char *const *addresses, size_t n,
    unsigned usage)
{
	struct bytes list[REQUEST_ADDRESSES_MAX + 1];
	struct request_params params = {.subject = subject,
	    .spki = unit_hex(SPKI),
	    .addresses = list,
	    .addresses_len = n,
	    .usage = usage};
	size_t i;

	for (i = 0; i < n; i++)
		list[i] = bytes_of_str(addresses[i % 2]);
	return request_put_info(&out, &params, NULL);
}

static int
put(struct bytes subject, const char *const *addresses, size_t n)
{
	return put_for(subject, addresses, n, 0);
}

/* RFC 2986 4.1: the attributes are there even when there are none. */
START_TEST(without_attributes)
{
	struct buf want = {0};
	size_t mark = der_open(&want, DER_SEQUENCE);

	der_put_uint(&want, DER_INTEGER, 0);
	der_put_raw(&want, buf_get(&name));
	der_put_raw(&want, unit_hex(SPKI));
	der_put_raw(&want, unit_hex("a0 00"));
	der_close(&want, mark);
	unit_assert_code(put(buf_get(&name), NULL, 0), 0);
	unit_assert_bytes(buf_get(&out), buf_get(&want));
	buf_clear(&want);
}
END_TEST

/* Up to the extensions that are asked for. */
static struct der
enter_extensions(void)
{
	struct der d, in;
	struct bytes skipped;

	der_init(&d, buf_get(&out));
	in = der_enter(&d, DER_SEQUENCE);
	(void)der_get_uint(&in, 0);
	(void)der_get(&in, DER_SEQUENCE);
	(void)der_get(&in, DER_SEQUENCE);
	in = der_enter(&in, DER_CONTEXT_C(0));
	in = der_enter(&in, DER_SEQUENCE);
	ck_assert_int_eq(
	    der_get_known_oid(&in, &skipped), OID_EXTENSION_REQUEST);
	in = der_enter(&in, DER_SET);
	return der_enter(&in, DER_SEQUENCE);
}

/* Up to the names of the one extension that is asked for. */
static struct der
enter_names(bool *is_critical)
{
	struct der extensions = enter_extensions();
	struct der in = der_enter(&extensions, DER_SEQUENCE);
	struct bytes skipped;

	ck_assert_int_eq(
	    der_get_known_oid(&in, &skipped), OID_CE_SUBJECT_ALT_NAME);
	*is_critical = der_peek(&in) == DER_BOOLEAN && der_get_bool(&in);
	in = der_enter(&in, DER_OCTET_STRING);
	return der_enter(&in, DER_SEQUENCE);
}

START_TEST(with_addresses)
{
	static const char *const addresses[] = {"alice@B\xc3\xbc"
						"cher.example",
	    "j\xc3\xb6rg@EXAMPLE.org"};
	struct general_name gn;
	bool is_critical;
	struct der names;

	unit_assert_code(put(buf_get(&name), addresses, 2), 0);
	names = enter_names(&is_critical);
	ck_assert(!is_critical);
	der_get_general_name(&names, &gn);
	ck_assert_int_eq(gn.type, GN_RFC822);
	der_get_general_name(&names, &gn);
	ck_assert_int_eq(gn.type, GN_OTHER);
	unit_assert_bytes(general_name_get_mailbox(&gn),
	    BYTES_LIT("j\xc3\xb6rg@example.org"));
	unit_assert_code(der_end(&names), 0);
}
END_TEST

START_TEST(is_critical_without_a_subject)
{
	static const char *const addresses[] = {"a@example.org", "b@c.example"};
	bool is_critical;

	unit_assert_code(put(unit_hex("30 00"), addresses, 2), 0);
	(void)enter_names(&is_critical);
	ck_assert(is_critical);
}
END_TEST

/* RFC 5280 4.2.1.3 and 4.2.1.12; X.690 11.2.2: no zeroes at the end. */
static const struct {
	unsigned usage;
	const char *bits; /* the BIT STRING */
} usages[] = {
    {KU_DIGITAL_SIGNATURE, "03 02 07 80"},
    {KU_KEY_ENCIPHERMENT, "03 02 05 20"},
    {KU_KEY_AGREEMENT, "03 02 03 08"},
    {KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, "03 02 05 a0"},
    {KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT, "03 02 03 88"},
};

START_TEST(with_usage)
{
	struct der extensions, in;
	struct bytes skipped;

	unit_assert_code(put_for(buf_get(&name), NULL, 0, usages[_i].usage), 0);
	extensions = enter_extensions();
	in = der_enter(&extensions, DER_SEQUENCE);
	ck_assert_int_eq(der_get_known_oid(&in, &skipped), OID_CE_KEY_USAGE);
	ck_assert(der_get_bool(&in));
	unit_assert_bytes(
	    der_get(&in, DER_OCTET_STRING), unit_hex(usages[_i].bits));
	in = der_enter(&extensions, DER_SEQUENCE);
	ck_assert_int_eq(
	    der_get_known_oid(&in, &skipped), OID_CE_EXT_KEY_USAGE);
	in = der_enter(&in, DER_OCTET_STRING);
	in = der_enter(&in, DER_SEQUENCE);
	ck_assert_int_eq(
	    der_get_known_oid(&in, &skipped), OID_KP_EMAIL_PROTECTION);
	unit_assert_code(der_end(&in), 0);
	ck_assert(!der_has_more(&extensions));
}
END_TEST

START_TEST(refuses)
{
	static const char *const addresses[] = {"a@example.org", "nonsense"};

	unit_assert_code(put(unit_hex("30 00"), NULL, 0), -CS_ERR_ARGUMENT);
	unit_assert_code(put(buf_get(&name), addresses, 2), -CS_ERR_ARGUMENT);
	unit_assert_code(put(buf_get(&name), addresses, 1), 0);
	unit_assert_code(
	    put(buf_get(&name), addresses, REQUEST_ADDRESSES_MAX + 1),
	    -CS_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("request");
	TCase *tcase = tcase_create("request");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_attributes);
	tcase_add_test(tcase, with_addresses);
	tcase_add_test(tcase, is_critical_without_a_subject);
	unit_add_loop(tcase, with_usage, usages);
	tcase_add_test(tcase, refuses);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
