/*
 * legacy.h: Legacy Display elements (RFC 9788 2.1.2): header fields that are
 * not outside of an encryption, once more at the front of the text, for
 * programs that know nothing of header protection. A part that has one says
 * so by hp-legacy-display="1", and programs that know leave it out of what
 * they show: internal to this folder.
 */
#ifndef CLIENT_SMIME_LEGACY_H
#define CLIENT_SMIME_LEGACY_H

#include "client/cms/sink.h"
#include "client/cms/verdict_mail.h"
#include "client/smime/header.h"

/* In the class of the element that is HTML (RFC 9788 5.2.3). */
#define LEGACY_CLASS "header-protection-legacy-display"
/* Of what a reader leaves out; more than that is no element. */
#define LEGACY_TEXT_MAX ((size_t)32 << 10)

/* --- reading (legacy_check.c) --- */

/* Is it text/plain or text/html, and says that it has an element? */
bool legacy_is_marked(const struct media_type *mt);
/* Does a header section say so that programs read differently: is the type not
 * clear, or is the mark there twice? */
bool legacy_is_unclear(struct bytes section, const struct media_type *mt);

/*
 * The stage for the octets of a marked part, as they stand: finds in them what
 * readers leave out (4.5.3.2, 4.5.3.3), however they take HTML apart. What they
 * may decode to different texts differs from any header. Neither write nor
 * finish fails but for memory. NULL: no memory.
 */
struct sink *sink_new_legacy(
    const struct media_type *mt, enum transfer_encoding cte);
/*
 * After finish: LEGACY_ABSENT, and nothing is left out; LEGACY_DIFFERS: what
 * some reader leaves out cannot be header fields; LEGACY_MATCHES: those of
 * the lines in *text, which the caller frees, are still to be compared.
 */
int CS_MUST_USE legacy_get_found(
    struct sink *stage, enum part_legacy *found, char **text);

/* One digit of a reference to a character ("&#104;"); false: it is none. What
 * is no character any more stays above the last one. */
bool legacy_take_digit(unsigned *value, bool is_hex, uint8_t c);

/* --- legacy_judge.c --- */

/*
 * Judges the marked parts of v, whose text is set, by the header section that
 * is protected with them, and warns of those that differ. Only
 * CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE legacy_judge(struct verdict *v, struct bytes section);

#endif
