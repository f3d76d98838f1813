/* module.c: beginning and end (PKCS#11 v2.40, 5.4), the lock, and fork. */
#include "client/pkcs11/p11.h"

#include <string.h>

struct p11 p11 = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

CK_RV
p11_enter(void)
{
	pthread_mutex_lock(&p11.lock);
	if (p11.is_initialized)
		return CKR_OK;
	pthread_mutex_unlock(&p11.lock);
	return CKR_CRYPTOKI_NOT_INITIALIZED;
}

/* Everything back to the beginning; with the lock. */
static void
p11_reset(void)
{
	p11_sessions_end(NULL);
	p11_slots_free();
	p11_links_close();
	buf_clear(&p11.listed);
	p11.is_listing = false;
	p11.is_initialized = false;
	p11.generation++;
}

/* fork copies one thread: the lock is taken before, so that what it guards
 * is whole in the child. */
static void
fork_prepare(void)
{
	pthread_mutex_lock(&p11.lock);
}

static void
fork_parent(void)
{
	pthread_mutex_unlock(&p11.lock);
}

static void
fork_child(void)
{
	struct p11_session *s;

	/* Threads that were in the agent are not here any more. */
	for (s = p11.sessions; s != NULL; s = s->next)
		s->is_busy = false;
	p11.waiting = 0;
	p11_reset();
	pthread_cond_init(&p11.changed, NULL);
	pthread_mutex_unlock(&p11.lock);
}

static CK_RV
check_args(const CK_C_INITIALIZE_ARGS *args)
{
	int given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) +
		    (args->LockMutex != NULL) + (args->UnlockMutex != NULL);

	if (args->pReserved != NULL || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	/* Locks of the program's own are taken only beside those of the
	 * system (case 4 of 5.4). */
	if (given == 4 && !(args->flags & CKF_OS_LOCKING_OK))
		return CKR_CANT_LOCK;
	return CKR_OK;
}

CK_RV
p11_initialize(CK_VOID_PTR args)
{
	static bool has_handlers;
	CK_RV rv = args != NULL ? check_args(args) : CKR_OK;

	if (rv != CKR_OK)
		return rv;
	pthread_mutex_lock(&p11.lock);
	if (p11.is_initialized)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	else if (alg_init(NULL) != 0)
		rv = CKR_GENERAL_ERROR;
	else if (!has_handlers &&
		 pthread_atfork(fork_prepare, fork_parent, fork_child) != 0)
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK) {
		has_handlers = true;
		p11.is_initialized = true;
	}
	return p11_leave(rv);
}

CK_RV
p11_finalize(CK_VOID_PTR reserved)
{
	CK_RV rv;

	if (reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	p11_reset();
	pthread_cond_broadcast(&p11.changed);
	/* Those who wait for an event leave before the module may go. */
	while (p11.waiting > 0)
		pthread_cond_wait(&p11.changed, &p11.lock);
	return p11_leave(CKR_OK);
}

static void
pad(CK_UTF8CHAR *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	memset(out, ' ', size);
	memcpy(out, text, len < size ? len : size);
}

CK_RV
p11_get_info(CK_INFO_PTR info)
{
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = (CK_VERSION){2, 40};
	pad(info->manufacturerID, sizeof(info->manufacturerID), "cardseal");
	pad(info->libraryDescription, sizeof(info->libraryDescription),
	    "cardseal agent");
	info->libraryVersion = (CK_VERSION){0, 1};
	return p11_leave(CKR_OK);
}
