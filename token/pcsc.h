/*
 * pcsc.h: the readers below a PKCS#11 module, through PC/SC: what PKCS#11
 * does not tell and does not do.
 *
 * Each call connects to the card beside the module, does what it has to in
 * one transaction, and lets go of it. It waits while another program has a
 * transaction of its own, without end: the agent's deadline is over it all. Not
 * to be called while an operation of the module is under way.
 *
 * PIV is SP 800-73-4, part 2.
 */
#ifndef TOKEN_PCSC_H
#define TOKEN_PCSC_H

#include <stdbool.h>

#include "asn1/buf.h"

/* PKCS#11's slotDescription has no more octets; names of readers may. */
#define PCSC_DESCRIPTION_LEN 64

/*
 * Is a reader of PC/SC meant by the slotDescription (without its padding)? One
 * that fills its field may have been cut off, and need only begin alike.
 */
bool pcsc_is_reader(struct bytes description, const char *reader);

/*
 * Does a module in this process talk to the PC/SC service? One that does is of
 * no use once the service was started anew (OpenSC's says CKR_GENERAL_ERROR
 * for ever). Looks at the sockets that this process has.
 */
bool pcsc_is_used(void);

/*
 * The tries left for the PIN of the PIV card in the reader: VERIFY without a
 * PIN, which spends none (3.2.1). ERR_TRIES_UNKNOWN: the PIN is verified, the
 * card does not say, or there is no such reader, card or service.
 */
int pcsc_get_piv_tries(struct bytes description);

/*
 * Ends what a PIN opened on the card in the reader, for all programs: by
 * VERIFY with P1 FF where the PIV card takes that and then says so, else by a
 * reset of the card. CS_ERR_NO_TOKEN: no such reader, or no card in it, so
 * that nothing is open. CS_ERR_DEVICE: the card could not be reached.
 */
int CS_MUST_USE pcsc_end_verified(
    struct bytes description, bool is_piv, struct err *e);

/*
 * Gives the PIV card in the reader a new PIN by its PUK: RESET RETRY COUNTER
 * (3.2.3), which no PKCS#11 call comes to. CS_ERR_PIN_WRONG, PIN_LOCKED: the
 * PUK is, and the text says so; PIN_LENGTH, PIN_INVALID: the card does not
 * take such a PUK or PIN; NO_TOKEN, DEVICE.
 */
int CS_MUST_USE pcsc_unblock_piv(struct bytes description, struct bytes puk,
    struct bytes pin, struct err *e);

#endif
