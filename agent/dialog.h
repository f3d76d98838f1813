/*
 * dialog.h: one dialogue with pinentry, in a process of its own that may
 * block and be killed, and the two messages it exchanges with the agent.
 * Messages go over a SOCK_SEQPACKET pair, one packet each, DER like all else.
 */
#ifndef AGENT_DIALOG_H
#define AGENT_DIALOG_H

#include "asn1/buf.h"

#define DIALOG_TEXT_MAX 1024
#define DIALOG_PIN_MAX 255
#define DIALOG_REQUEST_MAX ((size_t)16384)
#define DIALOG_ANSWER_MAX ((size_t)2048)

/* CONFIRM: "go on"; CONSENT: "allow". */
enum dialog_kind { DIALOG_PIN, DIALOG_CONFIRM, DIALOG_CONSENT };

/* Text fields: UTF-8, lines separated by \n; empty fields are not set. */
struct dialog_request {
	unsigned kind;
	unsigned timeout_s;
	struct bytes description;
	struct bytes prompt;
	struct bytes error;
	struct bytes display;
	struct bytes tty_name;
	struct bytes tty_type;
	struct bytes lc_ctype;
	struct bytes lc_messages;
	struct bytes xauthority;
	struct bytes ok, cancel; /* names of the buttons */
};

/* code: 0; -CS_ERR_CANCELLED also for "no" to a confirmation; TIMEOUT;
 * NO_PINENTRY with a text that says why. */
struct dialog_answer {
	int code;
	struct bytes pin; /* DIALOG_PIN: may be empty */
	struct bytes text;
};

int CS_MUST_USE dialog_request_encode(
    const struct dialog_request *request, struct buf *out);
int CS_MUST_USE dialog_request_decode(
    struct bytes in, struct dialog_request *request);
int CS_MUST_USE dialog_answer_encode(
    const struct dialog_answer *answer, struct buf *out);
int CS_MUST_USE dialog_answer_decode(
    struct bytes in, struct dialog_answer *answer);

/*
 * Holds the dialogue, sends the answer over fd and ends the process. program:
 * a path, or a name to look up in $PATH.
 */
_Noreturn void dialog_main(int fd, const char *program, struct bytes request);

#endif
