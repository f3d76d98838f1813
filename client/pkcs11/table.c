/*
 * table.c: the entry points: function lists of v2.40 and v3.0 (PKCS#11 v2.40,
 * 5.4; v3.0, 5.4), and what is not offered.
 */
#include <string.h>

#include "client/pkcs11/p11.h"
#include "client/pkcs11/v3.h"

#define P11_EXPORT __attribute__((visibility("default")))

P11_EXPORT CK_RV C_GetInterfaceList(struct p11_interface *list, CK_ULONG_PTR n);
P11_EXPORT CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
    struct p11_interface **interface, CK_FLAGS flags);
P11_EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list);

/* One function for each form of arguments; none of them looks at any. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

static CK_RV
no_0(CK_SLOT_ID slot, CK_UTF8CHAR_PTR text, CK_ULONG len, CK_UTF8CHAR_PTR text2)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_1(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR text, CK_ULONG len)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_2(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR text, CK_ULONG len,
    CK_UTF8CHAR_PTR text2, CK_ULONG len2)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_3(CK_SESSION_HANDLE session, CK_BYTE_PTR p, CK_ULONG_PTR n)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_4(CK_SESSION_HANDLE session, CK_BYTE_PTR p, CK_ULONG len,
    CK_OBJECT_HANDLE object, CK_OBJECT_HANDLE object2)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_5(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attrs, CK_ULONG len,
    CK_OBJECT_HANDLE_PTR objects)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_6(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attrs,
    CK_ULONG len, CK_OBJECT_HANDLE_PTR objects)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_7(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attrs,
    CK_ULONG len)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_8(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE object)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_9(CK_SESSION_HANDLE session, CK_BYTE_PTR p, CK_ULONG len, CK_BYTE_PTR p2,
    CK_ULONG_PTR n)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_10(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_11(CK_SESSION_HANDLE session, CK_BYTE_PTR p, CK_ULONG len)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_12(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_13(CK_SESSION_HANDLE session, CK_BYTE_PTR p, CK_ULONG len, CK_BYTE_PTR p2,
    CK_ULONG len2)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_14(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_ATTRIBUTE_PTR attrs, CK_ULONG len, CK_OBJECT_HANDLE_PTR objects)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_15(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_ATTRIBUTE_PTR attrs, CK_ULONG len, CK_ATTRIBUTE_PTR attrs2,
    CK_ULONG len2, CK_OBJECT_HANDLE_PTR objects, CK_OBJECT_HANDLE_PTR objects2)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_16(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE object, CK_OBJECT_HANDLE object2, CK_BYTE_PTR p,
    CK_ULONG_PTR n)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_18(CK_SESSION_HANDLE session)
{
	return CKR_FUNCTION_NOT_PARALLEL;
}

static CK_RV
no_message(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_login_user(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
    CK_ULONG pin_len, CK_UTF8CHAR_PTR name, CK_ULONG name_len)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

#pragma GCC diagnostic pop

/* What sign_init or decrypt_init began (v3.0, 5.6.11). */
static CK_RV
session_cancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	struct p11_session *s;
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if (s->is_busy)
		return p11_leave(CKR_FUNCTION_FAILED);
	if ((s->op.kind == P11_SIGN && (flags & CKF_SIGN)) ||
	    (s->op.kind == P11_DECRYPT && (flags & CKF_DECRYPT)))
		p11_op_clear(&s->op);
	return p11_leave(CKR_OK);
}

#define P11_FUNCTIONS                                                          \
	.C_Initialize = p11_initialize, .C_Finalize = p11_finalize,            \
	.C_GetInfo = p11_get_info, .C_GetFunctionList = C_GetFunctionList,     \
	.C_GetSlotList = p11_get_slot_list,                                    \
	.C_GetSlotInfo = p11_get_slot_info,                                    \
	.C_GetTokenInfo = p11_get_token_info,                                  \
	.C_GetMechanismList = p11_get_mechanism_list,                          \
	.C_GetMechanismInfo = p11_get_mechanism_info, .C_InitToken = no_0,     \
	.C_InitPIN = no_1, .C_SetPIN = no_2,                                   \
	.C_OpenSession = p11_open_session,                                     \
	.C_CloseSession = p11_close_session,                                   \
	.C_CloseAllSessions = p11_close_all_sessions,                          \
	.C_GetSessionInfo = p11_get_session_info, .C_GetOperationState = no_3, \
	.C_SetOperationState = no_4, .C_Login = p11_login,                     \
	.C_Logout = p11_logout, .C_CreateObject = no_5, .C_CopyObject = no_6,  \
	.C_DestroyObject = p11_destroy_object,                                 \
	.C_GetObjectSize = p11_get_object_size,                                \
	.C_GetAttributeValue = p11_get_attribute_value,                        \
	.C_SetAttributeValue = no_7,                                           \
	.C_FindObjectsInit = p11_find_objects_init,                            \
	.C_FindObjects = p11_find_objects,                                     \
	.C_FindObjectsFinal = p11_find_objects_final, .C_EncryptInit = no_8,   \
	.C_Encrypt = no_9, .C_EncryptUpdate = no_9, .C_EncryptFinal = no_3,    \
	.C_DecryptInit = p11_decrypt_init, .C_Decrypt = p11_decrypt,           \
	.C_DecryptUpdate = p11_decrypt_update,                                 \
	.C_DecryptFinal = p11_decrypt_final, .C_DigestInit = no_10,            \
	.C_Digest = no_9, .C_DigestUpdate = no_11, .C_DigestKey = no_12,       \
	.C_DigestFinal = no_3, .C_SignInit = p11_sign_init,                    \
	.C_Sign = p11_sign, .C_SignUpdate = p11_sign_update,                   \
	.C_SignFinal = p11_sign_final, .C_SignRecoverInit = no_8,              \
	.C_SignRecover = no_9, .C_VerifyInit = no_8, .C_Verify = no_13,        \
	.C_VerifyUpdate = no_11, .C_VerifyFinal = no_11,                       \
	.C_VerifyRecoverInit = no_8, .C_VerifyRecover = no_9,                  \
	.C_DigestEncryptUpdate = no_9, .C_DecryptDigestUpdate = no_9,          \
	.C_SignEncryptUpdate = no_9, .C_DecryptVerifyUpdate = no_9,            \
	.C_GenerateKey = no_14, .C_GenerateKeyPair = no_15,                    \
	.C_WrapKey = no_16, .C_UnwrapKey = p11_unwrap_key,                     \
	.C_DeriveKey = p11_derive_key, .C_SeedRandom = no_11,                  \
	.C_GenerateRandom = p11_generate_random, .C_GetFunctionStatus = no_18, \
	.C_CancelFunction = no_18,                                             \
	.C_WaitForSlotEvent = p11_wait_for_slot_event

static CK_FUNCTION_LIST list_2_40 = {.version = {2, 40}, P11_FUNCTIONS};

static struct p11_function_list_3_0 list_3_0 = {
    .v2 = {.version = {3, 0}, P11_FUNCTIONS},
    .C_GetInterfaceList = C_GetInterfaceList,
    .C_GetInterface = C_GetInterface,
    .C_LoginUser = no_login_user,
    .C_SessionCancel = session_cancel,
    .messages = {no_message, no_message, no_message, no_message, no_message,
	no_message, no_message, no_message, no_message, no_message, no_message,
	no_message, no_message, no_message, no_message, no_message, no_message,
	no_message, no_message, no_message},
};

static CK_UTF8CHAR interface_name[] = "PKCS 11";

static struct p11_interface interfaces[] = {
    {interface_name, &list_3_0, P11_CKF_INTERFACE_FORK_SAFE},
    {interface_name, &list_2_40, P11_CKF_INTERFACE_FORK_SAFE},
};

#define INTERFACES_LEN (sizeof(interfaces) / sizeof(interfaces[0]))

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = &list_2_40;
	return CKR_OK;
}

CK_RV
C_GetInterfaceList(struct p11_interface *list, CK_ULONG_PTR n)
{
	CK_ULONG room;

	if (n == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *n;
	*n = INTERFACES_LEN;
	if (list == NULL)
		return CKR_OK;
	if (room < INTERFACES_LEN)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(list, interfaces, sizeof(interfaces));
	return CKR_OK;
}

/* Without a version the newest (v3.0, 5.4.5). */
CK_RV
C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
    struct p11_interface **interface, CK_FLAGS flags)
{
	const CK_VERSION *has;
	size_t i;

	if (interface == NULL)
		return CKR_ARGUMENTS_BAD;
	*interface = NULL;
	if (name != NULL &&
	    strcmp((const char *)name, (const char *)interface_name) != 0)
		return CKR_FUNCTION_FAILED;
	for (i = 0; i < INTERFACES_LEN; i++) {
		has = interfaces[i].functions;
		if ((version != NULL && (version->major != has->major ||
					    version->minor != has->minor)) ||
		    (flags & interfaces[i].flags) != flags)
			continue;
		*interface = &interfaces[i];
		return CKR_OK;
	}
	return CKR_FUNCTION_FAILED;
}
