#include "agent/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char path[AGT_SOCKET_PATH_MAX];

static void
setup(void)
{
	unsetenv("CARDSEAL_SOCKET");
	unsetenv("XDG_RUNTIME_DIR");
}

START_TEST(order)
{
	setenv("XDG_RUNTIME_DIR", "/run/somewhere", 1);
	setenv("CARDSEAL_SOCKET", "", 1);
	unit_assert_code(agt_socket_path(NULL, path, NULL), 0);
	ck_assert_str_eq(path, "/run/somewhere/cardseal/agent");
	setenv("CARDSEAL_SOCKET", "/x/sock", 1);
	unit_assert_code(agt_socket_path(NULL, path, NULL), 0);
	ck_assert_str_eq(path, "/x/sock");
	unit_assert_code(agt_socket_path("mine", path, NULL), 0);
	ck_assert_str_eq(path, "mine");
}
END_TEST

/* Whether /run/user/UID is there depends on the machine; never /tmp. */
START_TEST(without_variables)
{
	struct err e = ERR_INIT;
	char folder[64], want[128];
	struct stat st;
	int r;

	setenv("XDG_RUNTIME_DIR", "relative", 1);
	r = agt_socket_path(NULL, path, &e);
	snprintf(folder, sizeof(folder), "/run/user/%u", geteuid());
	if (lstat(folder, &st) == 0 && st.st_uid == geteuid()) {
		snprintf(want, sizeof(want), "%s/cardseal/agent", folder);
		unit_assert_code(r, 0);
		ck_assert_str_eq(path, want);
	} else {
		unit_assert_code(r, -CS_ERR_NO_AGENT);
		ck_assert_str_eq(path, "");
		ck_assert(strstr(e.text, "CARDSEAL_SOCKET") != NULL);
	}
}
END_TEST

START_TEST(too_long)
{
	struct err e = ERR_INIT;
	char name[200];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	unit_assert_code(agt_socket_path(name, path, &e), -CS_ERR_ARGUMENT);
	ck_assert_str_eq(path, "");
	ck_assert(strstr(e.text, "199 bytes") != NULL);
	name[AGT_SOCKET_PATH_MAX] = '\0';
	unit_assert_code(agt_socket_path(name, path, &e), -CS_ERR_ARGUMENT);
	name[AGT_SOCKET_PATH_MAX - 1] = '\0';
	unit_assert_code(agt_socket_path(name, path, &e), 0);
	unit_assert_code(agt_socket_path("", path, &e), -CS_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = tcase_create("path");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, order);
	tcase_add_test(tcase, without_variables);
	tcase_add_test(tcase, too_long);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
