/*
 * modules.h: which PKCS#11 modules are configured on this system.
 *
 * p11-kit's own configuration (pkcs11.conf(5)) decides, seen by a program
 * named "cardseal" for enable-in and disable-in. Left out are cardseal's own
 * module, p11-kit's trust module, and its proxy and client, which only lead
 * to the same modules again.
 *
 * p11-kit tells what is configured only by loading it, and loading runs the
 * module's constructors, so this is for a process of its own: the program
 * "cardseal-token --list-modules". Its output, in the order of priority, is a
 * line per module: NAME, a tab, MODULE, a line feed. MODULE is what START
 * takes (module.h). Exit status 0; 1 when p11-kit cannot read its
 * configuration or a module marked critical does not load, the reason being
 * on standard error. Names and paths that are not UTF-8 or have control
 * characters are left out with a word on standard error.
 */
#ifndef TOKEN_MODULES_H
#define TOKEN_MODULES_H

#include "asn1/buf.h"

/* Before the name of a module that only p11-kit can make ("remote:"). */
#define MODULES_BY_NAME "p11-kit:"
/* The name by which enable-in and disable-in know us. */
#define MODULES_PROGRAM "cardseal"

/* Appends the lines. CS_ERR_MODULE: e has p11-kit's reason. */
int CS_MUST_USE modules_list(struct buf *out, struct err *e);
/* Is a module of that file name (without folder) one that we leave out? */
bool modules_is_left_out(const char *name, const char *path);

#endif
