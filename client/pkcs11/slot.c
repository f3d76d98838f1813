/* slot.c: slots and tokens (PKCS#11 v2.40, 5.5). */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/pkcs11/p11.h"

/* So often those who wait for an event look. */
#define SLOT_EVENT_MS 500

static void
pad(CK_UTF8CHAR *out, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	/* Never half a character. */
	if (len > size)
		for (len = size; len > 0 && (text[len] & 0xc0) == 0x80; len--)
			;
	memset(out, ' ', size);
	/* PKCS#11's texts are filled with blanks and have no NUL. */
	if (len > 0)
		memcpy(out, text, len); /* NOLINT(bugprone-*) */
}

/* Enters and looks; the lock is held on CKR_OK only. */
static CK_RV
enter_looking(void)
{
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	p11_look_at_slots();
	return p11.is_initialized ? CKR_OK
				  : p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
}

CK_RV
p11_get_slot_list(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR n)
{
	CK_ULONG i, found = 0;
	CK_RV rv;

	if (n == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_looking();
	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < p11.slots_len; i++) {
		if (present && p11.slots[i].uri == NULL)
			continue;
		if (list != NULL && found < *n)
			list[found] = p11.slots[i].id;
		found++;
	}
	rv = list != NULL && found > *n ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	*n = found;
	return p11_leave(rv);
}

CK_RV
p11_get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO_PTR info)
{
	struct p11_slot *slot;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_looking();
	if (rv != CKR_OK)
		return rv;
	slot = p11_slot_get(id);
	if (slot == NULL)
		return p11_leave(CKR_SLOT_ID_INVALID);
	memset(info, 0, sizeof(*info));
	pad(info->slotDescription, sizeof(info->slotDescription),
	    slot->reader != NULL ? slot->reader : "cardseal: no reader yet");
	pad(info->manufacturerID, sizeof(info->manufacturerID), "cardseal");
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (slot->uri != NULL)
		info->flags |= CKF_TOKEN_PRESENT;
	return p11_leave(CKR_OK);
}

static CK_FLAGS
token_flags(unsigned flags)
{
	static const struct {
		unsigned ours;
		CK_FLAGS theirs;
	} table[] = {
	    {TOK_LOGIN_REQUIRED,
		CKF_LOGIN_REQUIRED | CKF_PROTECTED_AUTHENTICATION_PATH},
	    {TOK_PIN_COUNT_LOW, CKF_USER_PIN_COUNT_LOW},
	    {TOK_PIN_FINAL_TRY, CKF_USER_PIN_FINAL_TRY},
	    {TOK_PIN_LOCKED, CKF_USER_PIN_LOCKED},
	    {TOK_PIN_TO_BE_CHANGED, CKF_USER_PIN_TO_BE_CHANGED},
	};
	CK_FLAGS out = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED |
		       CKF_WRITE_PROTECTED | CKF_RNG;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (flags & table[i].ours)
			out |= table[i].theirs;
	return out;
}

CK_RV
p11_get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO_PTR info)
{
	struct p11_session *s;
	struct p11_slot *slot;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_looking();
	if (rv != CKR_OK)
		return rv;
	slot = p11_slot_get(id);
	if (slot == NULL)
		return p11_leave(CKR_SLOT_ID_INVALID);
	if (slot->uri == NULL)
		return p11_leave(CKR_TOKEN_NOT_PRESENT);
	memset(info, 0, sizeof(*info));
	pad(info->label, sizeof(info->label), slot->label);
	pad(info->manufacturerID, sizeof(info->manufacturerID),
	    slot->manufacturer);
	pad(info->model, sizeof(info->model), slot->model);
	pad(info->serialNumber, sizeof(info->serialNumber), slot->serial);
	memset(info->utcTime, ' ', sizeof(info->utcTime));
	info->flags = token_flags(slot->flags);
	info->ulMaxSessionCount = info->ulMaxRwSessionCount =
	    CK_EFFECTIVELY_INFINITE;
	for (s = p11.sessions; s != NULL; s = s->next) {
		info->ulSessionCount += s->slot == slot;
		info->ulRwSessionCount +=
		    s->slot == slot && (s->flags & CKF_RW_SESSION);
	}
	info->ulMaxPinLen = TOK_PIN_MAX;
	info->ulTotalPublicMemory = info->ulFreePublicMemory =
	    info->ulTotalPrivateMemory = info->ulFreePrivateMemory =
		CK_UNAVAILABLE_INFORMATION;
	return p11_leave(CKR_OK);
}

/* Has the token a key of that type? Before its keys are known: perhaps. */
static bool
has_key(const struct p11_slot *slot, CK_KEY_TYPE type)
{
	struct bytes value;
	size_t i;

	if (!slot->is_listed)
		return true;
	for (i = 0; i < slot->objects.len; i++)
		if (p11_object_get(
			slot->objects.items[i], CKA_KEY_TYPE, &value) &&
		    bytes_is_equal(value, bytes_of(&type, sizeof(type))))
			return true;
	return false;
}

/* Enters and finds the slot of a token that is in. */
static CK_RV
enter_token(CK_SLOT_ID id, struct p11_slot **slot)
{
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	p11_look_at_objects();
	if (!p11.is_initialized)
		return p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	*slot = p11_slot_get(id);
	if (*slot == NULL)
		return p11_leave(CKR_SLOT_ID_INVALID);
	return (*slot)->uri != NULL ? CKR_OK : p11_leave(CKR_TOKEN_NOT_PRESENT);
}

CK_RV
p11_get_mechanism_list(
    CK_SLOT_ID id, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR n)
{
	const struct p11_mechanism *m = NULL;
	struct p11_slot *slot;
	CK_ULONG found = 0;
	CK_RV rv;

	if (n == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_token(id, &slot);
	if (rv != CKR_OK)
		return rv;
	while ((m = p11_mechanism_next(m)) != NULL) {
		if (!has_key(slot, m->key))
			continue;
		if (list != NULL && found < *n)
			list[found] = m->type;
		found++;
	}
	rv = list != NULL && found > *n ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	*n = found;
	return p11_leave(rv);
}

CK_RV
p11_get_mechanism_info(
    CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
	const struct p11_mechanism *m = p11_mechanism_find(type);
	struct p11_slot *slot;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_token(id, &slot);
	if (rv != CKR_OK)
		return rv;
	if (m == NULL || !has_key(slot, m->key))
		return p11_leave(CKR_MECHANISM_INVALID);
	*info = (CK_MECHANISM_INFO){256, 521, CKF_HW | m->flags};
	if (m->key == CKK_RSA) {
		info->ulMinKeySize = 1024;
		info->ulMaxKeySize = 4096;
	} else if (m->key == CKK_EC) {
		info->flags |=
		    CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
	}
	return p11_leave(CKR_OK);
}

static struct p11_slot *
slot_with_event(void)
{
	size_t i;

	for (i = 0; i < p11.slots_len; i++)
		if (p11.slots[i].has_event)
			return &p11.slots[i];
	return NULL;
}

static void
wait_a_while(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += SLOT_EVENT_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&p11.changed, &p11.lock, &until);
}

CK_RV
p11_wait_for_slot_event(CK_FLAGS flags, CK_SLOT_ID_PTR id, CK_VOID_PTR reserved)
{
	struct p11_slot *slot;
	unsigned generation;
	CK_RV rv;

	if (id == NULL || reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_looking();
	if (rv != CKR_OK)
		return rv;
	generation = p11.generation;
	slot = slot_with_event();
	p11.waiting++;
	while (slot == NULL && !(flags & CKF_DONT_BLOCK)) {
		wait_a_while();
		if (p11.generation != generation)
			break;
		p11_look_at_slots();
		if (p11.generation != generation)
			break;
		slot = slot_with_event();
	}
	p11.waiting--;
	if (p11.generation != generation) {
		pthread_cond_broadcast(&p11.changed);
		return p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	}
	if (slot == NULL)
		return p11_leave(CKR_NO_EVENT);
	slot->has_event = false;
	*id = slot->id;
	return p11_leave(CKR_OK);
}
