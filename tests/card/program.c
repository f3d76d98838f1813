/*
 * program MODULE: a program that has a PKCS#11 module loaded for long, steered
 * from standard input; each line is answered by one.
 *
 *   look MS      calls what a program calls to show tokens and keys, for so
 *                long; answers "CALL COUNT SLOW LONGEST" for each call, SLOW
 *                being how many took over 50 ms, LONGEST in milliseconds
 *   sign LABEL   signs with that private key (ECDSA, or RSA PKCS #1); answers
 *                "ok", or the CK_RV as 0x...
 *   tokens       answers how many tokens are present
 *   certificates answers the handles of the first token's certificates
 *   state        answers the CK_STATE of a new session with the first token
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

#define SLOTS_MAX 64
#define SLOW_MS 50.0

static CK_FUNCTION_LIST *f;

enum call { SLOT_LIST, SLOT_INFO, TOKEN_INFO, SESSION, FIND, CALLS };

static struct {
	const char *name;
	unsigned long count, slow;
	double longest;
} calls[CALLS] = {
    [SLOT_LIST] = {"C_GetSlotList", 0, 0, 0},
    [SLOT_INFO] = {"C_GetSlotInfo", 0, 0, 0},
    [TOKEN_INFO] = {"C_GetTokenInfo", 0, 0, 0},
    [SESSION] = {"C_OpenSession", 0, 0, 0},
    [FIND] = {"C_FindObjects", 0, 0, 0},
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
took(enum call call, double since)
{
	double ms = now_ms() - since;

	calls[call].count++;
	calls[call].slow += ms > SLOW_MS;
	if (ms > calls[call].longest)
		calls[call].longest = ms;
}

static void
find_all(CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG n = 0;
	double begin = now_ms();

	if (f->C_FindObjectsInit(session, NULL, 0) == CKR_OK) {
		(void)f->C_FindObjects(session, found, 64, &n);
		(void)f->C_FindObjectsFinal(session);
	}
	took(FIND, begin);
}

static void
look_at(CK_SLOT_ID slot)
{
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_SESSION_HANDLE session;
	double begin = now_ms();
	CK_RV rv;

	(void)f->C_GetSlotInfo(slot, &slot_info);
	took(SLOT_INFO, begin);
	begin = now_ms();
	(void)f->C_GetTokenInfo(slot, &token_info);
	took(TOKEN_INFO, begin);
	begin = now_ms();
	rv = f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
	took(SESSION, begin);
	if (rv == CKR_OK) {
		find_all(session);
		(void)f->C_CloseSession(session);
	}
}

static CK_ULONG
list(CK_BBOOL present, CK_SLOT_ID slots[SLOTS_MAX])
{
	CK_ULONG n = SLOTS_MAX;
	double begin = now_ms();

	if (f->C_GetSlotList(present, slots, &n) != CKR_OK)
		n = 0;
	took(SLOT_LIST, begin);
	return n;
}

static void
look(double ms)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	double end = now_ms() + ms;
	CK_ULONG n, i;
	int c;

	for (c = 0; c < CALLS; c++)
		calls[c].count = calls[c].slow = 0, calls[c].longest = 0;
	while (now_ms() < end) {
		n = list(CK_FALSE, slots);
		for (i = 0; i < n; i++)
			look_at(slots[i]);
	}
	for (c = 0; c < CALLS; c++)
		printf("%s %lu %lu %.1f%s", calls[c].name, calls[c].count,
		    calls[c].slow, calls[c].longest,
		    c + 1 < CALLS ? "; " : "\n");
}

static bool
find_key(CK_SESSION_HANDLE session, char *label, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_LABEL, label, strlen(label)},
	};
	CK_ULONG n = 0;

	if (f->C_FindObjectsInit(session, template, 2) != CKR_OK)
		return false;
	(void)f->C_FindObjects(session, key, 1, &n);
	(void)f->C_FindObjectsFinal(session);
	return n == 1;
}

static CK_RV
sign_in(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof(type)};
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE data[32] = {1}, signature[1024];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	(void)f->C_GetAttributeValue(session, key, &attribute, 1);
	if (type == CKK_EC)
		mechanism.mechanism = CKM_ECDSA;
	rv = f->C_SignInit(session, &mechanism, key);
	return rv != CKR_OK
		   ? rv
		   : f->C_Sign(session, data, sizeof(data), signature, &len);
}

static CK_RV
sign(char *label)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = list(CK_TRUE, slots), i;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_RV rv = CKR_TOKEN_NOT_PRESENT, login;

	for (i = 0; i < n; i++) {
		if (f->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL,
			&session) != CKR_OK)
			continue;
		login = f->C_Login(session, CKU_USER, NULL, 0);
		if (login != CKR_OK && login != CKR_USER_ALREADY_LOGGED_IN)
			rv = login;
		else if (find_key(session, label, &key))
			rv = sign_in(session, key);
		(void)f->C_CloseSession(session);
		if (rv == CKR_OK)
			break;
	}
	return rv;
}

static void
certificates(void)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE found[64];
	CK_ULONG n = 0, i;

	if (list(CK_TRUE, slots) > 0 &&
	    f->C_OpenSession(
		slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK) {
		(void)f->C_FindObjectsInit(session, &template, 1);
		(void)f->C_FindObjects(session, found, 64, &n);
		(void)f->C_CloseSession(session);
	}
	for (i = 0; i < n; i++)
		printf("%lu ", found[i]);
	printf("\n");
}

static void
state(void)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_SESSION_HANDLE session;
	CK_SESSION_INFO info = {.state = 99};

	if (list(CK_TRUE, slots) > 0 &&
	    f->C_OpenSession(
		slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session) == CKR_OK) {
		(void)f->C_GetSessionInfo(session, &info);
		(void)f->C_CloseSession(session);
	}
	printf("%lu\n", info.state);
}

static void
obey(char *line)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_RV rv;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "look ", 5) == 0) {
		look(strtod(line + 5, NULL));
	} else if (strncmp(line, "sign ", 5) == 0) {
		rv = sign(line + 5);
		printf(rv == CKR_OK ? "ok\n" : "0x%lx\n", rv);
	} else if (strcmp(line, "certificates") == 0) {
		certificates();
	} else if (strcmp(line, "state") == 0) {
		state();
	} else {
		printf("%lu\n", list(CK_TRUE, slots));
	}
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	CK_C_GetFunctionList get = NULL;
	char line[256];
	void *handle = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;

	if (handle != NULL)
		*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (get == NULL || get(&f) != CKR_OK ||
	    f->C_Initialize(NULL) != CKR_OK) {
		fprintf(stderr, "program: no module: %s\n", dlerror());
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	(void)f->C_Finalize(NULL);
	return 0;
}
