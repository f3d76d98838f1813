/*
 * lookup_judge.c: which of the certificates that were looked up is taken.
 *
 * Each is judged like any other certificate; and where the DNS, proved by
 * DNSSEC, says which certificates an address has, others are refused, whoever
 * has them.
 *
 * Directories, and domains about addresses of their own, can send as many
 * certificates as they like, made so that each takes long to be refused. So all
 * of one address together have a bound, and each is first judged with as little
 * as ordinary ones take: no heap of others then hides one that is good.
 */
#include <stdlib.h>
#include <time.h>

#include "asn1/say.h"
#include "client/api/lookup_int.h"

/* For all certificates of one address, as PATH_SIGNATURES_MAX and
 * PATH_WORK_MAX. */
#define JUDGE_SIGNATURES_MAX 4096U
#define JUDGE_WORK_MAX (1U << 21)

/* What one may take, first, and if that was too little. */
static const struct judge_round {
	unsigned signatures, work;
} rounds[] = {{8, 512}, {PATH_SIGNATURES_MAX, PATH_WORK_MAX}};
#define ROUNDS_LEN (sizeof(rounds) / sizeof(rounds[0]))

struct candidate {
	struct cert *cert;
	size_t at;    /* in the order in which they came */
	bool is_open; /* to be judged once more */
};

struct judge {
	struct lookup *l;
	const struct judge_round *round;
	unsigned signatures, work; /* what is left for all */
	/* RFC 6698 2.1.1, usage 2: what these records are about are anchors.
	 * NULL: there are none. */
	struct cert_set *anchors;
	struct path_result ours, domains; /* paths to our anchors, and those */
};

/* --- anchors --- */

/* Certificates that have come, or are known, and that a record is about. */
static int
add_matching(const struct smimea *record, const struct cert_set *from,
    struct cert_set *to)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < cert_set_get_len(from); i++)
		if (smimea_matches(record, cert_set_get(from, i)))
			r = cert_set_add(to, cert_set_get(from, i));
	return r;
}

static int
add_anchors(struct judge *j)
{
	const struct cert_set *ours = j->l->trust->trust.path.intermediates;
	const struct smimea *record = j->l->records;
	const struct smimea *end = record + j->l->records_len;
	int r = 0;

	for (; r == 0 && record < end; record++) {
		if (record->usage != SMIMEA_DANE_TA)
			continue;
		if (j->anchors == NULL)
			j->anchors = cert_set_new();
		r = j->anchors == NULL
			? -CS_ERR_NO_MEMORY
			: add_matching(record, j->l->certs, j->anchors);
		if (r == 0)
			r = add_matching(record, ours, j->anchors);
	}
	return r;
}

/* --- one certificate --- */

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* anchors: NULL: ours. */
static int
find_path(struct judge *j, struct cert *c, const struct cert_set *anchors,
    struct path_result *path)
{
	struct path_params params = j->l->trust->trust.path;
	int r;

	params.extra = j->l->certs;
	params.signatures_max = least(j->round->signatures, j->signatures);
	params.work_max = least(j->round->work, j->work);
	if (anchors != NULL) {
		params.anchors = anchors;
		params.anchor_index = NULL;
		params.cache = NULL; /* that is about the others */
	}
	/* 0 would be no bound */
	if (params.signatures_max == 0 || params.work_max == 0) {
		*path = (struct path_result){
		    .code = -CS_ERR_NO_PATH, .is_given_up = true};
		return path->code;
	}
	r = path_find(c, &params, path);
	j->signatures -= least(path->signatures, j->signatures);
	j->work -= least(path->work, j->work);
	return r;
}

/* Usages 0, 2: a CA on the path, whose anchor is its last certificate. */
static bool
is_on_path(const struct smimea *record, const struct path_result *path)
{
	size_t i;

	for (i = 1; i < cert_set_get_len(path->path); i++)
		if (smimea_matches(record, cert_set_get(path->path, i)))
			return true;
	return false;
}

/* The domain's word stands in for an anchor, and speaks against nothing else:
 * expired, revoked and broken paths count. */
static int
accept_by_domain(struct lookup *l, struct cert *c)
{
	struct buf name = {0};
	int r;

	cert_describe(c, &name);
	r = strings_printf(&l->job->warnings,
	    "no path leads from the certificate of %.*s to a trust anchor; it "
	    "is used because its domain vouches for it in the DNS",
	    (int)name.len, name.len != 0 ? (const char *)name.data : "");
	buf_clear(&name);
	return r;
}

/* Does one record speak for the certificate, whose paths are known? 0, or why
 * not in e. */
static int
judge_by_record(
    struct judge *j, const struct smimea *record, struct cert *c, struct err *e)
{
	const struct path_result *ours = &j->ours, *path = ours;

	if (smimea_is_about_leaf(record) && !smimea_matches(record, c))
		return err_set(e, -CS_ERR_UNTRUSTED,
		    "its domain says in the DNS that another one is the "
		    "address's");
	/* an anchor of ours did not have to come along */
	if (record->usage == SMIMEA_DANE_TA &&
	    (ours->code != 0 || !is_on_path(record, ours)))
		path = &j->domains;
	if ((record->usage == SMIMEA_DANE_TA && path->code == 0 &&
		ours->code != 0) ||
	    (record->usage == SMIMEA_DANE_EE && ours->code == -CS_ERR_NO_PATH))
		return accept_by_domain(j->l, c);
	if (path->code != 0)
		return err_set(e, path->code, "%s", path->text);
	if (record->usage == SMIMEA_PKIX_TA && !is_on_path(record, ours))
		return err_set(e, -CS_ERR_UNTRUSTED,
		    "its domain says in the DNS that another CA issues the "
		    "address's certificates");
	return 0;
}

static int
judge_by_records(struct judge *j, struct cert *c, struct err *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < j->l->records_len; i++) {
		err_clear(e);
		r = judge_by_record(j, &j->l->records[i], c, e);
		if (r == 0 || r == -CS_ERR_NO_MEMORY)
			break;
	}
	return r;
}

/* Can any record speak for it? Else no path has to be looked for. */
static bool
is_meant(const struct lookup *l, const struct cert *c)
{
	size_t i;

	for (i = 0; i < l->records_len; i++)
		if (!smimea_is_about_leaf(&l->records[i]) ||
		    smimea_matches(&l->records[i], c))
			return true;
	return l->records_len == 0;
}

static bool
is_last(const struct judge *j)
{
	return j->round == &rounds[ROUNDS_LEN - 1];
}

/* May it be encrypted to? 0, or why not in e. *is_open: that is not known yet.
 */
static int
judge(struct judge *j, struct cert *c, bool *is_open, struct err *e)
{
	int r = cert_may_encrypt(c, (int64_t)time(NULL), e);

	*is_open = false;
	if (r != 0)
		return r;
	if (!is_meant(j->l, c))
		return judge_by_records(j, c, e);
	r = find_path(j, c, NULL, &j->ours);
	if (r != -CS_ERR_NO_MEMORY && j->anchors != NULL)
		(void)!find_path(j, c, j->anchors, &j->domains);
	*is_open =
	    !is_last(j) && (j->ours.is_given_up || j->domains.is_given_up);
	if (j->ours.code == -CS_ERR_NO_MEMORY ||
	    j->domains.code == -CS_ERR_NO_MEMORY)
		r = -CS_ERR_NO_MEMORY;
	else if (*is_open)
		r = -CS_ERR_NO_PATH;
	else if (j->l->records_len != 0)
		r = judge_by_records(j, c, e);
	else if (r != 0)
		err_set(e, r, "%s", j->ours.text);
	path_result_clear(&j->ours);
	path_result_clear(&j->domains);
	return r;
}

/* --- all of them --- */

/* The newest first. */
static int
compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int64_t x = cert_get_not_before(a->cert),
		y = cert_get_not_before(b->cert);

	if (x != y)
		return x > y ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Those for the address; how many. NULL: no memory. */
static struct candidate *
sort_candidates(const struct lookup *l, struct bytes address, size_t *len)
{
	struct candidate *sorted =
	    calloc(cert_set_get_len(l->certs) + 1, sizeof(*sorted));
	struct cert *c;
	size_t i;

	*len = 0;
	for (i = 0; sorted != NULL && i < cert_set_get_len(l->certs); i++) {
		c = cert_set_get(l->certs, i);
		if (address_match_cert(c, address) == ADDRESS_MATCH)
			sorted[(*len)++] = (struct candidate){c, i, true};
	}
	if (sorted != NULL)
		qsort(sorted, *len, sizeof(*sorted), compare);
	return sorted;
}

static bool
is_spent(const struct judge *j)
{
	return j->signatures == 0 || j->work == 0;
}

/* One round; the first that is good ends it. */
static int
judge_round(struct judge *j, struct candidate *list, size_t len,
    struct bytes address, struct cert **found, struct err *why)
{
	struct err refused = ERR_INIT;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && *found == NULL && i < len; i++) {
		if (!list[i].is_open || is_spent(j))
			continue;
		err_clear(&refused);
		r = judge(j, list[i].cert, &list[i].is_open, &refused);
		if (r == 0)
			*found = list[i].cert;
		else if (r != -CS_ERR_NO_MEMORY)
			r = list[i].is_open
				? 0
				: job_note_refused(j->l->job, "looked-up",
				      address, &refused, why);
	}
	return r;
}

static int
judge_all(struct judge *j, struct candidate *list, size_t len,
    struct bytes address, struct cert **found, struct err *why)
{
	size_t i;
	int r = add_anchors(j);

	for (i = 0; r == 0 && *found == NULL && i < ROUNDS_LEN; i++) {
		j->round = &rounds[i];
		r = judge_round(j, list, len, address, found, why);
	}
	if (r == 0 && *found == NULL && is_spent(j))
		err_set(why, -CS_ERR_TOO_LARGE,
		    "what was looked up would take too long to be judged");
	return r;
}

/* What came is for nobody, or for somebody else. */
static int
miss_all(struct lookup *l)
{
	struct err e = ERR_INIT;

	if (cert_set_get_len(l->certs) != 0)
		err_set(&e, -CS_ERR_ADDRESS,
		    "what was looked up is for another address");
	else if (l->records_len != 0)
		err_set(&e, -CS_ERR_ADDRESS,
		    "the DNS tells of its certificate without having it");
	if (e.code == 0)
		return 0;
	/* It tells more than that somebody else had nothing. */
	err_clear(&l->miss);
	return lookup_miss(l, &e);
}

int
lookup_choose(struct lookup *l, struct bytes address,
    struct cert_set *recipients, bool *is_found, struct err *why)
{
	struct judge j = {
	    .l = l, .signatures = JUDGE_SIGNATURES_MAX, .work = JUDGE_WORK_MAX};
	struct cert *found = NULL;
	size_t len;
	struct candidate *list = sort_candidates(l, address, &len);
	int r = list != NULL ? 0 : -CS_ERR_NO_MEMORY;

	if (r == 0)
		r = len != 0 ? judge_all(&j, list, len, address, &found, why)
			     : miss_all(l);
	if (r == 0 && found != NULL)
		r = cert_set_add(recipients, found);
	*is_found = r == 0 && found != NULL;
	cert_set_free(j.anchors);
	free(list);
	return r;
}
