/*
 * message.h: a mail with all that is in it: every layer opened and judged, at
 * any nesting, and one of them let out.
 *
 * The line of a mail is the layers around its content, one directly inside of
 * the other, from the mail itself inward. What they hold at the end is the
 * inner entity: what a person sees. Whatever in it is signed or encrypted by
 * itself, and every enclosed message, has a line and a verdict of its own:
 * the verdict on the mail says nothing about these, nor they about it.
 *
 * The mail is run through one pipeline of parsers, decoders and readers, each
 * inside of the other, as often as it takes to know all digests, keys and
 * recipients. Once more what is judged is let out: so that plaintext is
 * neither kept nor released before all around and in it was judged. Between
 * the runs the input is compared (release.h), unless nobody can change it.
 */
#ifndef CLIENT_SMIME_MESSAGE_H
#define CLIENT_SMIME_MESSAGE_H

#include "client/cms/detect.h"
#include "client/cms/verdict_mail.h"
#include "client/smime/smime.h"

#define MESSAGE_DEPTH_MAX 16 /* layers and messages in each other */
#define MESSAGE_NODES_MAX 64 /* layers and messages that are opened */
#define MESSAGE_PASSES_MAX 40
/* Header section of an enclosed message that is looked at. */
#define MESSAGE_HEADER_MAX ((size_t)64 << 10)

struct smime_message_params {
	/* trust and ops both; detached and memo are not used. own is filled
	 * by load_own, called once when something encrypted is met; NULL:
	 * it is complete. */
	struct cms_reader_params cms;
	int (*load_own)(void *ctx, struct err *e);
	void *ctx;
	const char *from; /* address to match instead of From */
	const char *part; /* the line let out, by its path; NULL: see below */
	bool is_unsafe;	  /* holds nothing back */
	/* Without a signature that covers all of it, it is bad:
	 * CS_ERR_NOT_SIGNED in the verdict. */
	bool requires_signed;
};

/*
 * Reads and judges; v gets the verdict (verdict_mail.h), good or bad.
 *
 * out (NULL: only judge) gets, where the verdict on its line allows it
 * (release.h), the inner entity, byte for byte as it was signed or encrypted:
 * without the header outside, which nothing covers. A mail without layers
 * goes out as it came; where only one part of it has layers, that part's
 * entity. Several: CS_ERR_ARGUMENT, which names them, as for a part that
 * is none of them.
 *
 * Of what an encryption holds that does not show changes (CBC), and no
 * signature inside of it covers, parts that make a mail program fetch things
 * (HTML, SVG, XML, external bodies) are held back: text that says so stands in
 * their place.
 *
 * Other errors: I/O; for the mail's own line what the agent answers
 * (cancelled, no agent); CS_ERR_NOT_MESSAGE; CS_ERR_MULTIPLE for an mbox with
 * several messages.
 */
int CS_MUST_USE smime_read_message(struct input *in, enum input_form form,
    const struct smime_message_params *params, struct output *out,
    struct verdict *v, struct err *e);

#endif
