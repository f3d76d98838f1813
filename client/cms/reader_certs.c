/* The certificates, lists and OCSP answers that come with a message. */
#include "client/cms/reader_int.h"
#include "client/pkix/path_cache.h"

/* Is it to be kept? Lists may be large, and nobody has to have them. */
bool
reader_wants_crl(struct cms_reader *r, const struct ber_header *h)
{
	if (r->params.parts != NULL)
		return true;
	if (r->verdict == NULL || r->params.trust == NULL ||
	    h->len > CMS_ELEMENT_MAX - h->header_len ||
	    h->len > CMS_CRLS_LEN_MAX - r->crls_len ||
	    r->crls_count == CMS_CRLS_MAX)
		return false;
	r->crls_len += (size_t)h->len;
	r->crls_count++;
	return true;
}

/* Certificates are for whoever judges the message or keeps its parts. */
bool
reader_wants_certificate(const struct cms_reader *r)
{
	return r->verdict != NULL || r->params.parts != NULL;
}

static int
reader_add_certificate(
    struct cms_reader *r, struct bytes element, struct err *e)
{
	const struct cms_trust *trust = r->params.trust;
	struct cert *c;
	int code = path_cache_decode(
	    trust != NULL ? trust->path.cache : NULL, element, &c, e);

	if (code != 0)
		return code;
	code = cert_set_add(r->certificates, c);
	cert_free(c);
	return code != 0 ? err_set(e, code, NULL) : 0;
}

/* A broken certificate is somebody's, and not a broken message. */
int
reader_take_certificate(struct cms_reader *r, struct bytes element)
{
	struct err e = ERR_INIT;
	int code;

	if (++r->certificates_count > CMS_CERTIFICATES_MAX ||
	    element.len > CMS_CERTIFICATES_LEN_MAX - r->certificates_len)
		return err_set(&r->err, -CS_ERR_TOO_LARGE,
		    "the message has more than %d certificates, or they are "
		    "larger than %zu KiB together",
		    CMS_CERTIFICATES_MAX, CMS_CERTIFICATES_LEN_MAX / 1024);
	r->certificates_len += element.len;
	code = reader_keep(r, ITEM_CERTIFICATE, element);
	if (code != 0)
		return code;
	if (element.p[0] != DER_SEQUENCE)
		return 0; /* an attribute certificate, or another choice */
	code = reader_add_certificate(r, element, &e);
	if (code == 0 || r->verdict == NULL)
		return code == -CS_ERR_NO_MEMORY ? err_set(&r->err, code, NULL)
						 : 0;
	if (err_class(code) != ERR_CLASS_FORMAT)
		return err_set(&r->err, code, "%s", err_get_text(&e));
	return verdict_warn(r->verdict,
	    "certificate %zu in the message cannot be used: %s",
	    r->certificates_count, err_get_text(&e));
}

/* OtherRevocationInfoFormat with id-ri-ocsp-response (RFC 5940 2.1). */
static int
reader_take_ocsp(struct cms_reader *r, struct bytes element)
{
	struct der d, in;
	struct bytes answer;
	enum oid format;
	int code;

	der_init(&d, element);
	in = der_enter(&d, DER_CONTEXT_C(1));
	format = der_get_known_oid(&in, NULL);
	answer = der_get_raw(&in, DER_SEQUENCE);
	if (der_end(&in) != 0 || format != OID_RI_OCSP_RESPONSE)
		return 0;
	if (r->ocsps == NULL)
		r->ocsps = ocsp_set_new();
	if (r->ocsps == NULL)
		return err_set(&r->err, -CS_ERR_NO_MEMORY, NULL);
	code = ocsp_set_add_der(r->ocsps, answer, BYTES_NONE, NULL);
	return code == -CS_ERR_NO_MEMORY ? err_set(&r->err, code, NULL) : 0;
}

/* A list only helps; one that is broken, or of another kind, does not count. */
int
reader_take_crl(struct cms_reader *r, struct bytes element)
{
	int code = reader_keep(r, ITEM_CRL, element);

	if (code == 0 && element.p[0] == DER_CONTEXT_C(1))
		return reader_take_ocsp(r, element);
	if (code != 0 || element.p[0] != DER_SEQUENCE)
		return code;
	if (r->crls == NULL)
		r->crls = crl_set_new();
	if (r->crls == NULL)
		return err_set(&r->err, -CS_ERR_NO_MEMORY, NULL);
	code = crl_set_add_der(r->crls, element, NULL);
	return code == -CS_ERR_NO_MEMORY ? err_set(&r->err, code, NULL) : 0;
}
