#include "client/cms/spool.h"
#include "tests/unit/unit.h"

#include <string.h>

START_TEST(reads_only_what_is_there)
{
	struct err e = ERR_INIT;
	struct spool s;
	uint8_t p[4];

	spool_init(&s);
	unit_assert_code(spool_add(&s, BYTES_LIT("abc"), &e), 0);
	unit_assert_code(spool_read_at(&s, 1, p, 2, &e), 0);
	ck_assert_int_eq(memcmp(p, "bc", 2), 0);
	unit_assert_code(spool_read_at(&s, 1, p, 3, &e), -CS_ERR_INTERNAL);
	unit_assert_code(spool_read_at(&s, 4, p, 0, &e), -CS_ERR_INTERNAL);
	spool_clear(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");

	tcase_add_test(tcase, reads_only_what_is_there);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
