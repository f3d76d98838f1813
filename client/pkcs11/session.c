/* session.c: sessions and login (PKCS#11 v2.40, 5.6). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "client/pkcs11/p11.h"

struct p11_session *
p11_session_get(CK_SESSION_HANDLE handle)
{
	struct p11_session *s;

	for (s = p11.sessions; s != NULL; s = s->next)
		if (s->handle == handle)
			return s;
	return NULL;
}

/* What was derived in the session goes with it. */
static void
drop_objects(struct p11_session *s)
{
	struct p11_objects *objects = &s->slot->objects;
	size_t i = 0;

	while (i < objects->len) {
		if (objects->items[i]->session != s) {
			i++;
			continue;
		}
		p11_object_free(objects->items[i]);
		objects->items[i] = objects->items[--objects->len];
	}
}

static void
session_free(struct p11_session *s)
{
	p11_op_clear(&s->op);
	free(s->found);
	free(s);
}

void
p11_session_end(struct p11_session *s)
{
	struct p11_session **at;

	for (at = &p11.sessions; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	p11.sessions_len--;
	drop_objects(s);
	if (s->is_busy)
		s->is_dead = true;
	else
		session_free(s);
}

void
p11_sessions_end(struct p11_slot *slot)
{
	struct p11_session *s, *next;

	for (s = p11.sessions; s != NULL; s = next) {
		next = s->next;
		if (slot == NULL || s->slot == slot)
			p11_session_end(s);
	}
	if (slot != NULL)
		slot->is_logged_in = slot->is_logged_out = false;
}

void
p11_session_hold(struct p11_session *s)
{
	s->is_busy = true;
}

bool
p11_session_release(struct p11_session *s)
{
	s->is_busy = false;
	if (!s->is_dead)
		return true;
	session_free(s);
	return false;
}

CK_RV
p11_open_session(CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR application,
    CK_NOTIFY notify, CK_SESSION_HANDLE_PTR session)
{
	struct p11_session *s;
	struct p11_slot *slot;
	CK_RV rv;

	(void)application;
	(void)notify;
	if (session == NULL)
		return CKR_ARGUMENTS_BAD;
	if (!(flags & CKF_SERIAL_SESSION))
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	p11_look_at_slots();
	if (!p11.is_initialized)
		return p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	slot = p11_slot_get(id);
	if (slot == NULL)
		return p11_leave(CKR_SLOT_ID_INVALID);
	if (slot->uri == NULL)
		return p11_leave(CKR_TOKEN_NOT_PRESENT);
	if (p11.sessions_len >= P11_SESSIONS_MAX)
		return p11_leave(CKR_SESSION_COUNT);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return p11_leave(CKR_HOST_MEMORY);
	/* Read-write ones are taken although nothing can be written: ssh and
	 * others ask for them out of habit. */
	s->handle = ++p11.next_handle;
	s->slot = slot;
	s->flags = flags;
	s->next = p11.sessions;
	p11.sessions = s;
	p11.sessions_len++;
	*session = s->handle;
	return p11_leave(CKR_OK);
}

CK_RV
p11_close_session(CK_SESSION_HANDLE session)
{
	struct p11_session *s, *other;
	struct p11_slot *slot;
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	slot = s->slot;
	p11_session_end(s);
	/* With the last one the login ends (5.6.2). */
	for (other = p11.sessions; other != NULL; other = other->next)
		if (other->slot == slot)
			return p11_leave(CKR_OK);
	slot->is_logged_in = slot->is_logged_out = false;
	return p11_leave(CKR_OK);
}

CK_RV
p11_close_all_sessions(CK_SLOT_ID id)
{
	struct p11_slot *slot;
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	slot = p11_slot_get(id);
	if (slot == NULL)
		return p11_leave(CKR_SLOT_ID_INVALID);
	p11_sessions_end(slot);
	return p11_leave(CKR_OK);
}

CK_RV
p11_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info)
{
	struct p11_session *s;
	bool is_rw;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	/* Is the card still in? */
	p11_look_at_slots();
	if (!p11.is_initialized)
		return p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	is_rw = (s->flags & CKF_RW_SESSION) != 0;
	memset(info, 0, sizeof(*info));
	info->slotID = s->slot->id;
	info->flags = s->flags & (CKF_RW_SESSION | CKF_SERIAL_SESSION);
	if (p11_slot_is_in(s->slot))
		info->state =
		    is_rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	else
		info->state =
		    is_rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	return p11_leave(CKR_OK);
}

/* The agent asks for the PIN if it has to. Without the lock. */
static CK_RV
unlock_token(const char *uri)
{
	struct agt_msg answer, request = {.type = AGT_UNLOCK};
	struct link *link;
	int r = p11_link_take(&link, NULL);

	if (r != 0)
		return p11_rv(r);
	p11_fill_context(link, &request, 0);
	request.token = bytes_of_str(uri);
	r = link_call(link, &request, &answer, NULL);
	p11_link_put(link);
	return p11_rv(r);
}

/* An open session's login; the lock is held, and given up meanwhile. */
static CK_RV
login(struct p11_session *s)
{
	struct p11_slot *slot = s->slot;
	char *uri = strdup(slot->uri);
	CK_RV rv;

	if (uri == NULL)
		return CKR_HOST_MEMORY;
	p11_session_hold(s);
	pthread_mutex_unlock(&p11.lock);
	rv = unlock_token(uri);
	pthread_mutex_lock(&p11.lock);
	if (!p11_session_release(s)) {
		rv = rv == CKR_OK ? CKR_SESSION_HANDLE_INVALID : rv;
	} else if (rv == CKR_OK) {
		slot->is_logged_in = true;
		slot->is_logged_out = false;
	}
	free(uri);
	return rv;
}

/* A PIN that the program brings is not used: the agent, which knows how many
 * tries are left and which PIN failed before, asks the person. */
CK_RV
p11_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
    CK_ULONG pin_len)
{
	struct p11_session *s;
	CK_RV rv;

	(void)pin;
	(void)pin_len;
	if (user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		return CKR_USER_TYPE_INVALID;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	/* The agent asks when it signs. */
	if (user == CKU_CONTEXT_SPECIFIC)
		return p11_leave(s->op.kind != P11_NONE
				     ? CKR_OK
				     : CKR_OPERATION_NOT_INITIALIZED);
	if (s->slot->is_logged_in)
		return p11_leave(CKR_USER_ALREADY_LOGGED_IN);
	if (s->is_busy)
		return p11_leave(CKR_OPERATION_ACTIVE);
	return p11_leave(login(s));
}

/* The agent's login is everybody's, and stays. */
CK_RV
p11_logout(CK_SESSION_HANDLE session)
{
	struct p11_session *s, *other;
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if (!p11_slot_is_in(s->slot))
		return p11_leave(CKR_USER_NOT_LOGGED_IN);
	s->slot->is_logged_in = false;
	s->slot->is_logged_out = true;
	for (other = p11.sessions; other != NULL; other = other->next)
		if (other->slot == s->slot && !other->is_busy)
			p11_op_clear(&other->op);
	return p11_leave(CKR_OK);
}

/* The system's, not the card's. */
CK_RV
p11_generate_random(CK_SESSION_HANDLE session, CK_BYTE_PTR random, CK_ULONG len)
{
	CK_ULONG done = 0;
	ssize_t n;
	CK_RV rv;

	if (random == NULL && len > 0)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	if (p11_session_get(session) == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	(void)p11_leave(CKR_OK);
	while (done < len) {
		n = getrandom(random + done, len - done, 0);
		if (n < 0 && errno != EINTR)
			return CKR_FUNCTION_FAILED;
		if (n > 0)
			done += (CK_ULONG)n;
	}
	return CKR_OK;
}
