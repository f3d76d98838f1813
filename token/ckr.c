#include "token/ckr.h"

#include <stdbool.h>

struct ckr_row {
	CK_RV rv;
	int code;
	const char *name;
	const char *text;
};

static const struct ckr_row ckr_rows[] = {
#define CKR(name, error, text) \
	{CKR_##name, -CS_ERR_##error, "CKR_" #name, text},
#include "token/ckr.def"
#undef CKR
};

static const struct ckr_row *
ckr_find(CK_RV rv)
{
	static const struct ckr_row vendor = {CKR_VENDOR_DEFINED,
	    -CS_ERR_DEVICE, "CKR_VENDOR_DEFINED",
	    "the module reports an error of its own"};
	static const struct ckr_row unknown = {CKR_VENDOR_DEFINED,
	    -CS_ERR_DEVICE, "CK_RV", "the module reports an unknown error"};
	size_t i;

	for (i = 0; i < sizeof(ckr_rows) / sizeof(ckr_rows[0]); i++)
		if (ckr_rows[i].rv == rv)
			return &ckr_rows[i];
	return rv >= CKR_VENDOR_DEFINED ? &vendor : &unknown;
}

/* Values that name no cause, where a PIN was sent. */
static bool
ckr_is_vague(const struct ckr_row *row)
{
	switch (row->rv) {
	case CKR_GENERAL_ERROR:
	case CKR_FUNCTION_FAILED:
	case CKR_DEVICE_ERROR:
		return true;
	case CKR_VENDOR_DEFINED:
		return true; /* and unknown ones */
	default:
		return false;
	}
}

int
ckr_code(CK_RV rv, enum ckr_op op)
{
	const struct ckr_row *row = ckr_find(rv);

	if (rv == CKR_OK)
		return 0;
	if (op == CKR_OP_LOGIN && ckr_is_vague(row))
		return -CS_ERR_PIN_WRONG;
	if (op == CKR_OP_LOGIN && rv == CKR_DATA_INVALID)
		return -CS_ERR_PIN_INVALID;
	return row->code;
}

const char *
ckr_name(CK_RV rv)
{
	return rv == CKR_OK ? "CKR_OK" : ckr_find(rv)->name;
}

const char *
ckr_text(CK_RV rv, enum ckr_op op)
{
	const struct ckr_row *row = ckr_find(rv);

	if (rv == CKR_OK)
		return err_text(0);
	if (op == CKR_OP_LOGIN && ckr_is_vague(row))
		return "wrong PIN, or an error that the token does not name";
	if (op == CKR_OP_LOGIN && rv == CKR_DATA_INVALID)
		return ckr_find(CKR_PIN_INVALID)->text;
	return row->text;
}

int
ckr_err(struct err *e, CK_RV rv, enum ckr_op op, const char *what)
{
	int code = err_set(e, ckr_code(rv, op), "%s: %s (%s 0x%lx)", what,
	    ckr_text(rv, op), ckr_name(rv), rv);

	if (e != NULL)
		e->ckr = rv;
	return code;
}

bool
ckr_is_gone(CK_RV rv)
{
	switch (rv) {
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_SLOT_ID_INVALID:
		return true;
	default:
		return false;
	}
}

bool
ckr_is_mechanism(CK_RV rv)
{
	switch (rv) {
	case CKR_MECHANISM_INVALID:
	case CKR_MECHANISM_PARAM_INVALID:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_KEY_TYPE_INCONSISTENT:
		return true;
	default:
		return false;
	}
}
