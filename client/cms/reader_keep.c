/* What of a SignedData is kept beside what is judged: its parts. */
#include "client/cms/reader_int.h"

int
reader_keep(struct cms_reader *r, enum reader_item item, struct bytes element)
{
	struct cms_parts *parts = r->params.parts;

	if (parts == NULL)
		return 0;
	if (item == ITEM_CRL)
		return elements_add(&parts->crls, element, CMS_CRLS_MAX,
		    CMS_CRLS_LEN_MAX, "CRLs", &r->err);
	return elements_add(&parts->certificates, element, CMS_CERTIFICATES_MAX,
	    CMS_CERTIFICATES_LEN_MAX, "certificates", &r->err);
}

int
reader_keep_rest(struct cms_reader *r)
{
	struct cms_parts *parts = r->params.parts;
	int code = 0;
	size_t i;

	if (parts == NULL)
		return 0;
	for (i = 0; code == 0 && i < r->signers.len; i++)
		code = elements_add(&parts->signers,
		    buf_get(&r->signers.items[i]), CMS_SIGNERS_MAX,
		    CMS_SIGNERS_LEN_MAX, "signers", &r->err);
	if (code == 0 &&
	    buf_add_bytes(&parts->content_type, buf_get(&r->content_type)) != 0)
		code = err_set(&r->err, parts->content_type.err, NULL);
	parts->has_content = r->has_content;
	parts->content_len = r->content_len;
	parts->digest = r->digest;
	r->digest = NULL;
	return code;
}
