/*
 * release.h: the rule of what may go out when (design: nothing unauthenticated
 * is released without being called so).
 *
 * cms_read runs a source (the octets of one ContentInfo) through the reader.
 * Into a held output (output.h) the content is written as it comes, and the
 * caller commits or not by the verdict. Into any other, the source is run
 * twice: first judged, with a MAC kept per MiB of content, and then released
 * piece by piece, each only after its MAC was found the same; CS_ERR_CHANGED
 * otherwise. A source that nobody else can change (sink.h) needs no MAC.
 */
#ifndef CLIENT_CMS_RELEASE_H
#define CLIENT_CMS_RELEASE_H

#include "client/cms/output.h"
#include "client/cms/reader.h"

#define RELEASE_PIECE_LEN ((size_t)1 << 20)

/*
 * A guard remembers a stream on its first run and lets the second pass only
 * where it is the same. 16 octets of memory per MiB.
 */
struct guard;
struct guard *guard_new(void);
void guard_free(struct guard *g);
/* First run: give every byte, then guard_seal. */
struct sink *guard_get_learner(struct guard *g);
/* Any later run, from its start: passes on to out what was proven the same;
 * finish checks the end and does not finish out. Borrowed of g. */
struct sink *guard_get_checker(struct guard *g, struct sink *out);

/* Which verdicts let the content out. */
enum release_rule {
	RELEASE_NEVER, /* only judge: content is thrown away */
	RELEASE_GOOD,  /* verdict_lets_out */
};

/*
 * Returns 0 when the message could be read and judged (see the verdict;
 * content is in out unless the verdict forbids it), negative as
 * cms_reader_write else. Does not commit out. out NULL: only judge.
 */
int CS_MUST_USE cms_read(const struct cms_reader_params *params,
    struct source *cms, enum release_rule rule, struct output *out,
    struct verdict *verdict, struct err *e);

/*
 * What goes into the output in front of the content (a mail's header): write
 * sees the content's first RELEASE_FRONT_LEN octets, or all there are, and is
 * called once for each time that content is written.
 */
#define RELEASE_FRONT_LEN 1024
struct release_front {
	int (*write)(struct release_front *front, struct bytes first,
	    struct sink *out, struct err *e);
};
/* As cms_read by RELEASE_GOOD, with something in front. */
int CS_MUST_USE cms_read_behind(const struct cms_reader_params *params,
    struct source *cms, struct release_front *front, struct output *out,
    struct verdict *verdict, struct err *e);

#endif
