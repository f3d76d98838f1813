/*
 * A PKCS#11 module around SoftHSM's that misbehaves as it is told.
 *
 * FAULT_MODULE is the real module's path, FAULT_SCRIPT a file that is read at
 * each call, with a line per rule; NAME is any function of PKCS#11 v2.40:
 *
 *   NAME VALUE [N]   the function returns VALUE and does nothing; with N only
 *                    the next N times
 *   after NAME VALUE the function does its work and returns VALUE even so
 *   absent           no token in any slot; sessions die
 *   label TEXT       the tokens have another label
 *   serial TEXT      or another serial number
 *   flags VALUE      these flags of the tokens, too (CKF_USER_PIN_LOCKED ...)
 *   unflags VALUE    without these flags
 *   without VALUE    the token lacks the mechanism
 *   short            RSA results come without their leading zero octets
 *   sizes            lengths and counts are garbage
 *   hang NAME        the function never returns
 *   delay NAME MS    the function takes MS milliseconds longer
 *   crash NAME       the process dies in it, by SIGSEGV
 *   events N         C_WaitForSlotEvent tells of N, then it fails
 *
 * FAULT_LOG: each call appends its name and a line feed. FAULT_LOGINS: each
 * C_Login that came to the real module appends "PIN CKR". FAULT_CONF: what
 * SOFTHSM2_CONF is for the real module.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "tests/fault/plain.h"

#define FAULT_EXPORT __attribute__((visibility("default")))
#define FAULT_RULES 32
#define FAULT_LINE 128

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST fault_list;
/* How often a counted rule was used, by its text. */
static struct fault_used {
	char line[3 * FAULT_LINE];
	unsigned long n;
} fault_used[FAULT_RULES];

static unsigned long *
fault_count(const char *line)
{
	size_t i;

	for (i = 0; i < FAULT_RULES - 1; i++) {
		if (fault_used[i].line[0] == '\0')
			snprintf(fault_used[i].line, sizeof(fault_used[i].line),
			    "%s", line);
		if (strcmp(fault_used[i].line, line) == 0)
			break;
	}
	return &fault_used[i].n;
}

/* Looks for a rule that begins with the word; its rest goes to rest. */
static int
fault_find(const char *word, char *rest, size_t size)
{
	const char *path = getenv("FAULT_SCRIPT");
	char line[FAULT_LINE];
	size_t len = strlen(word);
	int found = 0;
	FILE *f;

	f = path != NULL ? fopen(path, "re") : NULL;
	if (f == NULL)
		return 0;
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, word, len) != 0 ||
		    (line[len] != ' ' && line[len] != '\0'))
			continue;
		found = 1;
		snprintf(
		    rest, size, "%s", line[len] == ' ' ? line + len + 1 : "");
	}
	fclose(f);
	return found;
}

static void
fault_append(const char *variable, const char *text)
{
	const char *path = getenv(variable);
	char line[FAULT_LINE];
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	snprintf(line, sizeof(line), "%s\n", text);
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

/* "ACTION NAME": its rest goes to rest. */
static int
fault_find_action(const char *action, const char *name, char *rest, size_t size)
{
	char word[FAULT_LINE];

	snprintf(word, sizeof(word), "%s %s", action, name);
	return fault_find(word, rest, size);
}

/* Late, or never to return. */
static void
fault_stall(const char *name)
{
	struct timespec nap;
	char rest[FAULT_LINE];
	unsigned long ms;

	if (fault_find_action("hang", name, rest, sizeof(rest)))
		for (;;)
			pause();
	if (fault_find_action("crash", name, rest, sizeof(rest))) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	if (fault_find_action("delay", name, rest, sizeof(rest)) &&
	    sscanf(rest, "%lu", &ms) == 1) {
		nap.tv_sec = (time_t)(ms / 1000);
		nap.tv_nsec = (long)(ms % 1000) * 1000000;
		nanosleep(&nap, NULL);
	}
}

/* What the function is to return at once; CKR_OK: go on. */
static CK_RV
fault_rule(const char *name)
{
	char rest[FAULT_LINE], key[3 * FAULT_LINE];
	unsigned long value, max, *used;
	int n;

	fault_append("FAULT_LOG", name);
	fault_stall(name);
	if (!fault_find(name, rest, sizeof(rest)))
		return CKR_OK;
	n = sscanf(rest, "%li %lu", (long *)&value, &max);
	if (n < 1)
		return CKR_OK;
	if (n == 2) {
		snprintf(key, sizeof(key), "%s %s", name, rest);
		used = fault_count(key);
		if (*used >= max)
			return CKR_OK;
		++*used;
	}
	return value;
}

/* What it is to return in the end. */
static CK_RV
fault_after(const char *name, CK_RV rv)
{
	char rest[FAULT_LINE];
	unsigned long value;

	if (rv == CKR_OK &&
	    fault_find_action("after", name, rest, sizeof(rest)) &&
	    sscanf(rest, "%li", (long *)&value) == 1)
		return value;
	return rv;
}

static int
fault_is(const char *word)
{
	char rest[FAULT_LINE];

	return fault_find(word, rest, sizeof(rest));
}

#define FAULT(name, params, args)              \
	static CK_RV fault_##name params       \
	{                                      \
		CK_RV rv = fault_rule(#name);  \
                                               \
		if (rv == CKR_OK)              \
			rv = real->name args;  \
		return fault_after(#name, rv); \
	}

FAULT_PLAIN(FAULT)

static CK_RV
fault_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
    CK_ULONG pin_len)
{
	CK_RV rv = fault_rule("C_Login");
	char line[FAULT_LINE];

	if (rv == CKR_OK) {
		rv = real->C_Login(session, user, pin, pin_len);
		snprintf(line, sizeof(line), "%.*s %#lx",
		    pin_len < 64 ? (int)pin_len : 64, (const char *)pin, rv);
		fault_append("FAULT_LOGINS", line);
	}
	return fault_after("C_Login", rv);
}

static CK_RV
fault_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n)
{
	CK_RV rv = fault_rule("C_GetSlotList");

	if (rv != CKR_OK)
		return rv;
	if (fault_is("absent")) {
		*n = 0;
		return CKR_OK;
	}
	rv = real->C_GetSlotList(present, list, n);
	if (fault_is("sizes"))
		*n = ~0UL;
	return fault_after("C_GetSlotList", rv);
}

static CK_RV
fault_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	CK_RV rv = fault_rule("C_GetSlotInfo");

	if (rv == CKR_OK)
		rv = real->C_GetSlotInfo(slot, info);
	if (rv == CKR_OK && fault_is("absent")) {
		info->flags &= ~(CK_FLAGS)CKF_TOKEN_PRESENT;
		(void)real->C_CloseAllSessions(slot);
	}
	return fault_after("C_GetSlotInfo", rv);
}

static CK_RV
fault_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = fault_rule("C_GetTokenInfo");
	char rest[FAULT_LINE];
	unsigned long flags;

	if (rv == CKR_OK && fault_is("absent"))
		rv = CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		rv = real->C_GetTokenInfo(slot, info);
	if (rv != CKR_OK)
		return rv;
	if (fault_find("label", rest, sizeof(rest))) {
		memset(info->label, ' ', sizeof(info->label));
		memcpy(info->label, rest, strnlen(rest, sizeof(info->label)));
	}
	if (fault_find("serial", rest, sizeof(rest))) {
		memset(info->serialNumber, ' ', sizeof(info->serialNumber));
		memcpy(info->serialNumber, rest,
		    strnlen(rest, sizeof(info->serialNumber)));
	}
	if (fault_find("flags", rest, sizeof(rest)) &&
	    sscanf(rest, "%li", (long *)&flags) == 1)
		info->flags |= flags;
	if (fault_find("unflags", rest, sizeof(rest)) &&
	    sscanf(rest, "%li", (long *)&flags) == 1)
		info->flags &= ~flags;
	if (fault_is("sizes"))
		info->ulMaxPinLen = info->ulMinPinLen = ~0UL;
	return fault_after("C_GetTokenInfo", rv);
}

static CK_RV
fault_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	CK_RV rv = fault_rule("C_WaitForSlotEvent");
	static unsigned long told;
	char rest[FAULT_LINE];
	unsigned long n;

	if (rv != CKR_OK)
		return rv;
	if (!fault_find("events", rest, sizeof(rest)) ||
	    sscanf(rest, "%lu", &n) != 1)
		return real->C_WaitForSlotEvent(flags, slot, reserved);
	*slot = 0;
	return told++ < n ? CKR_OK : CKR_DEVICE_ERROR;
}

static CK_RV
fault_C_GetMechanismInfo(
    CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	CK_RV rv = fault_rule("C_GetMechanismInfo");
	char rule[FAULT_LINE];

	if (rv != CKR_OK)
		return rv;
	snprintf(rule, sizeof(rule), "without 0x%lx", type);
	if (fault_is(rule))
		return CKR_MECHANISM_INVALID;
	return real->C_GetMechanismInfo(slot, type, info);
}

static CK_RV
fault_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects,
    CK_ULONG max, CK_ULONG *n)
{
	CK_RV rv = fault_rule("C_FindObjects");

	if (rv == CKR_OK)
		rv = real->C_FindObjects(session, objects, max, n);
	if (rv == CKR_OK && fault_is("sizes")) {
		/* The same objects again and again, without end. */
		*n = max;
		memset(objects, 0x7f, max * sizeof(*objects));
	}
	return fault_after("C_FindObjects", rv);
}

static CK_RV
fault_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	CK_RV rv = fault_rule("C_GetAttributeValue");

	if (rv == CKR_OK && fault_is("sizes")) {
		attrs[0].ulValueLen = ~0UL;
		return CKR_OK;
	}
	if (rv == CKR_OK)
		rv = real->C_GetAttributeValue(session, object, attrs, n);
	return fault_after("C_GetAttributeValue", rv);
}

/* Takes leading zero octets off an RSA result. */
static void
fault_shorten(CK_BYTE *out, CK_ULONG *len)
{
	CK_ULONG zeroes = 0;

	while (zeroes < *len && out[zeroes] == 0)
		zeroes++;
	*len -= zeroes;
	memmove(out, out + zeroes, *len);
}

static CK_RV
fault_C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
    CK_BYTE *out, CK_ULONG *len)
{
	CK_RV rv = fault_rule("C_Sign");

	if (rv == CKR_OK)
		rv = real->C_Sign(session, data, data_len, out, len);
	if (rv == CKR_OK && fault_is("sizes"))
		*len = ~0UL;
	if (rv == CKR_OK && fault_is("short"))
		fault_shorten(out, len);
	return fault_after("C_Sign", rv);
}

static CK_RV
fault_C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len,
    CK_BYTE *out, CK_ULONG *len)
{
	CK_RV rv = fault_rule("C_Decrypt");

	if (rv == CKR_OK)
		rv = real->C_Decrypt(session, data, data_len, out, len);
	if (rv == CKR_OK && fault_is("sizes"))
		*len = ~0UL;
	if (rv == CKR_OK && fault_is("short"))
		fault_shorten(out, len);
	return fault_after("C_Decrypt", rv);
}

static void
fault_wrap(void)
{
	fault_list = *real;
#define SET(name, ...) fault_list.name = fault_##name;
	FAULT_PLAIN(SET)
	SET(C_Login)
	SET(C_GetSlotList)
	SET(C_GetSlotInfo)
	SET(C_GetTokenInfo)
	SET(C_GetMechanismInfo)
	SET(C_WaitForSlotEvent)
	SET(C_FindObjects)
	SET(C_GetAttributeValue)
	SET(C_Sign)
	SET(C_Decrypt)
#undef SET
}

FAULT_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

FAULT_EXPORT CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *path = getenv("FAULT_MODULE");
	const char *conf = getenv("FAULT_CONF");
	CK_RV (*get)(CK_FUNCTION_LIST * *list);
	void *handle;

	if (conf != NULL)
		(void)setenv("SOFTHSM2_CONF", conf, 1);
	handle = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	if (handle == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (get == NULL || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	fault_wrap();
	*list = &fault_list;
	return CKR_OK;
}
