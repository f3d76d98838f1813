#include "token/use.h"

int
worker_info(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    struct err *e)
{
	struct use u = {.w = w, .req = req, .e = e};
	int r = use_token(&u, answer, false);

	if (r != 0)
		return r;
	r = use_check(&u, answer, false);
	if (r != 0)
		return r;
	slot_ask_tries(u.slot);
	use_put_info(&u, answer);
	return 0;
}

/* Finds the token for something that takes a PIN; looks at the slot first,
 * so that the PIN goes to the card that is in it now. */
static int
login_begin(struct use *u, struct tok_msg *answer)
{
	int r = use_token(u, answer, true);

	return r != 0 ? r : use_check(u, answer, true);
}

/* Ends a failed operation with a PIN: was the card pulled, or what do its
 * flags say now? */
static int
login_fail(struct use *u, struct tok_msg *answer, CK_RV rv)
{
	struct err story = ERR_INIT, *e = u->e;
	int code = u->code, r;

	if (code == 0) {
		u->e = &story;
		code = use_fail(u, rv, CKR_OP_LOGIN, "");
	}
	u->e = e;
	r = use_check(u, answer, true);
	if (r != 0)
		return r;
	if (e != NULL && story.code != 0)
		*e = story;
	slot_ask_tries(u->slot);
	use_put_info(u, answer);
	return code;
}

static CK_RV
login_user(struct use *u, const struct use_pin *pin)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	CK_RV rv = slot_open(&u->w->slots, u->slot);

	if (rv != CKR_OK)
		return rv;
	rv = f->C_Login(u->slot->session, CKU_USER, pin->p, pin->len);
	if (rv != CKR_USER_ALREADY_LOGGED_IN)
		return rv;
	/* The PIN was not looked at; a login counts only if it was. */
	(void)f->C_Logout(u->slot->session);
	return f->C_Login(u->slot->session, CKU_USER, pin->p, pin->len);
}

int
worker_login(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	struct use u = {.w = w, .req = req, .e = e};
	struct use_pin pin;
	CK_RV rv;
	int r = login_begin(&u, answer);

	if (r != 0)
		return r;
	if (use_get_pin(&u, w->pin, req->has_pin, &pin) != 0) {
		use_put_info(&u, answer);
		return u.code;
	}
	rv = login_user(&u, &pin);
	slot_set_login(u.slot, rv == CKR_OK);
	if (rv != CKR_OK)
		return login_fail(&u, answer, rv);
	slot_refresh_flags(&w->slots, u.slot);
	use_put_info(&u, answer);
	return 0;
}

int
worker_logout(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	struct use u = {.w = w, .req = req, .e = e};
	int r = use_token(&u, answer, false);

	if (r != 0)
		return r;
	if (u.slot->has_session)
		(void)w->module.f->C_Logout(u.slot->session);
	/* Whatever it said: without a session there is no login. OpenSC's
	 * module tells the card nothing of it, though. */
	slot_close(&w->slots, u.slot);
	r = slot_end_verified(u.slot, e);
	if (r == 0)
		r = use_check(&u, answer, false);
	if (r == 0)
		use_put_info(&u, answer);
	return r;
}

/*
 * The old PIN opens the way (PKCS#11 v2.40 5.5, C_SetPIN). Some modules take
 * C_SetPIN for the unblocking of a PIN unless the user is logged in, so that
 * comes first; a PIN that has to be changed may refuse the login and be
 * changed all the same. A pinpad would ask twice.
 */
static CK_RV
login_change(struct use *u, CK_SESSION_HANDLE session, struct use_pin *old,
    struct use_pin *new)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	CK_RV rv = CKR_OK;

	if (old->p != NULL)
		rv = f->C_Login(session, CKU_USER, old->p, old->len);
	if (rv != CKR_OK && rv != CKR_PIN_EXPIRED &&
	    rv != CKR_USER_ALREADY_LOGGED_IN)
		return rv;
	rv = f->C_SetPIN(session, old->p, old->len, new->p, new->len);
	(void)f->C_Logout(session);
	return rv;
}

/* The PUK is the security officer's PIN (C_InitPIN). */
static CK_RV
login_unblock(struct use *u, CK_SESSION_HANDLE session, struct use_pin *puk,
    struct use_pin *new)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	CK_RV rv = f->C_Login(session, CKU_SO, puk->p, puk->len);

	if (rv != CKR_OK) {
		(void)use_fail(u, rv, CKR_OP_LOGIN, "the PUK (or SO PIN)");
		return rv;
	}
	rv = f->C_InitPIN(session, new->p, new->len);
	(void)f->C_Logout(session);
	return rv;
}

/* PIV's PUK is no security officer's PIN: OpenSC's module has no way to use
 * it. False: it is no PIV card, or a pinpad's, and nothing was done. */
static bool
login_unblocks_piv(
    struct use *u, struct use_pin *puk, struct use_pin *new, CK_RV *rv)
{
	struct err why = ERR_INIT;
	bool is_piv = false;
	int r = 0;

	if (puk->p != NULL && new->p != NULL)
		r = slot_unblock_piv(u->slot, bytes_of(puk->p, puk->len),
		    bytes_of(new->p, new->len), &is_piv, &why);
	*rv = r == 0 ? CKR_OK : use_refuse(u, r, "%s", err_get_text(&why));
	return is_piv;
}

static CK_RV
login_set_pin(struct use *u, struct use_pin *old, struct use_pin *new)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	bool unblocks = u->req->operation == TOK_PIN_UNBLOCK;
	CK_SESSION_HANDLE session;
	CK_RV rv;

	/* The security officer cannot log in beside read-only sessions, and a
	 * login that is there would not look at the PIN. */
	slot_close(&u->w->slots, u->slot);
	if (unblocks && login_unblocks_piv(u, old, new, &rv))
		return rv;
	rv = f->C_OpenSession(u->slot->id, CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &session);
	if (rv != CKR_OK)
		return rv;
	rv = unblocks ? login_unblock(u, session, old, new)
		      : login_change(u, session, old, new);
	(void)f->C_CloseSession(session);
	return rv;
}

int
worker_set_pin(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	struct use u = {.w = w, .req = req, .e = e};
	struct use_pin old, new;
	CK_RV rv;
	int r = login_begin(&u, answer);

	if (r != 0)
		return r;
	if (use_get_pin(&u, w->pin, req->has_pin, &old) != 0 ||
	    use_get_pin(&u, w->new_pin, req->has_new_pin, &new) != 0) {
		use_put_info(&u, answer);
		return u.code;
	}
	rv = login_set_pin(&u, &old, &new);
	if (rv != CKR_OK)
		return login_fail(&u, answer, rv);
	slot_refresh_flags(&w->slots, u.slot);
	use_put_info(&u, answer);
	return 0;
}
