/*
 * lookup_int.h: what the parts of lookup.c share.
 */
#ifndef CLIENT_API_LOOKUP_INT_H
#define CLIENT_API_LOOKUP_INT_H

#include "client/api/job.h"
#include "client/fetch/fetch.h"
#include "client/pkix/smimea.h"

#define LOOKUP_RECORDS_MAX 64

struct lookup {
	struct cardseal_job *job;
	const struct job_trust *trust;
	struct job_config config;
	struct fetch *fetch;
	int64_t until_ms; /* 0: nothing was asked yet */
	/* Directories that did not answer in time: not asked again, or each
	 * further address would wait for them, and leave less to the others. */
	bool is_silent[LOOKUP_LDAP_MAX];
	/* of the address that is looked up */
	struct cert_set *certs; /* all that came */
	struct buf answer;	/* of the DNS; the records borrow from it */
	struct smimea records[LOOKUP_RECORDS_MAX];
	size_t records_len;
	struct err miss; /* why there is nothing; the first counts */
};

/* Notes that something has not come. */
int CS_MUST_USE lookup_miss(struct lookup *l, const struct err *e);

/*
 * --- lookup_judge.c ---
 *
 * As lookup_find, of what has come: adds the newest that is good. Heaps of
 * certificates that were made to be looked at for long are given up, and then
 * why says so.
 */
int CS_MUST_USE lookup_choose(struct lookup *l, struct bytes address,
    struct cert_set *recipients, bool *is_found, struct err *why);

#endif
