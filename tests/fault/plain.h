/*
 * plain.h: the functions that the scripted module hands on as they are, but
 * for its rules: PLAIN(name, (parameters), (arguments)).
 */
#ifndef TESTS_FAULT_PLAIN_H
#define TESTS_FAULT_PLAIN_H

#define FAULT_PLAIN(PLAIN)                                                     \
	PLAIN(C_Initialize, (void *init_args), (init_args))                    \
	PLAIN(C_Finalize, (void *reserved), (reserved))                        \
	PLAIN(C_OpenSession,                                                   \
	    (CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,     \
		CK_SESSION_HANDLE *session),                                   \
	    (slot, flags, app, notify, session))                               \
	PLAIN(C_CloseSession, (CK_SESSION_HANDLE session), (session))          \
	PLAIN(C_GetSessionInfo,                                                \
	    (CK_SESSION_HANDLE session, CK_SESSION_INFO * info),               \
	    (session, info))                                                   \
	PLAIN(C_Logout, (CK_SESSION_HANDLE session), (session))                \
	PLAIN(C_FindObjectsInit,                                               \
	    (CK_SESSION_HANDLE session, CK_ATTRIBUTE * template, CK_ULONG n),  \
	    (session, template, n))                                            \
	PLAIN(C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session))      \
	PLAIN(C_SignInit,                                                      \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_DecryptInit,                                                   \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_GetInfo, (CK_INFO * info), (info))                             \
	PLAIN(C_GetMechanismList,                                              \
	    (CK_SLOT_ID slot, CK_MECHANISM_TYPE * list, CK_ULONG * n),         \
	    (slot, list, n))                                                   \
	PLAIN(C_InitToken,                                                     \
	    (CK_SLOT_ID slot, CK_UTF8CHAR * pin, CK_ULONG pin_len,             \
		CK_UTF8CHAR * label),                                          \
	    (slot, pin, pin_len, label))                                       \
	PLAIN(C_InitPIN,                                                       \
	    (CK_SESSION_HANDLE session, CK_UTF8CHAR * pin, CK_ULONG pin_len),  \
	    (session, pin, pin_len))                                           \
	PLAIN(C_SetPIN,                                                        \
	    (CK_SESSION_HANDLE session, CK_UTF8CHAR * old, CK_ULONG old_len,   \
		CK_UTF8CHAR * pin, CK_ULONG pin_len),                          \
	    (session, old, old_len, pin, pin_len))                             \
	PLAIN(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))                   \
	PLAIN(C_GetOperationState,                                             \
	    (CK_SESSION_HANDLE session, CK_BYTE * state, CK_ULONG * len),      \
	    (session, state, len))                                             \
	PLAIN(C_SetOperationState,                                             \
	    (CK_SESSION_HANDLE session, CK_BYTE * state, CK_ULONG len,         \
		CK_OBJECT_HANDLE enc, CK_OBJECT_HANDLE auth),                  \
	    (session, state, len, enc, auth))                                  \
	PLAIN(C_CreateObject,                                                  \
	    (CK_SESSION_HANDLE session, CK_ATTRIBUTE * template, CK_ULONG n,   \
		CK_OBJECT_HANDLE * object),                                    \
	    (session, template, n, object))                                    \
	PLAIN(C_CopyObject,                                                    \
	    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,               \
		CK_ATTRIBUTE * template, CK_ULONG n, CK_OBJECT_HANDLE * copy), \
	    (session, object, template, n, copy))                              \
	PLAIN(C_DestroyObject,                                                 \
	    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),              \
	    (session, object))                                                 \
	PLAIN(C_GetObjectSize,                                                 \
	    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,               \
		CK_ULONG * size),                                              \
	    (session, object, size))                                           \
	PLAIN(C_SetAttributeValue,                                             \
	    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,               \
		CK_ATTRIBUTE * template, CK_ULONG n),                          \
	    (session, object, template, n))                                    \
	PLAIN(C_EncryptInit,                                                   \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_Encrypt,                                                       \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_EncryptUpdate,                                                 \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_EncryptFinal,                                                  \
	    (CK_SESSION_HANDLE session, CK_BYTE * out, CK_ULONG * len),        \
	    (session, out, len))                                               \
	PLAIN(C_DecryptUpdate,                                                 \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_DecryptFinal,                                                  \
	    (CK_SESSION_HANDLE session, CK_BYTE * out, CK_ULONG * len),        \
	    (session, out, len))                                               \
	PLAIN(C_DigestInit, (CK_SESSION_HANDLE session, CK_MECHANISM * mech),  \
	    (session, mech))                                                   \
	PLAIN(C_Digest,                                                        \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_DigestUpdate,                                                  \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len),    \
	    (session, data, data_len))                                         \
	PLAIN(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key),  \
	    (session, key))                                                    \
	PLAIN(C_DigestFinal,                                                   \
	    (CK_SESSION_HANDLE session, CK_BYTE * out, CK_ULONG * len),        \
	    (session, out, len))                                               \
	PLAIN(C_SignUpdate,                                                    \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len),    \
	    (session, data, data_len))                                         \
	PLAIN(C_SignFinal,                                                     \
	    (CK_SESSION_HANDLE session, CK_BYTE * out, CK_ULONG * len),        \
	    (session, out, len))                                               \
	PLAIN(C_SignRecoverInit,                                               \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_SignRecover,                                                   \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_VerifyInit,                                                    \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_Verify,                                                        \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * sig, CK_ULONG len),                                  \
	    (session, data, data_len, sig, len))                               \
	PLAIN(C_VerifyUpdate,                                                  \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len),    \
	    (session, data, data_len))                                         \
	PLAIN(C_VerifyFinal,                                                   \
	    (CK_SESSION_HANDLE session, CK_BYTE * sig, CK_ULONG len),          \
	    (session, sig, len))                                               \
	PLAIN(C_VerifyRecoverInit,                                             \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE key),                                         \
	    (session, mech, key))                                              \
	PLAIN(C_VerifyRecover,                                                 \
	    (CK_SESSION_HANDLE session, CK_BYTE * sig, CK_ULONG sig_len,       \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, sig, sig_len, out, len))                                 \
	PLAIN(C_DigestEncryptUpdate,                                           \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_DecryptDigestUpdate,                                           \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_SignEncryptUpdate,                                             \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_DecryptVerifyUpdate,                                           \
	    (CK_SESSION_HANDLE session, CK_BYTE * data, CK_ULONG data_len,     \
		CK_BYTE * out, CK_ULONG * len),                                \
	    (session, data, data_len, out, len))                               \
	PLAIN(C_GenerateKey,                                                   \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_ATTRIBUTE * template, CK_ULONG n, CK_OBJECT_HANDLE * key),  \
	    (session, mech, template, n, key))                                 \
	PLAIN(C_GenerateKeyPair,                                               \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_ATTRIBUTE * pub, CK_ULONG pub_n, CK_ATTRIBUTE * priv,       \
		CK_ULONG priv_n, CK_OBJECT_HANDLE * pub_key,                   \
		CK_OBJECT_HANDLE * priv_key),                                  \
	    (session, mech, pub, pub_n, priv, priv_n, pub_key, priv_key))      \
	PLAIN(C_WrapKey,                                                       \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key, CK_BYTE * out,    \
		CK_ULONG * len),                                               \
	    (session, mech, with, key, out, len))                              \
	PLAIN(C_UnwrapKey,                                                     \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE with, CK_BYTE * data, CK_ULONG data_len,      \
		CK_ATTRIBUTE * template, CK_ULONG n, CK_OBJECT_HANDLE * key),  \
	    (session, mech, with, data, data_len, template, n, key))           \
	PLAIN(C_DeriveKey,                                                     \
	    (CK_SESSION_HANDLE session, CK_MECHANISM * mech,                   \
		CK_OBJECT_HANDLE base, CK_ATTRIBUTE * template, CK_ULONG n,    \
		CK_OBJECT_HANDLE * key),                                       \
	    (session, mech, base, template, n, key))                           \
	PLAIN(C_SeedRandom,                                                    \
	    (CK_SESSION_HANDLE session, CK_BYTE * seed, CK_ULONG len),         \
	    (session, seed, len))                                              \
	PLAIN(C_GenerateRandom,                                                \
	    (CK_SESSION_HANDLE session, CK_BYTE * out, CK_ULONG len),          \
	    (session, out, len))

#endif
