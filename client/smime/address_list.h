/*
 * address_list.h: the addresses in From, Sender, To, Cc, Bcc (RFC 5322 3.4
 * and 4.4), and encoded words (RFC 2047) in what stands beside them.
 */
#ifndef CLIENT_SMIME_ADDRESS_LIST_H
#define CLIENT_SMIME_ADDRESS_LIST_H

#include "asn1/buf.h"

#define ADDRESS_LIST_MAX 20000 /* addresses in one header section's field */
#define ADDRESS_SPEC_MAX 512   /* octets of one addr-spec */
#define DISPLAY_LEN_MAX 4096   /* octets of name and comments of one */

/*
 * What is odd about a mailbox: forms that mail programs are known to read
 * differently from each other, or that show one address and mean another.
 * Harmless for sending; a claim of origin that has one is never called good.
 */
enum mailbox_odd {
	MAILBOX_COMMENT = 1 << 0,    /* a comment inside the addr-spec */
	MAILBOX_ROUTE = 1 << 1,	     /* <@a,@b:user@c> */
	MAILBOX_QUOTED = 1 << 2,     /* a local part that needs quotes */
	MAILBOX_ENCODED = 1 << 3,    /* an encoded word in the addr-spec */
	MAILBOX_CONTROL = 1 << 4,    /* control characters, NUL, and what makes
					a name run backwards */
	MAILBOX_NOT_UTF8 = 1 << 5,   /* octets that are no UTF-8 */
	MAILBOX_DISPLAY_AT = 1 << 6, /* name or comment shows an address that
					is not this one */
	MAILBOX_GROUP = 1 << 7,	     /* inside a group */
	MAILBOX_SPACE = 1 << 8,	     /* space inside the addr-spec */
	MAILBOX_CHARSET = 1 << 9,    /* an encoded word of an unknown one */
};

struct mailbox {
	struct bytes addr_spec; /* quotes taken off where none are needed */
	struct bytes display;	/* name and comments, decoded, UTF-8 hoped */
	unsigned odd;		/* enum mailbox_odd */
};

/*
 * Calls fn with each mailbox of the list in a field's value; what is given is
 * borrowed until fn returns. A negative result of fn ends the walk and is
 * returned. CS_ERR_ENCODING: syntax (after the mailboxes before the fault
 * were given), CS_ERR_TOO_LARGE: a limit above.
 */
int CS_MUST_USE address_list_walk(struct bytes value,
    int (*fn)(void *ctx, const struct mailbox *mailbox), void *ctx);

/*
 * Decodes encoded words in text and appends the octets (character sets are
 * not converted); everything else is copied, line ends left out. Broken base64
 * is read as programs read it that put up with it.
 */
int words_decode(struct bytes text, struct buf *out);
/*
 * Likewise, as UTF-8. CS_ERR_ENCODING: there are words in a character set that
 * is not converted here (all but UTF-8, US-ASCII and those of
 * words_is_latin1), or the rest is not UTF-8; out is then of no use.
 */
int CS_MUST_USE words_to_utf8(struct bytes text, struct buf *out);
/* ISO 8859-1, or what is the same from 0xa0 on. */
bool words_is_latin1(struct bytes charset);
/* A character of these, in UTF-8. */
void words_put_latin1(struct buf *out, uint8_t c);
/* A character set in which octets of ASCII are ASCII. */
bool words_is_ascii_based(struct bytes charset);
/* Are all its encoded words in character sets in which ASCII is what it is
 * elsewhere, so that what was decoded can be looked at? UTF-7 is none. */
bool words_are_clear(struct bytes text);

#endif
