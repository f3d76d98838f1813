#include "token/ckr.h"

#include <string.h>

#include "tests/unit/unit.h"

START_TEST(maps_known_values)
{
	ck_assert_int_eq(ckr_code(CKR_OK, CKR_OP_ANY), 0);
	unit_assert_code(
	    ckr_code(CKR_PIN_INCORRECT, CKR_OP_LOGIN), -CS_ERR_PIN_WRONG);
	unit_assert_code(
	    ckr_code(CKR_PIN_LOCKED, CKR_OP_LOGIN), -CS_ERR_PIN_LOCKED);
	unit_assert_code(
	    ckr_code(CKR_PIN_LEN_RANGE, CKR_OP_LOGIN), -CS_ERR_PIN_LENGTH);
	unit_assert_code(
	    ckr_code(CKR_USER_NOT_LOGGED_IN, CKR_OP_ANY), -CS_ERR_PIN_NEEDED);
	unit_assert_code(
	    ckr_code(CKR_PIN_EXPIRED, CKR_OP_LOGIN), -CS_ERR_PIN_EXPIRED);
	unit_assert_code(ckr_code(CKR_TOKEN_NOT_PRESENT, CKR_OP_LOGIN),
	    -CS_ERR_TOKEN_REMOVED);
	unit_assert_code(
	    ckr_code(CKR_MECHANISM_INVALID, CKR_OP_ANY), -CS_ERR_MECHANISM);
	ck_assert_str_eq(ckr_name(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT");
	ck_assert_str_eq(ckr_name(CKR_OK), "CKR_OK");
}
END_TEST

/* A wrong PIN on a CAC through OpenSC gives CKR_GENERAL_ERROR. */
START_TEST(login_counts_vague_values_as_wrong)
{
	unit_assert_code(
	    ckr_code(CKR_GENERAL_ERROR, CKR_OP_ANY), -CS_ERR_DEVICE);
	unit_assert_code(
	    ckr_code(CKR_GENERAL_ERROR, CKR_OP_LOGIN), -CS_ERR_PIN_WRONG);
	unit_assert_code(
	    ckr_code(CKR_VENDOR_DEFINED + 7, CKR_OP_LOGIN), -CS_ERR_PIN_WRONG);
	unit_assert_code(ckr_code(0x12345, CKR_OP_LOGIN), -CS_ERR_PIN_WRONG);
	unit_assert_code(
	    ckr_code(CKR_DATA_INVALID, CKR_OP_LOGIN), -CS_ERR_PIN_INVALID);
	unit_assert_code(
	    ckr_code(CKR_DATA_INVALID, CKR_OP_ANY), -CS_ERR_DEVICE);
}
END_TEST

START_TEST(unknown_values_are_device_errors)
{
	unit_assert_code(
	    ckr_code(CKR_VENDOR_DEFINED + 7, CKR_OP_ANY), -CS_ERR_DEVICE);
	unit_assert_code(ckr_code(~0UL, CKR_OP_ANY), -CS_ERR_DEVICE);
	unit_assert_code(ckr_code(0x12345, CKR_OP_ANY), -CS_ERR_DEVICE);
	ck_assert_str_eq(ckr_name(~0UL), "CKR_VENDOR_DEFINED");
	ck_assert_str_eq(ckr_name(0x12345), "CK_RV");
}
END_TEST

START_TEST(tells_the_story)
{
	struct err e = ERR_INIT;

	unit_assert_code(ckr_err(&e, CKR_PIN_LOCKED, CKR_OP_LOGIN, "\"x\""),
	    -CS_ERR_PIN_LOCKED);
	ck_assert_uint_eq(e.ckr, CKR_PIN_LOCKED);
	ck_assert_ptr_nonnull(strstr(e.text, "\"x\": "));
	ck_assert_ptr_nonnull(strstr(e.text, "PUK"));
	ck_assert_ptr_nonnull(strstr(e.text, "CKR_PIN_LOCKED 0xa4"));
	unit_assert_code(ckr_err(NULL, CKR_PIN_LOCKED, CKR_OP_LOGIN, "x"),
	    -CS_ERR_PIN_LOCKED);
}
END_TEST

/* No value stands twice, and none is taken as success. */
START_TEST(table_is_sound)
{
	static const CK_RV all[] = {
#define CKR(name, error, text) CKR_##name,
#include "token/ckr.def"
#undef CKR
	};
	size_t i, k, n = sizeof(all) / sizeof(all[0]);

	for (i = 0; i < n; i++) {
		ck_assert_uint_ne(all[i], CKR_OK);
		ck_assert_int_lt(ckr_code(all[i], CKR_OP_ANY), 0);
		ck_assert_int_lt(ckr_code(all[i], CKR_OP_LOGIN), 0);
		for (k = 0; k < i; k++)
			ck_assert_uint_ne(all[i], all[k]);
	}
}
END_TEST

START_TEST(classes)
{
	ck_assert(ckr_is_gone(CKR_SESSION_HANDLE_INVALID));
	ck_assert(ckr_is_gone(CKR_DEVICE_REMOVED));
	ck_assert(!ckr_is_gone(CKR_USER_NOT_LOGGED_IN));
	ck_assert(ckr_is_mechanism(CKR_MECHANISM_PARAM_INVALID));
	ck_assert(!ckr_is_mechanism(CKR_PIN_INCORRECT));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_ckr");
	TCase *tcase = tcase_create("token_ckr");

	tcase_add_test(tcase, maps_known_values);
	tcase_add_test(tcase, login_counts_vague_values_as_wrong);
	tcase_add_test(tcase, unknown_values_are_device_errors);
	tcase_add_test(tcase, tells_the_story);
	tcase_add_test(tcase, table_is_sound);
	tcase_add_test(tcase, classes);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
