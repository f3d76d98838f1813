/*
 * ckr.h: what a CK_RV means here: one table from PKCS#11's return values
 * (v2.40 errata 01, 11.1) to CS_ERR_x and a text for people. Pure.
 */
#ifndef TOKEN_CKR_H
#define TOKEN_CKR_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "asn1/err.h"

/* What was asked of the module: some values mean different things. */
enum ckr_op {
	CKR_OP_ANY,
	/* A PIN was sent. A value that names no cause (some modules say
	 * CKR_GENERAL_ERROR to a wrong PIN) counts as a wrong PIN, and
	 * CKR_DATA_INVALID as a PIN of wrong characters. */
	CKR_OP_LOGIN,
};

/* CKR_OK: 0. Unknown values, vendor-defined ones too: -CS_ERR_DEVICE. */
int ckr_code(CK_RV rv, enum ckr_op op);
/* "CKR_PIN_INCORRECT", "CKR_VENDOR_DEFINED", or "CK_RV": static. */
const char *ckr_name(CK_RV rv);
/* What it means and what to do: static. */
const char *ckr_text(CK_RV rv, enum ckr_op op);
/*
 * Fills e with code, ckr and "WHAT: text (CKR_NAME 0xa0)" and returns the
 * code. rv is not CKR_OK.
 */
int ckr_err(struct err *e, CK_RV rv, enum ckr_op op, const char *what);

/*
 * Did the session, the token or its handles go, so that all handles must be
 * dropped and the slot looked at anew?
 */
bool ckr_is_gone(CK_RV rv);
/* Does the mechanism not do, so that another may be tried with this key? */
bool ckr_is_mechanism(CK_RV rv);

#endif
