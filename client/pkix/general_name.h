/*
 * general_name.h: GeneralName (RFC 5280 4.2.1.6), one at a time.
 */
#ifndef CLIENT_PKIX_GENERAL_NAME_H
#define CLIENT_PKIX_GENERAL_NAME_H

#include "asn1/oid.h"

/* The numbers are the tags' of the CHOICE. */
enum general_name_type {
	GN_OTHER = 0,
	GN_RFC822 = 1,
	GN_DNS = 2,
	GN_X400 = 3,
	GN_DIRECTORY = 4,
	GN_EDI_PARTY = 5,
	GN_URI = 6,
	GN_IP = 7,
	GN_REGISTERED_ID = 8,
};

/* Borrowed from the input. */
struct general_name {
	enum general_name_type type;
	/* The content octets; directoryName: the Name, element; otherName: the
	 * element inside its [0]. */
	struct bytes value;
	struct bytes other_oid; /* otherName: type-id, content octets */
	enum oid other_known;
};

/* Takes one. IA5String forms with octets beyond ASCII fail the cursor. */
void der_get_general_name(struct der *d, struct general_name *gn);
/* Is it a GeneralNames SEQUENCE of at least one? */
int CS_MUST_USE general_names_check(struct der *d, int tag);
/*
 * The text of an rfc822Name or smtpUTF8Mailbox (RFC 9598 3); empty for every
 * other name, and for one that holds control characters or isn't UTF-8.
 */
struct bytes general_name_get_mailbox(const struct general_name *gn);
/* Are there octets below 0x20 or 0x7f in it? */
bool bytes_has_control(struct bytes s);

#endif
