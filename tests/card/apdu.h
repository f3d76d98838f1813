/*
 * apdu.h: command APDUs of ISO 7816-4, short and extended, and the status
 * words that the emulated cards use.
 */
#ifndef TESTS_CARD_APDU_H
#define TESTS_CARD_APDU_H

#include "asn1/buf.h"

#define APDU_LEN_MAX 65544   /* extended, octets */
#define APDU_LE_SHORT 256    /* most that a short response holds */
#define APDU_CLA_CHAIN 0x10u /* more of this command follows */

enum apdu_sw {
	SW_OK = 0x9000,
	SW_MORE = 0x6100,
	SW_TRIES = 0x63c0,
	SW_LENGTH = 0x6700,
	SW_CHAIN = 0x6883,
	SW_SECURITY = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_CONDITIONS = 0x6985,
	SW_DATA = 0x6a80,
	SW_NOT_FOUND = 0x6a82,
	SW_P1P2 = 0x6a86,
	SW_REFERENCE = 0x6a88,
	SW_INS = 0x6d00,
	SW_CLA = 0x6e00,
	SW_INTERNAL = 0x6f00,
};

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct bytes data; /* borrows the raw bytes */
	size_t le;	   /* octets wanted; 0: no Le field */
	bool is_extended;
};

/* False: these bytes are no command. */
bool apdu_decode(struct apdu *a, struct bytes raw);

#endif
