/*
 * certs.h: what judging a certificate found, and how it is told.
 */
#ifndef CLIENT_API_CERTS_H
#define CLIENT_API_CERTS_H

#include "client/api/job.h"

struct cardseal_path {
	struct path_result result;
	bool is_translated;		 /* its texts are */
	struct cert_set *certs;		 /* of the file, the one judged first */
	enum path_revocation revocation; /* what was asked for */
	int64_t time;
	struct buf text;
	struct buf json;
};

/* JSON, one line: doc/path.schema.json. */
int CS_MUST_USE path_to_json(const struct cardseal_path *path, struct buf *b);
/* Lines for a person. */
int CS_MUST_USE path_to_text(
    const struct cardseal_path *path, bool is_verbose, struct buf *b);

#endif
