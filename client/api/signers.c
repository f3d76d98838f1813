/* Who signed: of messages made and of messages judged. */
#include <stdlib.h>

#include "asn1/pem.h"
#include "client/api/job.h"
#include "client/cms/signed.h"

void
signers_clear(struct signers *s)
{
	free(s->items);
	strings_clear(&s->texts);
	*s = (struct signers){0};
}

/* One more, with what its certificate (may be NULL) tells. NULL: no memory. */
static struct cardseal_signer *
signers_add(struct signers *s, const struct cert *cert)
{
	struct cardseal_signer *items, *item;
	struct buf pem = {0};
	char type[64];

	items = realloc(s->items, (s->len + 1) * sizeof(*items));
	if (items == NULL)
		return NULL;
	s->items = items;
	item = &items[s->len++];
	*item = (struct cardseal_signer){
	    .certificate_sha256 = "",
	    .certificate_sha1 = "",
	    .subject = "",
	    .addresses = "",
	    .key_type = "",
	    .digest = "",
	    .pem = "",
	    .text = "",
	};
	if (cert == NULL)
		return item;
	item->certificate_sha256 = strings_keep_hex(
	    &s->texts, bytes_of(cert_get_sha256(cert), CERT_FINGERPRINT_LEN));
	item->certificate_sha1 = strings_keep_sha1(&s->texts, cert);
	item->subject = strings_keep_name(&s->texts, cert_get_subject(cert));
	item->addresses = strings_keep_addresses(&s->texts, cert);
	spki_describe(type, sizeof(type), cert_get_spki(cert));
	item->key_type = strings_keep(&s->texts, bytes_of_str(type));
	item->not_after = cert_get_not_after(cert);
	pem_write(&pem, "CERTIFICATE", cert_get_raw(cert));
	item->pem = strings_keep(&s->texts, buf_get(&pem));
	buf_clear(&pem);
	return item;
}

int
signers_add_made(struct signers *s, const struct cert *cert, enum alg digest,
    int64_t signing_time)
{
	struct cardseal_signer *item = signers_add(s, cert);

	if (item == NULL)
		return -CS_ERR_NO_MEMORY;
	item->digest = alg_name(digest);
	item->signing_time = signing_time;
	return 0;
}

static int
signers_add_judged(struct signers *s, const struct verdict_signer *judged)
{
	struct cardseal_signer *item = signers_add(s, judged->cert);
	const struct finding *fault;

	if (item == NULL)
		return -CS_ERR_NO_MEMORY;
	item->digest =
	    judged->digest_alg != ALG_NONE
		? alg_name(judged->digest_alg)
		: strings_keep(&s->texts, bytes_of_str(judged->digest_name));
	item->signing_time =
	    judged->has_signing_time ? judged->signing_time : 0;
	fault = verdict_signer_fault(judged, &item->code);
	if (fault == &judged->integrity)
		item->integrity = item->code;
	if (fault != NULL)
		item->text = strings_keep(&s->texts, bytes_of_str(fault->text));
	return 0;
}

const struct cardseal_signer *
cardseal_job_get_signer(const struct cardseal_job *job, size_t i)
{
	return i < job->signers.len ? &job->signers.items[i] : NULL;
}

const struct cardseal_signer *
cardseal_verdict_get_signer(struct cardseal_verdict *wrap, size_t i)
{
	const struct verdict *v = wrap->verdict;
	struct signers *s = &wrap->signers;
	size_t k, n;

	for (k = 0; !s->is_filled && k < v->layers_len; k++)
		for (n = 0; n < v->layers[k].signers_len; n++)
			if (signers_add_judged(s, &v->layers[k].signers[n]) !=
			    0)
				return NULL;
	s->is_filled = true;
	return i < s->len ? &s->items[i] : NULL;
}

/* The signers' certificates and the paths that were found, signers first. */
static int
collect_certificates(const struct verdict *v, struct cert_set *set)
{
	const struct verdict_signer *signer;
	size_t i, k;
	int r = 0;

	for (i = 0; i < v->layers_len; i++)
		for (k = 0; r == 0 && k < v->layers[i].signers_len; k++) {
			signer = &v->layers[i].signers[k];
			if (signer->cert != NULL)
				r = cert_set_add(set, signer->cert);
			if (r == 0 && signer->path != NULL)
				r = cert_set_add_all(set, signer->path);
		}
	return r;
}

static int
write_certificates(void *ctx, struct sink *out, struct err *e)
{
	return cms_write_certs_only(ctx, out, e);
}

int
cardseal_verdict_write_certificates(struct cardseal_job *job,
    const struct cardseal_verdict *wrap, struct cardseal_output *out)
{
	struct cert_set *set = cert_set_new();
	int r;

	job_start(job);
	r = set != NULL ? collect_certificates(wrap->verdict, set)
			: -CS_ERR_NO_MEMORY;
	if (r == 0 && cert_set_get_len(set) == 0)
		r = err_set(&job->err, -CS_ERR_NO_SIGNER_CERT,
		    "no signer's certificate is in the message");
	if (r == 0)
		r = job_write_armored(
		    job, false, out->out, write_certificates, set);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	cert_set_free(set);
	return job_end(job, r);
}
