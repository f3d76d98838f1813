#include "asn1/pem.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"
#define TWO                                                \
	"-----BEGIN X509 CERTIFICATE-----\r\nMAMC\r\nAQY=" \
	"\r\n-----END X509 CERTIFICATE-----\r\n"
#define KEY "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n"

/* What a walk gave: "LABEL:hex ". */
struct list {
	struct buf text;
	int stop_at; /* which object is answered with POLICY; 0: none */
	int count;
};

static int
add(void *ctx, const char *label, struct bytes der)
{
	struct list *list = ctx;
	size_t i;

	buf_printf(&list->text, "%s:", label);
	for (i = 0; i < der.len; i++)
		buf_printf(&list->text, "%02x", der.p[i]);
	buf_add_str(&list->text, " ");
	return ++list->count == list->stop_at ? -CS_ERR_POLICY : 0;
}

static int
walk(const char *text, const char *label, struct list *list, struct err *e)
{
	buf_clear(&list->text);
	list->count = 0;
	return pem_walk(bytes_of_str(text), label, add, list, e);
}

static const struct {
	const char *text;
	const char *label;
	const char *want;
} good[] = {
    {ONE, NULL, "CERTIFICATE:3003020105 "},
    {ONE, "CERTIFICATE", "CERTIFICATE:3003020105 "},
    {"Bag Attributes\n\tname: -----BEGIN \n" ONE "between\n" TWO "after",
	"CERTIFICATE", "CERTIFICATE:3003020105 X509 CERTIFICATE:3003020106 "},
    {KEY ONE, "CERTIFICATE", "CERTIFICATE:3003020105 "},
    {TWO ONE, "X509 CERTIFICATE", "X509 CERTIFICATE:3003020106 "},
    {"-----BEGIN CMS-----  \nMAA=\n-----END CMS----- \t\n", "CMS", "CMS:3000 "},
    {"-----BEGIN CMS-----\n-----END CMS-----", "CMS", "CMS: "},
    {"-----BEGIN CMS-----\rMAA=\r-----END CMS-----", "CMS", "CMS:3000 "},
    /* not at the start of a line, not whole: no BEGIN line */
    {"x-----BEGIN CMS-----\n" ONE, NULL, "CERTIFICATE:3003020105 "},
    {"-----BEGIN CMS----\n" ONE, NULL, "CERTIFICATE:3003020105 "},
    {"-----BEGIN CMS----- x\n" ONE, NULL, "CERTIFICATE:3003020105 "},
    {"-----BEGIN C\x01S-----\n" ONE, NULL, "CERTIFICATE:3003020105 "},
    /* a label of none but blanks is still a label */
    {"-----BEGIN -----\nMAA=\n-----END -----\n", NULL, ":3000 "},
};

START_TEST(objects_are_found)
{
	struct list list = {0};

	unit_assert_code(walk(good[_i].text, good[_i].label, &list, NULL), 0);
	unit_assert_bytes(buf_get(&list.text), bytes_of_str(good[_i].want));
	ck_assert(pem_is_pem(bytes_of_str(good[_i].text)));
	buf_clear(&list.text);
}
END_TEST

static const struct {
	const char *text;
	const char *label;
	int code;
	unsigned offset;
} bad[] = {
    {"", NULL, -CS_ERR_ENCODING, 0},
    {"no object here\n", NULL, -CS_ERR_ENCODING, 0},
    {ONE, "CMS", -CS_ERR_ENCODING, 0},
    {KEY, NULL, -CS_ERR_BASE64, 28},
    {"-----BEGIN CMS-----\nMAA=\n", NULL, -CS_ERR_TRUNCATED, 19},
    {"-----BEGIN CMS-----", NULL, -CS_ERR_TRUNCATED, 0},
    {"-----BEGIN CMS-----\nMAA=\n-----END PKCS7-----\n", NULL, -CS_ERR_ENCODING,
	0},
    {"-----BEGIN CMS-----\nMAA=\n" ONE, "CMS", -CS_ERR_ENCODING, 0},
    {"-----BEGIN CMS-----\nMAA\n-----END CMS-----\n", NULL, -CS_ERR_BASE64, 24},
    {"-----BEGIN CMS-----\nA: b\n\nMAA=\n-----END CMS-----\n", NULL,
	-CS_ERR_BASE64, 21},
    {"-----BEGIN TRUSTED CERTIFICATE-----\nMAA=\n"
     "-----END TRUSTED CERTIFICATE-----\n",
	"CERTIFICATE", -CS_ERR_UNSUPPORTED, 0},
};

START_TEST(broken_ones_are_refused)
{
	struct list list = {0};
	struct err e = ERR_INIT;

	unit_assert_code(
	    walk(bad[_i].text, bad[_i].label, &list, &e), bad[_i].code);
	ck_assert_int_eq(e.code, bad[_i].code);
	ck_assert(e.text[0] != '\0');
	if (bad[_i].offset != 0)
		ck_assert_uint_eq(e.offset, bad[_i].offset);
	ck_assert_uint_eq(list.text.len, 0);
	buf_clear(&list.text);
}
END_TEST

START_TEST(the_caller_can_end_it)
{
	struct list list = {.stop_at = 1};
	struct bytes der = unit_hex("30 00 30 03 02 01 05");

	unit_assert_code(walk(ONE ONE, NULL, &list, NULL), -CS_ERR_POLICY);
	ck_assert_int_eq(list.count, 1);
	list.count = 0;
	unit_assert_code(
	    pem_walk_any(der, NULL, add, &list, NULL), -CS_ERR_POLICY);
	ck_assert_int_eq(list.count, 1);
	buf_clear(&list.text);
}
END_TEST

START_TEST(labels_have_a_limit)
{
	char text[300], label[PEM_LABEL_MAX + 2];
	struct list list = {0};

	memset(label, 'A', sizeof(label));
	label[PEM_LABEL_MAX] = '\0';
	snprintf(text, sizeof(text),
	    "-----BEGIN %s-----\nMAA=\n-----END %s-----\n", label, label);
	unit_assert_code(walk(text, NULL, &list, NULL), 0);
	label[PEM_LABEL_MAX] = 'A';
	label[PEM_LABEL_MAX + 1] = '\0';
	snprintf(text, sizeof(text),
	    "-----BEGIN %s-----\nMAA=\n-----END %s-----\n", label, label);
	unit_assert_code(walk(text, NULL, &list, NULL), -CS_ERR_ENCODING);
	buf_clear(&list.text);
}
END_TEST

START_TEST(objects_have_a_limit)
{
	static const char head[] = "-----BEGIN CMS-----\n";
	size_t len = (PEM_OBJECT_MAX + 64) / 3 * 4;
	struct list list = {0};
	char *text = malloc(len + 100);

	memset(text, 'A', len + 100);
	text[len + 99] = '\0';
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + len, "\n-----END CMS-----\n", 19);
	unit_assert_code(walk(text, NULL, &list, NULL), -CS_ERR_TOO_LARGE);
	free(text);
	buf_clear(&list.text);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	struct buf pem = {0}, der = {0};
	struct list list = {0}, want = {0};
	size_t len;

	for (len = 0; len < 200; len++) {
		buf_reset(&pem);
		unit_assert_code(pem_write(&pem, "CMS", buf_get(&der)), 0);
		buf_reset(&want.text);
		add(&want, "CMS", buf_get(&der));
		buf_add_byte(&pem, '\0');
		unit_assert_code(walk((char *)pem.data, "CMS", &list, NULL), 0);
		unit_assert_bytes(buf_get(&list.text), buf_get(&want.text));
		buf_add_byte(&der, (uint8_t)len);
	}
	buf_clear(&pem);
	buf_clear(&der);
	buf_clear(&list.text);
	buf_clear(&want.text);
}
END_TEST

START_TEST(lines_are_of_64)
{
	struct buf pem = {0};
	uint8_t data[49] = {0};

	pem_write(&pem, "CMS", bytes_of(data, sizeof(data)));
	unit_assert_bytes(
	    buf_get(&pem), BYTES_LIT("-----BEGIN CMS-----\n"
				     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
				     "AA==\n"
				     "-----END CMS-----\n"));
	buf_clear(&pem);
	buf_init(&pem, 30);
	ck_assert_int_eq(
	    pem_write(&pem, "CMS", bytes_of(data, 49)), -CS_ERR_TOO_LARGE);
	buf_clear(&pem);
}
END_TEST

START_TEST(pem_or_der)
{
	struct list list = {0};
	struct err e = ERR_INIT;
	/* DER that holds what looks like a PEM object */
	struct bytes tricky = BYTES_LIT("\x30\x1a\x0c\x18\n-----BEGIN CMS"
					"-----\nAAA");

	unit_assert_code(pem_walk_any(unit_hex("30 00 30 03 02 01 05"), "CMS",
			     add, &list, &e),
	    0);
	unit_assert_bytes(
	    buf_get(&list.text), BYTES_LIT("CMS:3000 CMS:3003020105 "));
	buf_reset(&list.text);
	unit_assert_code(pem_walk_any(BYTES_LIT(ONE), NULL, add, &list, &e), 0);
	unit_assert_bytes(
	    buf_get(&list.text), BYTES_LIT("CERTIFICATE:3003020105 "));
	/* a text may begin with '0', which is the tag of a SEQUENCE */
	buf_reset(&list.text);
	unit_assert_code(
	    pem_walk_any(BYTES_LIT("0 s:CN=x\n" ONE), NULL, add, &list, &e), 0);
	buf_reset(&list.text);
	ck_assert_uint_eq(tricky.len, 28);
	unit_assert_code(pem_walk_any(tricky, NULL, add, &list, &e), 0);
	ck_assert(list.text.len > 2 && list.text.data[0] == ':');
	unit_assert_code(
	    pem_walk_any(BYTES_NONE, NULL, add, &list, &e), -CS_ERR_ENCODING);
	unit_assert_code(
	    pem_walk_any(unit_hex("30 00 05 00"), NULL, add, &list, &e),
	    -CS_ERR_ENCODING);
	unit_assert_code(pem_walk_any(unit_hex("30 05"), NULL, add, &list, &e),
	    -CS_ERR_ENCODING);
	ck_assert_int_eq(e.code, -CS_ERR_ENCODING);
	buf_clear(&list.text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pem");
	TCase *tcase = tcase_create("pem");

	unit_add_loop(tcase, objects_are_found, good);
	unit_add_loop(tcase, broken_ones_are_refused, bad);
	tcase_add_test(tcase, the_caller_can_end_it);
	tcase_add_test(tcase, labels_have_a_limit);
	tcase_add_test(tcase, objects_have_a_limit);
	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_test(tcase, lines_are_of_64);
	tcase_add_test(tcase, pem_or_der);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
