/*
 * pcscd_shim.h: what the launcher of a private pcscd and the shim in it agree
 * on.
 */
#ifndef TESTS_CARD_PCSCD_SHIM_H
#define TESTS_CARD_PCSCD_SHIM_H

/* The environment variable with the folder. */
#define SHIM_DIR_ENV "CARD_SHIM_DIR"
/* The port in the reader's configuration; the driver's slots are this one
 * and the next. No socket is ever bound to them. */
#define SHIM_PORT 35963u
#define SHIM_SLOTS 2u

#endif
