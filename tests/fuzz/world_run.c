#include "tests/fuzz/world_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/craft.h"

static unsigned tests, failures;

void
run_case(bool is_good, const char *name, const char *what)
{
	tests++;
	failures += !is_good;
	printf("%sok %u - %s: %s\n", is_good ? "" : "not ", tests, name, what);
}

unsigned long
run_number(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

int
run_world(const char *name, const TTest *all)
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create("all");
	SRunner *runner = srunner_create(s);

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_add_test(t, all);
	suite_add_tcase(s, t);
	world_init();
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	run_case(srunner_ntests_failed(runner) == 0, name, "to the end");
	if (failures != 0)
		srunner_print(runner, CK_NORMAL);
	printf("1..%u\n", tests);
	srunner_free(runner);
	world_free();
	return failures != 0;
}
