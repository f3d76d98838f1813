#include "client/pkix/urls.h"

#include "client/pkix/crl_int.h"
#include "client/pkix/general_name.h"

/* Counts down to the wanted one. */
struct url_search {
	size_t left;
	struct bytes found;
};

static void
search_name(struct url_search *s, struct der *d)
{
	struct general_name name;

	der_get_general_name(d, &name);
	if (der_check(d) != 0 || name.type != GN_URI || s->found.len != 0)
		return;
	if (s->left-- == 0)
		s->found = name.value;
}

static void
search_access(struct url_search *s, struct bytes value, enum oid method)
{
	struct der d, list, one;

	der_init(&d, value);
	list = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&list) && s->found.len == 0) {
		one = der_enter(&list, DER_SEQUENCE);
		if (der_get_known_oid(&one, NULL) == method)
			search_name(s, &one);
	}
}

static void
search_points(struct url_search *s, struct bytes value)
{
	struct der d, list, names;
	struct dist_point dp;

	der_init(&d, value);
	list = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&list) && s->found.len == 0) {
		der_get_dist_point(&list, &dp);
		der_init(&names, dp.name.full);
		while (der_has_more(&names) && s->found.len == 0)
			search_name(s, &names);
	}
}

/* Where each kind stands, and under which access method; OID_UNKNOWN: in a
 * distribution point. */
static const struct {
	enum oid extension, method;
} places[] = {
    [CERT_URL_OCSP] = {OID_PE_AUTHORITY_INFO_ACCESS, OID_AD_OCSP},
    [CERT_URL_ISSUERS] = {OID_PE_AUTHORITY_INFO_ACCESS, OID_AD_CA_ISSUERS},
    [CERT_URL_CRL] = {OID_CE_CRL_DISTRIBUTION_POINTS, OID_UNKNOWN},
    [CERT_URL_DELTA_CRL] = {OID_CE_FRESHEST_CRL, OID_UNKNOWN},
    [CERT_URL_ISSUED] = {OID_PE_SUBJECT_INFO_ACCESS, OID_AD_CA_REPOSITORY},
};

struct bytes
cert_get_url(const struct cert *c, enum cert_url kind, size_t i)
{
	struct url_search s = {.left = i};
	const struct cert_extension *ext =
	    cert_find_extension(c, places[kind].extension);

	if (ext == NULL || i >= CERT_URLS_MAX)
		return BYTES_NONE;
	if (places[kind].method == OID_UNKNOWN)
		search_points(&s, ext->value);
	else
		search_access(&s, ext->value, places[kind].method);
	return s.found;
}
