#include <string.h>

#include "client/smime/header.h"
#include "tests/unit/unit.h"

static const struct {
	const char *line;
	enum header_line kind;
} lines[] = {
    {"Subject: x\r\n", HEADER_FIELD},
    {"Subject:\n", HEADER_FIELD},
    {"Subject \t: x", HEADER_FIELD},
    {"X-!#$%: ", HEADER_FIELD},
    {" folded", HEADER_FOLD},
    {"\t\r\n", HEADER_FOLD},
    {"\r\n", HEADER_BLANK},
    {"\n", HEADER_BLANK},
    {"", HEADER_BLANK},
    {"\r", HEADER_BLANK},
    {": x", HEADER_BAD},
    {"two words: x", HEADER_BAD},
    {"no colon", HEADER_BAD},
    {"gr\xfc\xdf\x65: x", HEADER_BAD},
    {"From a@b", HEADER_BAD},
};

START_TEST(judges_lines)
{
	ck_assert_int_eq(
	    header_judge_line(bytes_of_str(lines[_i].line)), lines[_i].kind);
}
END_TEST

START_TEST(names_are_bounded)
{
	char name[HEADER_NAME_MAX + 3];

	memset(name, 'x', sizeof(name));
	name[HEADER_NAME_MAX] = ':';
	ck_assert_int_eq(
	    header_judge_line(bytes_of(name, sizeof(name))), HEADER_FIELD);
	name[HEADER_NAME_MAX] = 'x';
	name[HEADER_NAME_MAX + 1] = ':';
	ck_assert_int_eq(
	    header_judge_line(bytes_of(name, sizeof(name))), HEADER_BAD);
}
END_TEST

START_TEST(walks_fields)
{
	struct bytes s =
	    BYTES_LIT("A: 1\r\n  2\r\n\tx\r\nB : \r\nbad\na:3\nC: 4");
	struct header_field f;

	ck_assert_uint_eq(header_find(s, "a", &f), 2);
	unit_assert_bytes(f.value, BYTES_LIT(" 1\r\n  2\r\n\tx"));
	ck_assert(header_next(&s, &f));
	ck_assert(header_is_named(&f, "a"));
	ck_assert(header_next(&s, &f));
	ck_assert(header_has_prefix(&f, "b"));
	unit_assert_bytes(f.raw, BYTES_LIT("B : \r\n"));
	unit_assert_bytes(f.value, BYTES_LIT(" "));
	ck_assert(header_next(&s, &f));
	unit_assert_bytes(f.value, BYTES_LIT("3"));
	ck_assert(header_next(&s, &f));
	unit_assert_bytes(f.raw, BYTES_LIT("C: 4"));
	ck_assert(!header_next(&s, &f));
	ck_assert_uint_eq(header_find(s, "a", NULL), 0);
}
END_TEST

static const struct {
	const char *value, *type, *subtype;
} types[] = {
    {"text/plain", "text", "plain"},
    {" TEXT / Html ; charset=x", "text", "html"},
    {"(a (nested \\) one)) multipart (b)/(c) mixed", "multipart", "mixed"},
    {"application/x-pkcs7-mime", "application", "x-pkcs7-mime"},
    {"text", NULL, NULL},
    {"/plain", NULL, NULL},
    {"text/", NULL, NULL},
    {"", NULL, NULL},
    {"(text/plain", NULL, NULL},
};

START_TEST(media_types)
{
	struct media_type mt;
	int r = media_type_decode(bytes_of_str(types[_i].value), &mt);

	if (types[_i].type == NULL) {
		unit_assert_code(r, -CS_ERR_ENCODING);
		ck_assert_str_eq(mt.type, "");
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert(media_type_is(&mt, types[_i].type, types[_i].subtype));
}
END_TEST

START_TEST(media_type_of_a_section)
{
	struct media_type mt;

	ck_assert(header_get_media_type(BYTES_LIT("A: b\n"), &mt));
	ck_assert(media_type_is(&mt, "text", "plain"));
	ck_assert(
	    header_get_media_type(BYTES_LIT("Content-Type: text\n"), &mt));
	ck_assert(media_type_is(&mt, "text", "plain"));
	ck_assert(
	    header_get_media_type(BYTES_LIT("content-type: image/png\n"), &mt));
	ck_assert(media_type_is(&mt, "image", NULL));
	ck_assert(!header_get_media_type(
	    BYTES_LIT("Content-Type: a/b\nContent-Type: a/b\n"), &mt));
	ck_assert_str_eq(mt.type, "");
	ck_assert(
	    !header_get_media_type(BYTES_LIT("Content-Type: ???\n"), &mt));
}
END_TEST

static const struct {
	const char *params, *value; /* NULL: none */
	bool is_ambiguous;
} params[] = {
    {"; p=v", "v", false},
    {";P = \"a \\\" b\" (c)", "a \" b", false},
    {"; x=\"; p=no\"; p=yes", "yes", false},
    {"; x=1; (p=no) y=2", NULL, false},
    {"; p=----=_Part_1/2?3; y", "----=_Part_1/2?3", false},
    {"; p=1; p=2", "1", true},
    {"; pp=1; p*x=2", NULL, false},
    {"", NULL, false},
    {"; p", NULL, false},
    {"; p=", "", false},
    {"; p=\"folded\r\n value\"", "folded value", false},
    {"; p=\"never ends", "never ends", false},
    /* RFC 2231 */
    {"; p*=us-ascii'en-us'This%20is%20%2A%2A%2Afun", "This is ***fun", false},
    {"; p*=utf-8''%e2%82%ac%zz%2", "\xe2\x82\xac%zz%2", false},
    {"; p*=no-quotes", "no-quotes", false},
    {"; p*0=\"a\"; p*1=b; p*2=c", "abc", false},
    {"; p*2=c; p*0=\"a\"; p*1=b", "abc", false},
    {"; p*0*=utf-8'en'%41; p*1=\"%41\"; p*2*=%42", "A%41B", false},
    {"; p*0=a; p*2=c", "a", false},
    {"; p*0=a; p*0=b; p*1=c", "ac", true},
    {"; p=plain; p*=utf-8''ext", "ext", true},
    {"; p=plain; p*0=ext", "plain", true},
    {"; p*1=b", NULL, false},
};

START_TEST(parameters)
{
	struct buf v = {0};
	bool is_ambiguous;
	int r = header_get_param(
	    bytes_of_str(params[_i].params), "p", &v, &is_ambiguous);

	ck_assert_int_eq(is_ambiguous, params[_i].is_ambiguous);
	if (params[_i].value == NULL) {
		ck_assert_int_eq(r, 0);
	} else {
		ck_assert_int_eq(r, 1);
		unit_assert_bytes(buf_get(&v), bytes_of_str(params[_i].value));
	}
	buf_clear(&v);
}
END_TEST

START_TEST(parameters_are_bounded)
{
	struct buf in = {0}, v = {0};
	int i;

	buf_printf(&in, "; p=%0*d", PARAM_LEN_MAX + 1, 0);
	unit_assert_code(
	    header_get_param(buf_get(&in), "p", &v, NULL), -CS_ERR_TOO_LARGE);
	buf_reset(&in);
	for (i = 0; i < PARAM_SECTIONS_MAX + 1; i++)
		buf_printf(&in, "; p*%d=x", i);
	unit_assert_code(
	    header_get_param(buf_get(&in), "p", &v, NULL), -CS_ERR_TOO_LARGE);
	buf_reset(&in);
	buf_printf(&in, "; p=1; x=%0*d", (int)PARAMS_LEN_MAX, 0);
	unit_assert_code(
	    header_get_param(buf_get(&in), "p", &v, NULL), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(v.len, 0);
	buf_clear(&in);
}
END_TEST

START_TEST(disposition)
{
	struct buf v = {0};

	ck_assert_int_eq(
	    header_get_param(header_get_disposition_params(BYTES_LIT(
				 " attachment; filename=\"smime.p7s\"")),
		"filename", &v, NULL),
	    1);
	unit_assert_bytes(buf_get(&v), BYTES_LIT("smime.p7s"));
	buf_clear(&v);
}
END_TEST

static const struct {
	const char *section;
	enum transfer_encoding cte;
} ctes[] = {
    {"A: b\n", CTE_NONE},
    {"Content-Transfer-Encoding: 7bit\n", CTE_7BIT},
    {"content-transfer-encoding:8BIT\r\n", CTE_8BIT},
    {"Content-Transfer-Encoding: (c) binary (d)\n", CTE_BINARY},
    {"Content-Transfer-Encoding: Quoted-Printable\n", CTE_QP},
    {"Content-Transfer-Encoding:\n base64;\n", CTE_BASE64},
    {"Content-Transfer-Encoding: x-uuencode\n", CTE_OTHER},
    {"Content-Transfer-Encoding: base64 7bit\n", CTE_OTHER},
    {"Content-Transfer-Encoding:\n", CTE_OTHER},
    {"Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 7bit\n",
	CTE_7BIT},
    {"Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n",
	CTE_OTHER},
};

START_TEST(transfer_encodings)
{
	ck_assert_int_eq(
	    header_get_cte(bytes_of_str(ctes[_i].section)), ctes[_i].cte);
}
END_TEST

#define LOOP(test, table) \
	tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("header");
	TCase *tcase = tcase_create("header");

	LOOP(judges_lines, lines);
	tcase_add_test(tcase, names_are_bounded);
	tcase_add_test(tcase, walks_fields);
	LOOP(media_types, types);
	tcase_add_test(tcase, media_type_of_a_section);
	LOOP(parameters, params);
	tcase_add_test(tcase, parameters_are_bounded);
	tcase_add_test(tcase, disposition);
	LOOP(transfer_encodings, ctes);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
