#include "token/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/random.h"
#include "token/ckr.h"
#include "token/pcsc.h"
#include "token/uri.h"

void
slots_init(struct slots *s, const struct module *m)
{
	*s = (struct slots){.m = m};
	random_fill(&s->insertion, sizeof(s->insertion));
}

/* Handles and login are void; calls nothing. */
static void
slot_forget_session(struct slot *slot)
{
	slot->has_session = false;
	slot->session = 0;
	slot->is_logged_in = false;
	slot->has_keys = false;
	keys_clear(&slot->keys);
}

static void
slot_forget_token(struct slot *slot)
{
	slot_forget_session(slot);
	slot->has_token = false;
	slot->has_mechs = false;
	slot->tries_left = ERR_TRIES_UNKNOWN;
	buf_clear(&slot->uri);
	buf_clear(&slot->label);
	buf_clear(&slot->serial);
	buf_clear(&slot->manufacturer);
	buf_clear(&slot->model);
	buf_clear(&slot->reader_name);
}

static void
slot_free(struct slot *slot)
{
	slot_forget_token(slot);
	free(slot);
}

void
slots_clear(struct slots *s)
{
	while (s->n > 0)
		slot_free(s->all[--s->n]);
}

/* As slot_forget_token, for a session that may yet be alive. */
static void
slot_lose_token(struct slots *s, struct slot *slot)
{
	if (slot->has_session)
		(void)s->m->f->C_CloseSession(slot->session);
	slot_forget_token(slot);
}

static bool
slot_is_equal(const unsigned char *a, const unsigned char *b, size_t len)
{
	return bytes_is_equal(bytes_of(a, len), bytes_of(b, len));
}

/* The fields that tell one token from another; flags and counters change. */
static bool
slot_is_same_token(const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
	return slot_is_equal(a->label, b->label, sizeof(a->label)) &&
	       slot_is_equal(a->manufacturerID, b->manufacturerID,
		   sizeof(a->manufacturerID)) &&
	       slot_is_equal(a->model, b->model, sizeof(a->model)) &&
	       slot_is_equal(
		   a->serialNumber, b->serialNumber, sizeof(a->serialNumber));
}

/* Another slot may hold a token alike in all: then the reader tells. */
static bool
slot_has_double(const struct slots *s, const struct slot *slot)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->all[i] != slot && s->all[i]->has_token &&
		    slot_is_same_token(&s->all[i]->info, &slot->info))
			return true;
	return false;
}

static void
slot_name(struct buf *b, const unsigned char *field, size_t len)
{
	buf_clear(b);
	module_text(b, field, len);
}

static void
slot_take_token(struct slots *s, struct slot *slot, const CK_TOKEN_INFO *info)
{
	const unsigned char *reader = NULL;

	slot_lose_token(s, slot);
	slot->has_token = true;
	slot->info = *info;
	slot->insertion = ++s->insertion;
	if (slot_has_double(s, slot))
		reader = slot->reader.slotDescription;
	if (uri_put_token(&slot->uri, info, reader) != 0 ||
	    slots_find(s, buf_get(&slot->uri)) != slot) {
		slot_forget_token(slot); /* nobody could name it */
		return;
	}
	slot_name(&slot->label, info->label, sizeof(info->label));
	slot_name(
	    &slot->serial, info->serialNumber, sizeof(info->serialNumber));
	slot_name(&slot->manufacturer, info->manufacturerID,
	    sizeof(info->manufacturerID));
	slot_name(&slot->model, info->model, sizeof(info->model));
	slot_name(&slot->reader_name, slot->reader.slotDescription,
	    sizeof(slot->reader.slotDescription));
}

/* Is our session alive? Also takes note of a login that ended by itself. */
static bool
slot_session_lives(struct slots *s, struct slot *slot)
{
	CK_SESSION_INFO info;

	if (s->m->f->C_GetSessionInfo(slot->session, &info) != CKR_OK)
		return false;
	if (slot->is_logged_in && info.state != CKS_RO_USER_FUNCTIONS &&
	    info.state != CKS_RW_USER_FUNCTIONS)
		slot_set_login(slot, false);
	return true;
}

void
slot_check(struct slots *s, struct slot *slot)
{
	CK_TOKEN_INFO info;

	if (s->m->f->C_GetSlotInfo(slot->id, &slot->reader) != CKR_OK ||
	    (slot->reader.flags & CKF_TOKEN_PRESENT) == 0 ||
	    s->m->f->C_GetTokenInfo(slot->id, &info) != CKR_OK ||
	    (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
		slot_lose_token(s, slot);
		return;
	}
	if (slot->has_token && slot_is_same_token(&slot->info, &info) &&
	    (!slot->has_session || slot_session_lives(s, slot)))
		slot->info = info;
	else
		slot_take_token(s, slot, &info);
}

static struct slot *
slots_find_id(const struct slots *s, CK_SLOT_ID id)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->all[i]->id == id)
			return s->all[i];
	return NULL;
}

static int
slots_add(struct slots *s, CK_SLOT_ID id)
{
	struct slot *slot;

	if (s->n == SLOT_MAX || slots_find_id(s, id) != NULL)
		return 0;
	slot = calloc(1, sizeof(*slot));
	if (slot == NULL)
		return -CS_ERR_NO_MEMORY;
	slot->id = id;
	slot->tries_left = ERR_TRIES_UNKNOWN;
	s->all[s->n++] = slot;
	return 0;
}

/* Slots whose token went make room for others. */
static void
slots_drop_empty(struct slots *s)
{
	size_t i, kept = 0;

	for (i = 0; i < s->n; i++)
		if (s->all[i]->has_token)
			s->all[kept++] = s->all[i];
		else
			slot_free(s->all[i]);
	s->n = kept;
}

/* The list of slots with a token; the first call, without room, makes some
 * modules look for new readers. */
static CK_RV
slots_list(struct slots *s, CK_SLOT_ID *list, CK_ULONG *n)
{
	CK_RV rv;

	*n = 0;
	rv = s->m->f->C_GetSlotList(CK_TRUE, NULL, n);
	if (rv != CKR_OK)
		return rv;
	*n = SLOT_LIST_MAX;
	rv = s->m->f->C_GetSlotList(CK_TRUE, list, n);
	if (rv == CKR_OK && *n > SLOT_LIST_MAX)
		rv = CKR_BUFFER_TOO_SMALL;
	return rv;
}

int
slots_refresh(struct slots *s, struct err *e)
{
	static CK_SLOT_ID list[SLOT_LIST_MAX];
	CK_ULONG n, i;
	CK_RV rv;
	int r;

	rv = slots_list(s, list, &n);
	if (rv != CKR_OK)
		return ckr_err(e, rv, CKR_OP_ANY, "list of readers");
	for (i = 0; i < s->n; i++)
		slot_check(s, s->all[i]);
	slots_drop_empty(s);
	for (i = 0; i < n; i++) {
		if (slots_find_id(s, list[i]) != NULL)
			continue;
		r = slots_add(s, list[i]);
		if (r != 0)
			return err_set(e, r, NULL);
		if (s->all[s->n - 1]->id == list[i])
			slot_check(s, s->all[s->n - 1]);
	}
	slots_drop_empty(s);
	return 0;
}

struct slot *
slots_find(const struct slots *s, struct bytes uri)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->all[i]->has_token &&
		    bytes_is_equal(buf_get(&s->all[i]->uri), uri))
			return s->all[i];
	return NULL;
}

CK_RV
slot_open(struct slots *s, struct slot *slot)
{
	CK_RV rv;

	if (slot->has_session)
		return CKR_OK;
	rv = s->m->f->C_OpenSession(
	    slot->id, CKF_SERIAL_SESSION, NULL, NULL, &slot->session);
	slot->has_session = rv == CKR_OK;
	return rv;
}

CK_RV
slot_reopen(struct slots *s, struct slot *slot)
{
	CK_SESSION_HANDLE old = slot->session;
	bool had_session = slot->has_session;
	CK_RV rv;

	slot->has_session = false;
	rv = slot_open(s, slot);
	if (had_session)
		(void)s->m->f->C_CloseSession(old);
	if (rv == CKR_OK)
		return rv;
	/* One session only: the login went with the old one. */
	slot_forget_session(slot);
	return slot_open(s, slot);
}

void
slot_close(struct slots *s, struct slot *slot)
{
	if (slot->has_session)
		(void)s->m->f->C_CloseSession(slot->session);
	slot_forget_session(slot);
}

CK_RV
slot_load_keys(struct slots *s, struct slot *slot)
{
	struct objects objects;
	bool sees_private =
	    slot->is_logged_in || (slot->info.flags & CKF_LOGIN_REQUIRED) == 0;
	CK_RV rv;

	if (slot->has_keys)
		return CKR_OK;
	rv = slot_open(s, slot);
	if (rv != CKR_OK)
		return rv;
	rv = object_read_all(s->m, slot->session, &objects);
	if (rv == CKR_OPERATION_ACTIVE) {
		rv = slot_reopen(s, slot);
		if (rv == CKR_OK)
			rv = object_read_all(s->m, slot->session, &objects);
	}
	if (rv != CKR_OK)
		return rv;
	keys_clear(&slot->keys);
	if (keys_make(&slot->keys, &objects, sees_private,
		key_has_piv_ids(&slot->info)) != 0)
		return CKR_HOST_MEMORY;
	slot->has_keys = true;
	return CKR_OK;
}

void
slot_set_login(struct slot *slot, bool is_logged_in)
{
	slot->is_logged_in = is_logged_in;
	slot->has_keys = false;
	if (is_logged_in)
		slot->tries_left = ERR_TRIES_UNKNOWN;
}

CK_MECHANISM_TYPE
slot_mech_type(enum slot_mech mech)
{
	static const CK_MECHANISM_TYPE types[] = {
	    [SLOT_RSA_PKCS] = CKM_RSA_PKCS,
	    [SLOT_RSA_X_509] = CKM_RSA_X_509,
	    [SLOT_RSA_PSS] = CKM_RSA_PKCS_PSS,
	    [SLOT_RSA_OAEP] = CKM_RSA_PKCS_OAEP,
	    [SLOT_ECDSA] = CKM_ECDSA,
	    [SLOT_EDDSA] = CKM_EDDSA,
	    [SLOT_ECDH1] = CKM_ECDH1_DERIVE,
	    [SLOT_ECDH1_COFACTOR] = CKM_ECDH1_COFACTOR_DERIVE,
	};

	return types[mech];
}

bool
slot_has_mech(
    struct slots *s, struct slot *slot, enum slot_mech mech, CK_FLAGS flag)
{
	CK_MECHANISM_INFO info;
	size_t i;
	CK_RV rv;

	for (i = 0; !slot->has_mechs && i < SLOT_MECH_COUNT; i++) {
		memset(&info, 0, sizeof(info));
		rv = s->m->f->C_GetMechanismInfo(
		    slot->id, slot_mech_type((enum slot_mech)i), &info);
		/* A module that does not tell may still have it. */
		if (rv == CKR_FUNCTION_NOT_SUPPORTED)
			info.flags = ~0UL;
		else if (rv != CKR_OK)
			info.flags = 0;
		slot->mechs[i] = info.flags;
	}
	slot->has_mechs = true;
	return (slot->mechs[mech] & flag) != 0;
}

void
slot_refresh_flags(struct slots *s, struct slot *slot)
{
	CK_TOKEN_INFO info;

	if (slot->has_token &&
	    s->m->f->C_GetTokenInfo(slot->id, &info) == CKR_OK &&
	    slot_is_same_token(&slot->info, &info))
		slot->info = info;
}

/* Without the padding. */
static struct bytes
slot_get_reader(const struct slot *slot)
{
	const unsigned char *name = slot->reader.slotDescription;
	size_t len = sizeof(slot->reader.slotDescription);

	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\0'))
		len--;
	return bytes_of(name, len);
}

void
slot_ask_tries(struct slot *slot)
{
	slot->tries_left = ERR_TRIES_UNKNOWN;
	if (slot->has_token && !slot->is_logged_in &&
	    key_has_piv_ids(&slot->info) && pcsc_is_used())
		slot->tries_left = pcsc_get_piv_tries(slot_get_reader(slot));
}

int
slot_end_verified(const struct slot *slot, struct err *e)
{
	int r;

	if (!slot->has_token || !pcsc_is_used())
		return 0;
	r = pcsc_end_verified(
	    slot_get_reader(slot), key_has_piv_ids(&slot->info), e);
	return r == -CS_ERR_NO_TOKEN ? 0 : r;
}

int
slot_unblock_piv(const struct slot *slot, struct bytes puk, struct bytes pin,
    bool *is_piv, struct err *e)
{
	*is_piv = key_has_piv_ids(&slot->info) && pcsc_is_used();
	return *is_piv ? pcsc_unblock_piv(slot_get_reader(slot), puk, pin, e)
		       : 0;
}

static unsigned
slot_octet(CK_ULONG n)
{
	return n > TOK_PIN_MAX ? TOK_PIN_MAX : (unsigned)n;
}

/* What no PIN can have is no bound: some modules tell garbage. */
static unsigned
slot_pin_len_min(const CK_TOKEN_INFO *info)
{
	if (info->ulMinPinLen > TOK_PIN_MAX ||
	    (info->ulMaxPinLen != 0 && info->ulMinPinLen > info->ulMaxPinLen))
		return 0;
	return (unsigned)info->ulMinPinLen;
}

void
slot_get_info(const struct slot *slot, struct tok_info *info)
{
	static const struct {
		CK_FLAGS ckf;
		unsigned flag;
	} rows[] = {
	    {CKF_LOGIN_REQUIRED, TOK_LOGIN_REQUIRED},
	    {CKF_PROTECTED_AUTHENTICATION_PATH, TOK_PROTECTED_PATH},
	    {CKF_USER_PIN_COUNT_LOW, TOK_PIN_COUNT_LOW},
	    {CKF_USER_PIN_FINAL_TRY, TOK_PIN_FINAL_TRY},
	    {CKF_USER_PIN_LOCKED, TOK_PIN_LOCKED},
	    {CKF_USER_PIN_TO_BE_CHANGED, TOK_PIN_TO_BE_CHANGED},
	};
	size_t i;

	*info = (struct tok_info){.uri = buf_get(&slot->uri),
	    .label = buf_get(&slot->label),
	    .serial = buf_get(&slot->serial),
	    .manufacturer = buf_get(&slot->manufacturer),
	    .model = buf_get(&slot->model),
	    .reader = buf_get(&slot->reader_name),
	    .insertion = slot->insertion,
	    .pin_len_min = slot_pin_len_min(&slot->info),
	    .pin_len_max = slot_octet(slot->info.ulMaxPinLen),
	    .tries_left = slot->tries_left};
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((slot->info.flags & rows[i].ckf) != 0)
			info->flags |= rows[i].flag;
	if ((slot->reader.flags & CKF_REMOVABLE_DEVICE) != 0)
		info->flags |= TOK_REMOVABLE;
	if (slot->is_logged_in)
		info->flags |= TOK_LOGGED_IN;
	if (slot->has_mechs &&
	    (slot->mechs[SLOT_RSA_PKCS] & CKF_DECRYPT) != 0 &&
	    (slot->mechs[SLOT_RSA_X_509] & CKF_DECRYPT) == 0)
		info->flags |= TOK_OWN_UNPADDING;
	if ((info->flags & TOK_PIN_LOCKED) != 0)
		info->tries_left = 0;
	else if ((info->flags & TOK_PIN_FINAL_TRY) != 0)
		info->tries_left = 1;
}

char *
slot_describe(char *dst, size_t size, const struct slot *slot)
{
	const char *label = (const char *)slot->label.data;
	const char *serial = (const char *)slot->serial.data;

	snprintf(dst, size, "token \"%.*s\" (serial %.*s)",
	    (int)slot->label.len, label != NULL ? label : "",
	    (int)slot->serial.len, serial != NULL ? serial : "");
	return dst;
}
