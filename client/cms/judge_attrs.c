/*
 * What the signer says of himself (RFC 8551 2.5), and what others say of his
 * signature: time stamps (RFC 3161) and countersignatures (RFC 5652 11.4).
 */
#include "config.h"

#include "client/cms/judge_int.h"
#include "client/cms/stamp.h"

/* What cannot be understood of these is no fault of the signature. */
int
judge_claims(struct judge *j)
{
	struct bytes attrs = j->info.signed_attrs, list;
	struct cert_id id;
	struct cert *c;
	bool has;

	if (!j->info.has_signed_attrs)
		return 0;
	if (attrs_get_capabilities(attrs, &list, NULL) == 0 &&
	    buf_add_bytes(&j->s->capabilities, list) != 0)
		return j->s->capabilities.err;
	if (attrs_get_encryption_preference(attrs, &id, &has, NULL) != 0 ||
	    !has)
		return 0;
	c = judge_find_named(j, &id);
	if (c != NULL)
		j->s->encryption_cert = cert_ref(c);
	return 0;
}

/* ETSI EN 319 122-1 6.3: what B-B asks for; B-T adds a time stamp. */
void
judge_profile(struct judge *j)
{
	if (!j->info.has_signed_attrs || !j->has_ess ||
	    !j->s->has_signing_time || j->is_counter ||
	    !cert_set_has(j->r->certificates, j->s->cert))
		return;
	j->s->profile = judge_get_stamp(j) != NULL ? "CAdES B-T" : "CAdES B-B";
}

const struct verdict_stamp *
judge_get_stamp(const struct judge *j)
{
	const struct verdict_stamp *stamp, *best = NULL;
	size_t i;

	for (i = 0; i < j->s->stamps_len; i++) {
		stamp = &j->s->stamps[i];
		if (stamp->finding.state == FINDING_GOOD &&
		    (best == NULL || stamp->time < best->time))
			best = stamp;
	}
	return best;
}

/* Walks all values of all unsigned attributes of a type. */
static int
judge_walk_unsigned(struct judge *j, enum oid type,
    int (*fn)(struct judge *j, struct bytes value))
{
	struct der d, values;
	struct attr attr;
	int tag, code = 0;

	der_init(&d, j->info.unsigned_attrs);
	while (code == 0 && attrs_next(&d, &attr)) {
		if (attr.type != type)
			continue;
		der_init(&values, attr.values);
		while (code == 0 && der_has_more(&values))
			code = fn(j, der_get_any(&values, &tag));
	}
	return code;
}

static int
judge_stamp(struct judge *j, struct bytes token)
{
	struct verdict_stamp *stamp;

	if (++j->work->stamps > READER_STAMPS_MAX)
		return 0;
	stamp = verdict_add_stamp(j->s);
	if (stamp == NULL)
		return -CS_ERR_NO_MEMORY;
	return stamp_judge(token, j->info.signature, j->r->params.trust, stamp);
}

int
judge_stamps(struct judge *j)
{
	/* stamps on stamps belong to archives */
	if (j->r->params.is_token)
		return 0;
	return judge_walk_unsigned(j, OID_TIME_STAMP_TOKEN, judge_stamp);
}

static int
judge_counter(struct judge *j, struct bytes raw)
{
	struct judge counter = {
	    .r = j->r,
	    .work = j->work,
	    .is_counter = true,
	    .countered = j->info.signature,
	    .depth = j->depth + 1,
	};

	counter.s = verdict_add_counter(j->s);
	if (counter.s == NULL)
		return -CS_ERR_NO_MEMORY;
	if (++j->work->counters <= READER_COUNTERS_MAX &&
	    counter.depth <= READER_COUNTER_DEPTH_MAX)
		return judge_signer_info(&counter, raw);
	finding_set(&counter.s->integrity, FINDING_UNKNOWN, -CS_ERR_TOO_LARGE,
	    "the message has too many countersignatures to judge them all");
	return 0;
}

int
judge_counters(struct judge *j)
{
	if (j->r->params.is_token)
		return 0;
	return judge_walk_unsigned(j, OID_COUNTER_SIGNATURE, judge_counter);
}
