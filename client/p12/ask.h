/*
 * ask.h: asks for a file's password on the terminal that the program runs in.
 */
#ifndef CLIENT_P12_ASK_H
#define CLIENT_P12_ASK_H

#include "asn1/secret.h"

#define ASK_PASSWORD_LEN_MAX 1024 /* octets */

/* The controlling terminal, for the caller to close; -1: there is none. */
int ask_open(void);
/*
 * Asks once; what is typed is not shown. file is the name to tell, and is
 * quoted; is_again: what was given before was wrong. The password, which may be
 * empty, is the caller's to free. CS_ERR_CANCELLED: interrupted, or the
 * terminal's end; CS_ERR_ARGUMENT: too long; CS_ERR_NO_MEMORY; CS_ERR_IO.
 * *password is NULL then.
 */
int CS_MUST_USE ask_password(int tty, const char *file, bool is_again,
    struct secret **password, struct err *e);

#endif
