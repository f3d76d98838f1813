#include "token/use.h"

#include <stdarg.h>
#include <stdio.h>

#define USE_NAME_MAX 384

void
use_put_info(struct use *u, struct tok_msg *answer)
{
	answer->has_info = u->slot != NULL && u->slot->has_token;
	if (answer->has_info)
		slot_get_info(u->slot, &answer->info);
}

int
use_fail(struct use *u, CK_RV rv, enum ckr_op op, const char *what)
{
	char name[USE_NAME_MAX], full[USE_NAME_MAX + 64];

	slot_describe(name, sizeof(name), u->slot);
	snprintf(full, sizeof(full), "%s%s%s", name,
	    what[0] != '\0' ? ": " : "", what);
	return u->code = ckr_err(u->e, rv, op, full);
}

CK_RV
use_refuse(struct use *u, int code, const char *fmt, ...)
{
	char name[USE_NAME_MAX], text[ERR_TEXT_MAX - USE_NAME_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	u->code = err_set(u->e, code, "%s: %s",
	    slot_describe(name, sizeof(name), u->slot), text);
	return CKR_FUNCTION_FAILED;
}

static int
use_fail_uri(struct use *u, int code, const char *text)
{
	char uri[USE_NAME_MAX];

	err_quote(uri, sizeof(uri), u->req->token.p, u->req->token.len);
	return u->code = err_set(
		   u->e, code, "%s: insert it and try again (%s)", text, uri);
}

/* The token went, or is another one. The slot has forgotten its name by now;
 * the URI says it as well. */
static int
use_removed(struct use *u)
{
	return use_fail_uri(u, -CS_ERR_TOKEN_REMOVED, "the token was removed");
}

/* Is it still the token of the request, after a look at the slot? */
static bool
use_is_same_token(struct use *u)
{
	return u->slot->has_token &&
	       bytes_is_equal(buf_get(&u->slot->uri), u->req->token);
}

int
use_token(struct use *u, struct tok_msg *answer, bool wants_insertion)
{
	int r;

	u->slot = slots_find(&u->w->slots, u->req->token);
	if (u->slot == NULL) {
		r = slots_refresh(&u->w->slots, u->e);
		if (r != 0)
			return u->code = r;
		u->slot = slots_find(&u->w->slots, u->req->token);
	}
	if (u->slot == NULL)
		return use_fail_uri(
		    u, -CS_ERR_NO_TOKEN, "no such token is here");
	if (wants_insertion && u->slot->insertion != u->req->insertion) {
		use_put_info(u, answer);
		return use_removed(u);
	}
	return 0;
}

int
use_check(struct use *u, struct tok_msg *answer, bool wants_insertion)
{
	slot_check(&u->w->slots, u->slot);
	if (use_is_same_token(u) &&
	    (!wants_insertion || u->slot->insertion == u->req->insertion))
		return 0;
	use_put_info(u, answer);
	return use_removed(u);
}

static bool
use_wants_login(const struct use *u)
{
	return !u->slot->is_logged_in &&
	       (u->slot->info.flags & CKF_LOGIN_REQUIRED) != 0;
}

static CK_RV
use_look_for_key(struct use *u)
{
	CK_RV rv = slot_load_keys(&u->w->slots, u->slot);

	u->key = NULL;
	if (rv == CKR_OK)
		u->key = keys_find(&u->slot->keys, u->req->key_id);
	if (u->key != NULL && u->key->private == NULL)
		u->key = NULL;
	return rv;
}

static CK_RV
use_find_key(struct use *u)
{
	bool was_read_before = u->slot->has_keys;
	CK_RV rv = use_look_for_key(u);

	/* Another worker, or program, may have put it there. */
	if (rv == CKR_OK && u->key == NULL && was_read_before &&
	    !use_wants_login(u)) {
		u->slot->has_keys = false;
		rv = use_look_for_key(u);
	}
	if (rv != CKR_OK || u->key != NULL)
		return rv;
	if (use_wants_login(u))
		return CKR_USER_NOT_LOGGED_IN;
	return use_refuse(u, -CS_ERR_NO_KEY, "it does not have the key");
}

/* May the operation be tried once more? Does what is needed before. */
static bool
use_recover(struct use *u, CK_RV rv)
{
	if (u->has_sent_pin || u->is_once)
		return false;
	switch (rv) {
	case CKR_KEY_HANDLE_INVALID:
	case CKR_OBJECT_HANDLE_INVALID:
		u->slot->has_keys = false;
		return true;
	case CKR_OPERATION_ACTIVE:
		return slot_reopen(&u->w->slots, u->slot) == CKR_OK;
	default:
		if (!ckr_is_gone(rv))
			return false;
		slot_check(&u->w->slots, u->slot);
		return use_is_same_token(u);
	}
}

/* What rv means in the end. A value that names no cause may hide that the
 * card was pulled a moment ago. */
static int
use_conclude(struct use *u, CK_RV rv)
{
	uint32_t insertion = u->slot->insertion;

	switch (rv) {
	case CKR_USER_NOT_LOGGED_IN:
		slot_set_login(u->slot, false);
		return use_fail(u, rv, CKR_OP_ANY, "");
	case CKR_GENERAL_ERROR:
	case CKR_DEVICE_ERROR:
	case CKR_FUNCTION_FAILED:
		slot_check(&u->w->slots, u->slot);
		if (!use_is_same_token(u) || u->slot->insertion != insertion)
			return use_removed(u);
		return use_fail(u, rv, CKR_OP_ANY, "");
	default:
		if (ckr_is_gone(rv)) {
			slot_check(&u->w->slots, u->slot);
			return use_removed(u);
		}
		return use_fail(u, rv, CKR_OP_ANY, "");
	}
}

static CK_RV
use_find_slot(struct use *u)
{
	if (use_wants_login(u))
		return CKR_USER_NOT_LOGGED_IN;
	return slot_load_keys(&u->w->slots, u->slot);
}

static int
use_run(struct use *u, struct tok_msg *answer, CK_RV (*find)(struct use *u),
    CK_RV (*op)(struct use *u))
{
	int r, tries;
	CK_RV rv = CKR_OK;

	r = use_token(u, answer, true);
	if (r != 0)
		return r;
	for (tries = 0; tries < 2; tries++) {
		rv = find(u);
		if (rv == CKR_OK)
			rv = op(u);
		if (rv == CKR_OK || u->code != 0 || !use_recover(u, rv))
			break;
	}
	if (rv != CKR_OK && u->code == 0)
		(void)use_conclude(u, rv);
	if (u->code == 0)
		return 0;
	if (err_class(u->code) == ERR_CLASS_PIN) {
		slot_refresh_flags(&u->w->slots, u->slot);
		slot_ask_tries(u->slot);
	}
	/* Answers about the message's cryptography are all alike. */
	if (err_class(u->code) != ERR_CLASS_BAD)
		use_put_info(u, answer);
	return u->code;
}

int
use_key(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    CK_RV (*op)(struct use *u), struct err *e)
{
	struct use u = {.w = w, .req = req, .e = e};

	return use_run(&u, answer, use_find_key, op);
}

int
use_slot(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    CK_RV (*op)(struct use *u), struct err *e)
{
	struct use u = {.w = w, .req = req, .is_once = true, .e = e};

	return use_run(&u, answer, use_find_slot, op);
}

int
use_get_pin(
    struct use *u, struct secret *pin, bool has_pin, struct use_pin *out)
{
	bool has_pinpad =
	    (u->slot->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;

	*out = (struct use_pin){NULL, 0};
	if (pin != NULL && secret_get_len(pin) != 0) {
		out->p = secret_get(pin);
		out->len = secret_get_len(pin);
		return 0;
	}
	if (has_pinpad)
		return 0;
	/* Never an empty PIN: some tokens take it when another program is
	 * logged in. */
	(void)use_refuse(u, has_pin ? -CS_ERR_PIN_LENGTH : -CS_ERR_PIN_NEEDED,
	    "%s", has_pin ? "the PIN is empty" : "its PIN is needed");
	return u->code;
}

bool
use_has_context_pin(struct use *u)
{
	struct use_pin pin;

	if ((u->key->flags & TOK_KEY_ALWAYS_AUTHENTICATE) == 0)
		return true;
	if (u->w->pin == NULL) {
		(void)use_refuse(u, -CS_ERR_PIN_NEEDED,
		    "the key needs the PIN for each use");
		return false;
	}
	return use_get_pin(u, u->w->pin, true, &pin) == 0;
}

CK_RV
use_context_login(struct use *u)
{
	struct use_pin pin;
	CK_RV rv;

	if ((u->key->flags & TOK_KEY_ALWAYS_AUTHENTICATE) == 0)
		return CKR_OK;
	if (use_get_pin(u, u->w->pin, true, &pin) != 0)
		return CKR_FUNCTION_FAILED;
	u->has_sent_pin = true;
	rv = u->w->module.f->C_Login(
	    u->slot->session, CKU_CONTEXT_SPECIFIC, pin.p, pin.len);
	if (rv == CKR_OK)
		return rv;
	slot_close(&u->w->slots, u->slot);
	if (ckr_is_gone(rv))
		return rv;
	(void)use_fail(u, rv, CKR_OP_LOGIN, "");
	return rv;
}
