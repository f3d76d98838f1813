#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn1/pem.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/file.h"

#define REASON_HOLD 6
#define DATE_LEN 10 /* of RFC 3339 text */

struct crl_set {
	struct crl **crls;
	size_t len, cap;
};

struct crl_set *
crl_set_new(void)
{
	return calloc(1, sizeof(struct crl_set));
}

void
crl_set_free(struct crl_set *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->len; i++)
		crl_free(s->crls[i]);
	free(s->crls);
	free(s);
}

size_t
crl_set_get_len(const struct crl_set *s)
{
	return s != NULL ? s->len : 0;
}

static int
set_reserve(struct crl_set *s, struct err *e)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 8;
	struct crl **crls;

	if (s->len < s->cap)
		return 0;
	if (s->len >= CRL_SET_MAX)
		return err_set(
		    e, -CS_ERR_TOO_LARGE, "more than %d CRLs", CRL_SET_MAX);
	crls = realloc(s->crls, cap * sizeof(struct crl *));
	if (crls == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->crls = crls;
	s->cap = cap;
	return 0;
}

/* Adds every list of the source, which must end with the last one. */
static int
set_add_source(struct crl_set *s, struct crl_source *source, struct err *e)
{
	uint64_t at = 0;
	struct crl *crl;
	int r = 0;

	if (source == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	do {
		r = set_reserve(s, e);
		if (r == 0)
			r = crl_new(source, at, &crl, &at, e);
		if (r == 0)
			s->crls[s->len++] = crl;
	} while (r == 0 && at < source->len);
	crl_source_free(source);
	return r;
}

int
crl_set_add_der(struct crl_set *s, struct bytes der, struct err *e)
{
	if (der.len > CRL_LEN_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "CRL: larger than %zu bytes", CRL_LEN_MAX);
	return set_add_source(s, crl_source_new_copy(der), e);
}

struct pem_load {
	struct crl_set *set;
	struct err *e;
};

static int
add_pem_object(void *ctx, const char *label, struct bytes der)
{
	struct pem_load *load = ctx;

	(void)label;
	return crl_set_add_der(load->set, der, load->e);
}

/* A regular file that starts like DER is left where it is. */
static bool
is_der_file(int fd, uint64_t *len)
{
	struct stat st;
	uint8_t first;

	*len = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, &first, 1, 0) != 1 || first != DER_SEQUENCE)
		return false;
	*len = (uint64_t)st.st_size;
	return true;
}

static int
set_add_stream(struct crl_set *s, int fd, const char *path, struct err *e)
{
	struct buf text = {.max = CRL_LEN_MAX + 1};
	struct pem_load load = {s, e};
	int r = pkix_fd_read(&text, fd, path, e);

	if (r == 0 && pem_is_pem(buf_get(&text)))
		r = pem_walk(
		    buf_get(&text), "X509 CRL", add_pem_object, &load, e);
	else if (r == 0)
		r = crl_set_add_der(s, buf_get(&text), e);
	buf_clear(&text);
	return r;
}

int
crl_set_add_file(struct crl_set *s, const char *path, struct err *e)
{
	uint64_t len;
	int fd, r;

	r = pkix_file_open(path, &fd, e);
	if (r != 0)
		return r;
	if (is_der_file(fd, &len)) {
		r = set_add_source(s, crl_source_new_fd(fd, len), e);
	} else {
		r = set_add_stream(s, fd, path, e);
		close(fd);
	}
	if (r != 0 && r != -CS_ERR_IO)
		pkix_file_context(e, path);
	return r;
}

/* What one set of lists says about one certificate. */
struct crl_query {
	const struct cert *cert, *issuer;
	int64_t time;
	bool is_legacy;
	struct crl_answer *answer;
	bool has_usable;
	int64_t newest;	     /* thisUpdate of the usable lists */
	bool is_newest_hold; /* the newest lists the certificate as on hold */
	int64_t hold_at;
};

static const char *
reason_name(int reason)
{
	static const char *const names[] = {"unspecified", "keyCompromise",
	    "cACompromise", "affiliationChanged", "superseded",
	    "cessationOfOperation", "certificateHold", "7", "removeFromCRL",
	    "privilegeWithdrawn", "aACompromise"};

	return reason >= 0 && (size_t)reason < sizeof(names) / sizeof(*names)
		   ? names[reason]
		   : "unspecified";
}

static void
say_revoked(struct crl_answer *a, int64_t at, int reason)
{
	char date[TIME_TEXT_MAX];

	a->status = CRL_REVOKED;
	a->revoked_at = at;
	a->reason = reason;
	snprintf(a->text, sizeof(a->text), "%s since %.*s%s%s%s",
	    reason == REASON_HOLD ? "on hold" : "revoked", DATE_LEN,
	    time_format(date, at), reason != 0 ? " (" : "",
	    reason != 0 ? reason_name(reason) : "", reason != 0 ? ")" : "");
}

/* Keeps the first cause, until something better is known. */
static void
say_unknown(struct crl_answer *a, const char *text)
{
	if (a->status == CRL_UNKNOWN && a->text[0] == '\0')
		snprintf(a->text, sizeof(a->text), "%s", text);
}

static void
say_unusable(struct crl_answer *a, const struct crl *crl)
{
	char date[TIME_TEXT_MAX], text[CRL_TEXT_MAX];

	snprintf(text, sizeof(text), "the CRL of %.*s cannot be used: %.140s",
	    DATE_LEN, time_format(date, crl->this_update), crl->unusable);
	say_unknown(a, text);
}

/* May the list be believed at all? Says why not. */
static bool
query_admits(struct crl_query *q, struct crl *crl)
{
	bool has;
	int r;

	if ((cert_get_key_usage(q->issuer, &has) & KU_CRL_SIGN) == 0) {
		say_unknown(q->answer, "the CA may not sign CRLs");
		return false;
	}
	if (crl_load(crl) != 0) {
		say_unknown(q->answer, err_text(-CS_ERR_NO_MEMORY));
		return false;
	}
	r = crl_verify(crl, q->issuer, q->is_legacy);
	if (r == -CS_ERR_WEAK)
		say_unknown(
		    q->answer, "the CRL is signed with a weak algorithm");
	else if (r == -CS_ERR_ALGORITHM)
		say_unknown(q->answer,
		    "the CRL's signature algorithm is not supported");
	else if (r != 0)
		say_unknown(q->answer, "the CRL is not signed by the CA's key");
	else if (crl->unusable[0] != '\0')
		say_unusable(q->answer, crl);
	return r == 0 && crl->unusable[0] == '\0';
}

/* The list does not name the certificate. Does that make it good? */
static void
query_not_listed(struct crl_query *q, const struct crl *crl)
{
	struct crl_answer *a = q->answer;
	char date[TIME_TEXT_MAX], text[CRL_TEXT_MAX];

	if (!crl->has_next_update) {
		say_unknown(a, "the CRL does not say how long it is valid");
		return;
	}
	if (q->time >= crl->next_update) {
		snprintf(text, sizeof(text), "the CRL is stale since %.*s",
		    DATE_LEN, time_format(date, crl->next_update));
		say_unknown(a, text);
		return;
	}
	/* Lists drop certificates that have expired. */
	if (crl->this_update > cert_get_not_after(q->cert)) {
		say_unknown(
		    a, "the CRL was made after the certificate expired");
		return;
	}
	if (a->status == CRL_UNKNOWN) {
		a->status = CRL_GOOD;
		snprintf(a->text, sizeof(a->text),
		    "not revoked by the CRL of %.*s", DATE_LEN,
		    time_format(date, crl->this_update));
	}
}

static void
query_ask(struct crl_query *q, struct crl *crl)
{
	int64_t at;
	int reason, r;
	bool is_newest;

	if (!query_admits(q, crl))
		return;
	r = crl_find(crl, cert_get_serial(q->cert), &at, &reason);
	if (r < 0) {
		say_unusable(q->answer, crl);
		return;
	}
	is_newest = !q->has_usable || crl->this_update >= q->newest;
	q->has_usable = true;
	if (is_newest) {
		q->newest = crl->this_update;
		q->is_newest_hold = r == 1 && reason == REASON_HOLD;
		q->hold_at = at;
	}
	if (r == 1 && reason != REASON_HOLD)
		say_revoked(q->answer, at, reason);
	else if (r == 0 && q->answer->status != CRL_REVOKED)
		query_not_listed(q, crl);
}

void
crl_set_check(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    struct crl_answer *answer)
{
	struct crl_query q = {.cert = cert,
	    .issuer = issuer,
	    .time = time,
	    .is_legacy = is_legacy,
	    .answer = answer};
	size_t i;

	*answer = (struct crl_answer){.status = CRL_UNKNOWN};
	for (i = 0; i < crl_set_get_len(s); i++) {
		if (name_is_equal(s->crls[i]->issuer, cert_get_issuer(cert)))
			query_ask(&q, s->crls[i]);
	}
	if (q.is_newest_hold && answer->status != CRL_REVOKED)
		say_revoked(answer, q.hold_at, REASON_HOLD);
	say_unknown(answer, "no CRL of its CA is at hand");
}
