/* What reading a signature will need of its content, told beforehand. */
#include "asn1/signer_info.h"
#include "client/cms/reader_int.h"

static void
peek_add(enum alg *digests, int *n, enum alg alg)
{
	int i;

	for (i = 0; i < *n; i++)
		if (digests[i] == alg)
			return;
	if (alg != ALG_NONE && *n < CMS_DIGESTS_MAX)
		digests[(*n)++] = alg;
}

/* What this signer's check needs of the content. */
static void
peek_add_signer(enum alg *digests, int *n, const struct signer_info *info)
{
	enum alg digest = alg_id_get_digest(&info->digest_alg);
	struct sig_scheme scheme;

	if (!info->has_signed_attrs &&
	    sig_scheme_decode(&info->signature_alg, digest, &scheme, NULL) ==
		0 &&
	    sig_scheme_is_pure(&scheme))
		digest = DIGEST_CONTENT;
	peek_add(digests, n, digest);
}

int
cms_peek_digests(struct bytes cms, enum alg *digests, struct err *e)
{
	static const struct cms_reader_params none;
	struct signer_info info;
	struct cms_reader *r;
	size_t i;
	int code, n = 0;

	code = cms_reader_new(&none, NULL, NULL, &r, e);
	if (code == 0)
		code = cms_reader_write(r, cms, e);
	if (code == 0)
		code = cms_reader_finish(r, e);
	for (i = 0; code == 0 && i < r->signers.len; i++)
		if (signer_info_decode(
			buf_get(&r->signers.items[i]), &info, NULL) == 0)
			peek_add_signer(digests, &n, &info);
	if (code == 0 && n == 0)
		digests[n++] = ALG_SHA256;
	cms_reader_free(r);
	return code != 0 ? code : n;
}
