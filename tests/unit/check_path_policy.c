#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/pkix/path_int.h"
#include "tests/unit/unit_cert.h"

static struct path_ctx ctx;
static struct policy_graph *graph;
static struct err err;
/* The graph borrows from the certificates. */
static struct cert_set *certs;

static void
setup(void)
{
	ctx = (struct path_ctx){.work = 0};
	err = (struct err)ERR_INIT;
	certs = cert_set_new();
	ck_assert_ptr_nonnull(certs);
	graph = policy_graph_new(&ctx);
	ck_assert_ptr_nonnull(graph);
}

static void
teardown(void)
{
	policy_graph_free(graph);
	cert_set_free(certs);
}

/* Policies are letters; * is anyPolicy. */
static void
put_policy(struct buf *b, char name)
{
	uint8_t oid[] = {0x2a, (uint8_t)(name & 0x7f)};

	if (name == '*')
		der_put_oid(b, OID_CE_ANY_POLICY);
	else
		der_put(b, DER_OID, bytes_of(oid, sizeof(oid)));
}

/* "ab*" and "ax by": a to x, b to y. NULL: no extension. In certs. */
static struct cert *
make(const char *policies, const char *mappings)
{
	struct unit_extension ext[2];
	struct buf p = {0}, m = {0};
	size_t n = 0, list, one;
	struct cert *c;

	list = der_open(&p, DER_SEQUENCE);
	for (; policies != NULL && *policies != '\0'; policies++) {
		one = der_open(&p, DER_SEQUENCE);
		put_policy(&p, *policies);
		der_close(&p, one);
		n = 1;
	}
	der_close(&p, list);
	ext[0] = (struct unit_extension){
	    OID_CE_CERTIFICATE_POLICIES, false, buf_get(&p)};
	list = der_open(&m, DER_SEQUENCE);
	for (; mappings != NULL && mappings[0] != '\0';
	     mappings += mappings[2] == ' ' ? 3 : 2) {
		one = der_open(&m, DER_SEQUENCE);
		put_policy(&m, mappings[0]);
		put_policy(&m, mappings[1]);
		der_close(&m, one);
	}
	der_close(&m, list);
	if (mappings != NULL)
		ext[n++] = (struct unit_extension){
		    OID_CE_POLICY_MAPPINGS, true, buf_get(&m)};
	c = unit_cert_make("CA", "Sub", cert_set_get_len(certs) + 1, ext, n);
	unit_assert_code(cert_set_add(certs, c), 0);
	cert_free(c);
	buf_clear(&p);
	buf_clear(&m);
	return c;
}

#define ANY 1 /* anyPolicy is allowed */
#define MAP 2 /* mapping is allowed */
#define SHOW_MAX 5

static const struct {
	struct {
		const char *policies, *mappings;
		int flags;
	} certs[SHOW_MAX];
	const char *asked; /* in the anchor's terms */
	bool is_valid;
} cases[] = {
    {{{"a", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "", true},
    {{{"a", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "a", true},
    {{{"a", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "b", false},
    {{{"a", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "*", true},
    {{{"a", NULL, ANY | MAP}, {"b", NULL, ANY | MAP}}, "", false},
    {{{"ab", NULL, ANY | MAP}, {"bc", NULL, ANY | MAP}}, "b", true},
    {{{"ab", NULL, ANY | MAP}, {"bc", NULL, ANY | MAP}}, "ac", false},
    {{{"", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "", false},
    {{{"a", NULL, ANY | MAP}, {"", NULL, ANY | MAP}}, "", false},
    /* anyPolicy, allowed and not */
    {{{"*", NULL, ANY | MAP}, {"a", NULL, ANY | MAP}}, "a", true},
    {{{"*", NULL, MAP}, {"a", NULL, ANY | MAP}}, "a", false},
    {{{"a", NULL, ANY | MAP}, {"*", NULL, ANY | MAP}}, "a", true},
    {{{"a", NULL, ANY | MAP}, {"*", NULL, MAP}}, "a", false},
    {{{"*", NULL, ANY | MAP}, {"*", NULL, ANY | MAP}}, "z", true},
    {{{"a", NULL, ANY | MAP}, {"*", NULL, ANY | MAP}}, "b", false},
    {{{"a*", NULL, ANY | MAP}, {"b", NULL, ANY | MAP}}, "b", true},
    /* mapping */
    {{{"a", "ax", ANY | MAP}, {"x", NULL, ANY | MAP}}, "a", true},
    {{{"a", "ax", ANY | MAP}, {"x", NULL, ANY | MAP}}, "x", false},
    {{{"a", "ax", ANY | MAP}, {"a", NULL, ANY | MAP}}, "", false},
    {{{"a", "ax", ANY}, {"x", NULL, ANY | MAP}}, "", false},
    {{{"a", "ax", ANY}, {"a", NULL, ANY | MAP}}, "", false},
    {{{"ab", "ax", ANY}, {"b", NULL, ANY | MAP}}, "b", true},
    {{{"a", "ax ay", ANY | MAP}, {"y", NULL, ANY | MAP}}, "a", true},
    {{{"ab", "ax bx", ANY | MAP}, {"x", NULL, ANY | MAP}}, "b", true},
    {{{"a", "ax", ANY | MAP}, {"x", "xz", ANY | MAP}, {"z", NULL, ANY | MAP}},
	"a", true},
    /* a mapped policy that only anyPolicy stood for */
    {{{"*", "ax", ANY | MAP}, {"x", NULL, ANY | MAP}}, "a", true},
    {{{"*", "ax", ANY | MAP}, {"x", NULL, ANY | MAP}}, "b", false},
    {{{"*", "ax", ANY | MAP}, {"a", NULL, ANY | MAP}}, "a", true},
    {{{"a", "ax", ANY | MAP}, {"*", NULL, ANY | MAP}}, "a", true},
    /* a branch that ends does not count */
    {{{"ab", NULL, ANY | MAP}, {"ab", "ax", ANY | MAP}, {"x", NULL, ANY | MAP}},
	"b", false},
};

START_TEST(judges)
{
	struct bytes asked[4];
	uint8_t oids[4][2];
	struct cert *c;
	size_t i, n = strlen(cases[_i].asked);
	int flags;

	for (i = 0; i < SHOW_MAX && cases[_i].certs[i].policies != NULL; i++) {
		c = make(
		    cases[_i].certs[i].policies, cases[_i].certs[i].mappings);
		flags = cases[_i].certs[i].flags;
		unit_assert_code(
		    policy_graph_add_cert(graph, c, (flags & ANY) != 0, &err),
		    0);
		if (i + 1 < SHOW_MAX && cases[_i].certs[i + 1].policies != NULL)
			unit_assert_code(policy_graph_map(graph, c,
					     (flags & MAP) != 0, &err),
			    0);
	}
	for (i = 0; i < n; i++) {
		oids[i][0] = 0x2a;
		oids[i][1] = (uint8_t)(cases[_i].asked[i] & 0x7f);
		asked[i] = bytes_of(oids[i], 2);
		if (cases[_i].asked[i] == '*')
			asked[i] = oid_get(OID_CE_ANY_POLICY);
	}
	ck_assert_int_eq(
	    policy_graph_has_valid(graph, asked, n), cases[_i].is_valid);
}
END_TEST

START_TEST(refuses_broken_ones)
{
	static const struct {
		const char *policies, *mappings, *text;
	} all[] = {
	    {"aba", NULL, "twice"},
	    {"a", "a*", "anyPolicy"},
	    {"a", "*a", "anyPolicy"},
	    {"a", "", "policyMappings"},
	};
	struct cert *c = make(all[_i].policies, all[_i].mappings);
	int r = policy_graph_add_cert(graph, c, true, &err);

	if (r == 0)
		r = policy_graph_map(graph, c, true, &err);
	unit_assert_code(r, -CS_ERR_PATH);
	ck_assert_msg(strstr(err.text, all[_i].text) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *value;
	bool is_critical;
	int code;
} qualified[] = {
    /* CPS, user notice */
    {"30 14 30 12 06 02 2a 03 30 0c 30 0a 06 08 2b 06 01 05 05 07 02 01", true,
	-CS_ERR_CRITICAL},
    {"30 17 30 15 06 02 2a 03 30 0f 30 0d 06 08 2b 06 01 05 05 07 02 01 16 "
     "01 61",
	true, 0},
    {"30 17 30 15 06 02 2a 03 30 0f 30 0d 06 08 2b 06 01 05 05 07 02 03 16 "
     "01 61",
	true, -CS_ERR_CRITICAL},
    {"30 17 30 15 06 02 2a 03 30 0f 30 0d 06 08 2b 06 01 05 05 07 02 03 16 "
     "01 61",
	false, 0},
    {"30 00", false, -CS_ERR_PATH},
    {"30 02 30 00", false, -CS_ERR_PATH},
};

START_TEST(looks_at_qualifiers)
{
	struct unit_extension ext = {OID_CE_CERTIFICATE_POLICIES,
	    qualified[_i].is_critical, unit_hex(qualified[_i].value)};
	struct cert *c = unit_cert_make("CA", "Sub", 1, &ext, 1);

	unit_assert_code(
	    policy_graph_add_cert(graph, c, true, &err), qualified[_i].code);
	cert_free(c);
}
END_TEST

/* The tree of the standard would have 60^16 nodes. */
START_TEST(does_not_explode)
{
	static char mappings[60 * 60 * 3 + 1];
	char policies[64], *m = mappings;
	struct bytes asked = BYTES_LIT("\x2a\x7f");
	struct timespec start, end;
	struct cert *c;
	int i, j;

	for (i = 0; i < 60; i++)
		policies[i] = (char)('A' + i);
	policies[60] = '\0';
	for (i = 0; i < 60; i++) {
		for (j = 0; j < 60; j++) {
			*m++ = policies[i];
			*m++ = policies[j];
			*m++ = ' ';
		}
	}
	m[-1] = '\0';
	c = make(policies, mappings);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (i = 0; i < PATH_LEN_MAX; i++) {
		unit_assert_code(
		    policy_graph_add_cert(graph, c, true, &err), 0);
		unit_assert_code(policy_graph_map(graph, c, true, &err), 0);
	}
	ck_assert(!policy_graph_has_valid(graph, &asked, 1));
	ck_assert(policy_graph_has_valid(graph, NULL, 0));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 2);
}
END_TEST

START_TEST(gives_up)
{
	struct cert *c = make("abc", "ax bx cx");

	ctx.work = PATH_WORK_MAX - 5;
	unit_assert_code(
	    policy_graph_add_cert(graph, c, true, &err), -CS_ERR_NO_PATH);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("path_policy");
	TCase *t = tcase_create("path_policy");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, judges, 0, (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_loop_test(t, refuses_broken_ones, 0, 4);
	tcase_add_loop_test(t, looks_at_qualifiers, 0,
	    (int)(sizeof(qualified) / sizeof(*qualified)));
	tcase_add_test(t, does_not_explode);
	tcase_add_test(t, gives_up);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
