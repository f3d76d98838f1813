/*
 * v3.h: the function list of PKCS#11 v3.0 (3.0, 5.2), which p11-kit's header
 * of Debian 12 has not. The functions of messages are not offered here, so
 * that their arguments need no types.
 */
#ifndef CLIENT_PKCS11_V3_H
#define CLIENT_PKCS11_V3_H

#include <p11-kit/pkcs11.h>

struct p11_interface {
	CK_UTF8CHAR *name; /* pInterfaceName */
	void *functions;   /* pFunctionList */
	CK_FLAGS flags;
};

#define P11_CKF_INTERFACE_FORK_SAFE 0x1UL
#define P11_V3_MESSAGE_FUNCTIONS 20

struct p11_function_list_3_0 {
	/* The functions of v2.40, with another version before them. */
	CK_FUNCTION_LIST v2;
	CK_RV(*C_GetInterfaceList)
	(struct p11_interface *list, CK_ULONG_PTR n);
	CK_RV(*C_GetInterface)
	(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
	    struct p11_interface **interface, CK_FLAGS flags);
	CK_RV(*C_LoginUser)
	(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
	    CK_ULONG pin_len, CK_UTF8CHAR_PTR name, CK_ULONG name_len);
	CK_RV (*C_SessionCancel)(CK_SESSION_HANDLE session, CK_FLAGS flags);
	/* C_MessageEncryptInit to C_MessageVerifyFinal */
	CK_RV (*messages[P11_V3_MESSAGE_FUNCTIONS])(void);
};

#endif
