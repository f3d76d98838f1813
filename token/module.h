/*
 * module.h: one PKCS#11 module, loaded and initialised.
 *
 * Initialised with C_Initialize(NULL): we call from one thread only, and
 * without mutexes OpenSC's module cannot deadlock when a card is pulled.
 * Loaded unmanaged, so that nothing stands between us and the module; only
 * what p11-kit itself makes ("remote:") comes through its managed layer.
 */
#ifndef TOKEN_MODULE_H
#define TOKEN_MODULE_H

#include <p11-kit/pkcs11.h>

#include "asn1/buf.h"

struct module {
	CK_FUNCTION_LIST *f;	/* borrowed until module_end; NULL: none */
	CK_FUNCTION_LIST **all; /* by name: p11-kit's list, else NULL */
	CK_INFO info;
};

/*
 * which: an absolute path, or "p11-kit:NAME" for a configured module without
 * path (modules.h). CS_ERR_MODULE: cannot be loaded or initialised, e says
 * why; m is empty then.
 */
int CS_MUST_USE module_start(
    struct module *m, const char *which, struct err *e);
/* C_Finalize and unload. An empty m is fine. */
void module_end(struct module *m);

/*
 * A fixed field of PKCS#11 (padded with spaces, of any bytes) as text: the
 * padding and what follows a NUL are cut off; controls and bytes that are not
 * UTF-8 become "\xHH". Appends to b at most 4 * len octets.
 */
void module_text(struct buf *b, const unsigned char *field, size_t len);

#endif
