/*
 * transfer.h: quoted-printable (RFC 2045 6.7) as stages of the pipeline.
 * Base64's are in client/cms/sink.h.
 */
#ifndef CLIENT_SMIME_TRANSFER_H
#define CLIENT_SMIME_TRANSFER_H

#include "client/cms/sink.h"

enum qp_lines {
	QP_TEXT, /* CRLF and LF end lines */
	QP_DATA, /* CRLF does; a lone LF is data and stays one */
};

/*
 * Encodes, out to next: CRLF line ends, lines of at most 76. Also safe
 * against mail transport and mbox files: no line begins with "From " or "--",
 * none is "." alone. finish writes what is left and does not finish next.
 * NULL: no memory.
 */
struct sink *sink_new_qp_enc(struct sink *next, enum qp_lines lines);

/*
 * Decodes, as readers do: hard line ends become CRLF, white space before them
 * goes, and a "=" that begins no valid code stays as it is. finish writes
 * what is left and does not finish next.
 */
struct sink *sink_new_qp_dec(struct sink *next);

#endif
