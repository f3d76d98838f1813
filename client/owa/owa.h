/*
 * owa.h: the native-messaging host of Outlook on the web: internal to this
 * folder.
 *
 * Microsoft's S/MIME extension of Chrome, Chromium and Edge starts the host and
 * speaks JSON with it, in frames (frame.c). There is no specification: what is
 * here is what the extension was seen to send and to take by hosts of others,
 * and stands in doc/clients.md.
 *
 * A request is a JSON text that comes in parts, each acknowledged; its result,
 * likewise, is fetched in parts (talk.c). The requests (request.c): what the
 * host is, which certificate signs, open a message for showing (show.c,
 * parts.c), and make one (compose.c, make.c). A request that cannot be done is
 * answered by an error, and never ends the host.
 *
 * Everything is in memory, since JSON is: a message of OWA_REQUEST_MAX octets
 * takes several times as much.
 */
#ifndef CLIENT_OWA_OWA_H
#define CLIENT_OWA_OWA_H

#include <jansson.h>

#include "asn1/buf.h"
#include "client/cardseal.h"

#define OWA_PROGRAM "cardseal-owa"
#define OWA_CLAIM "Outlook on the web" /* to the agent */
/* One frame from the browser; a part of 100,000 characters has less. */
#define OWA_FRAME_MAX ((size_t)4 << 20)
/* One request, and what is in it; mailboxes take less. */
#define OWA_REQUEST_MAX ((size_t)96 << 20)
#define OWA_PART_MAX 100000 /* characters of a result in one frame */
#define OWA_REQUESTS_MAX 16 /* whose results were not fetched yet */
#define OWA_NAMESPACE ":#Microsoft.Exchange.Clients.BrowserExtension.Smime"

/* Of Microsoft's extension, in the stores of Chrome and Edge. */
#define OWA_ORIGIN_CHROME "chrome-extension://maafgiompdekodanheihhgilkjchcakm/"
#define OWA_ORIGIN_EDGE "chrome-extension://gamjhjfeblghkihfjdpmbpajhlpmobbp/"

/* --- frame.c: 32 bits of length as the machine has them, and UTF-8 --- */

/* Reads one into frame, which is emptied first. Returns 1; 0: the browser
 * closed its end between two; CS_ERR_TOO_LARGE; CS_ERR_CLOSED: in the middle of
 * one; CS_ERR_IO, CS_ERR_NO_MEMORY. */
int CS_MUST_USE owa_frame_read(int fd, struct buf *frame, struct err *e);
/* Writes value as one. CS_ERR_CLOSED, CS_ERR_IO, CS_ERR_NO_MEMORY. */
int CS_MUST_USE owa_frame_write(int fd, const json_t *value, struct err *e);

/* --- talk.c --- */

struct owa_talk;
/* NULL: no memory. */
struct owa_talk *owa_talk_new(void);
void owa_talk_free(struct owa_talk *t);
/*
 * Does what a frame asks. The answer, for the caller to give back; NULL: it is
 * no message that has one.
 */
json_t *owa_talk_answer(struct owa_talk *t, struct bytes frame);

/* --- request.c --- */

/* Does a whole request. Its result as JSON in ASCII, for the caller to free;
 * NULL: no memory. */
char *owa_request_do(struct bytes request);
/* The member's text; NULL: it is not there, or no text. Borrowed. */
const char *owa_get_text(const json_t *object, const char *name);
/* Keeps in e why the job's last operation failed; returns code. */
int owa_keep_error(const struct cardseal_job *job, int code, struct err *e);
/* A job with the options all have. NULL: no memory. */
struct cardseal_job *owa_new_job(const char *purpose);
/* A PEM certificate's base64, without lines, appended. */
void owa_put_certificate(struct buf *b, const char *pem);

/* --- show.c --- */

/* The message in params' "Smime", opened and judged, as Exchange has messages.
 * CS_ERR_ARGUMENT; what cardseal_read returns, where it lets nothing out. */
int CS_MUST_USE owa_show(const json_t *params, json_t **data, struct err *e);

/* --- compose.c --- */

/*
 * Writes the mail that message, an Exchange message, is. purpose gets a line
 * for the agent's question. CS_ERR_ARGUMENT: it is none that can be sent, or
 * text in it would break out of its header field.
 */
int CS_MUST_USE owa_compose(
    const json_t *message, struct buf *mail, struct err *e);

/* --- make.c --- */

/* The certificate for signatures, in base64. CS_ERR_NO_KEY. */
int CS_MUST_USE owa_get_certificate(json_t **data, struct err *e);
/* The message in params' "EmailMessage", signed and encrypted as params say.
 * CS_ERR_ARGUMENT; what cardseal_sign and cardseal_encrypt return. */
int CS_MUST_USE owa_make(const json_t *params, json_t **data, struct err *e);

#endif
