/* What may stand where in a CMS message. */
#include "asn1/say.h"
#include "client/cms/reader_int.h"

#define FIELD_ENTER(name, tag, place)                                   \
	{                                                               \
		name, tag, 0, BER_ENTER, place, ITEM_NONE, false, false \
	}
#define FIELD_ENTER_OPT(name, tag, place)                              \
	{                                                              \
		name, tag, 0, BER_ENTER, place, ITEM_NONE, true, false \
	}
#define FIELD_CAPTURE(name, tag, item)                                   \
	{                                                                \
		name, tag, 0, BER_CAPTURE, PLACE_TOP, item, false, false \
	}
#define FIELD_EACH(name, tag, item)                                    \
	{                                                              \
		name, tag, 0, BER_CAPTURE, PLACE_TOP, item, true, true \
	}
#define FIELD_SKIP(name, tag)                                             \
	{                                                                 \
		name, tag, 0, BER_SKIP, PLACE_TOP, ITEM_NONE, true, false \
	}
#define FIELD_STRING(name, tag, action, item, is_optional)                   \
	{                                                                    \
		name, tag, (tag) | DER_CONSTRUCTED, action, PLACE_TOP, item, \
		    is_optional, false                                       \
	}

#define READER_FIELDS_MAX 10
/* RFC 5652 3, 5.1, 5.2, 6.1, 7, 8, 9.1; RFC 5083 2.1; RFC 3274 1.1 */
static const struct reader_field fields[][READER_FIELDS_MAX] = {
    [PLACE_TOP] = {FIELD_ENTER(
	"ContentInfo", DER_SEQUENCE, PLACE_CONTENT_INFO)},
    [PLACE_CONTENT_INFO] = {FIELD_CAPTURE("contentType", DER_OID, ITEM_TYPE),
	FIELD_ENTER("content", DER_CONTEXT_C(0), PLACE_CONTENT)},
    [PLACE_CONTENT] = {FIELD_ENTER("content", DER_SEQUENCE, PLACE_BY_TYPE)},
    [PLACE_SIGNED] = {FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	FIELD_ENTER("digestAlgorithms", DER_SET, PLACE_DIGESTS),
	FIELD_ENTER("encapContentInfo", DER_SEQUENCE, PLACE_ENCAP),
	FIELD_ENTER_OPT("certificates", DER_CONTEXT_C(0), PLACE_CERTIFICATES),
	FIELD_ENTER_OPT("crls", DER_CONTEXT_C(1), PLACE_CRLS),
	FIELD_ENTER("signerInfos", DER_SET, PLACE_SIGNERS)},
    [PLACE_DIGESTS] = {FIELD_EACH(
	"DigestAlgorithmIdentifier", DER_SEQUENCE, ITEM_DIGEST)},
    [PLACE_ENCAP] = {FIELD_CAPTURE("eContentType", DER_OID, ITEM_CONTENT_TYPE),
	FIELD_ENTER_OPT("eContent", DER_CONTEXT_C(0), PLACE_ECONTENT)},
    [PLACE_ECONTENT] = {FIELD_STRING(
	"eContent", DER_OCTET_STRING, BER_STREAM, ITEM_CONTENT, false)},
    [PLACE_CERTIFICATES] = {FIELD_EACH("certificate", -1, ITEM_CERTIFICATE)},
    [PLACE_CRLS] = {FIELD_EACH("RevocationInfoChoice", -1, ITEM_CRL)},
    [PLACE_SIGNERS] = {FIELD_EACH("SignerInfo", DER_SEQUENCE, ITEM_SIGNER)},
    [PLACE_ENVELOPED] = {FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	FIELD_SKIP("originatorInfo", DER_CONTEXT_C(0)),
	FIELD_ENTER("recipientInfos", DER_SET, PLACE_RECIPIENTS),
	FIELD_ENTER("encryptedContentInfo", DER_SEQUENCE, PLACE_ENCRYPTED),
	FIELD_SKIP("unprotectedAttrs", DER_CONTEXT_C(1))},
    [PLACE_AUTH_ENVELOPED] =
	{FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	    FIELD_SKIP("originatorInfo", DER_CONTEXT_C(0)),
	    FIELD_ENTER("recipientInfos", DER_SET, PLACE_RECIPIENTS),
	    FIELD_ENTER(
		"authEncryptedContentInfo", DER_SEQUENCE, PLACE_ENCRYPTED),
	    {"authAttrs", DER_CONTEXT_C(1), 0, BER_CAPTURE, PLACE_TOP,
		ITEM_AUTH_ATTRS, true, false},
	    FIELD_STRING("mac", DER_OCTET_STRING, BER_CAPTURE, ITEM_MAC, false),
	    FIELD_SKIP("unauthAttrs", DER_CONTEXT_C(2))},
    [PLACE_COMPRESSED] = {FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	FIELD_CAPTURE("compressionAlgorithm", DER_SEQUENCE, ITEM_COMPRESSION),
	FIELD_ENTER("encapContentInfo", DER_SEQUENCE, PLACE_ENCAP)},
    [PLACE_DIGESTED] = {FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	FIELD_CAPTURE("digestAlgorithm", DER_SEQUENCE, ITEM_DIGEST),
	FIELD_ENTER("encapContentInfo", DER_SEQUENCE, PLACE_ENCAP),
	FIELD_STRING("digest", DER_OCTET_STRING, BER_CAPTURE, ITEM_MAC, false)},
    [PLACE_ENCRYPTED_DATA] =
	{FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	    FIELD_ENTER("encryptedContentInfo", DER_SEQUENCE, PLACE_ENCRYPTED),
	    FIELD_SKIP("unprotectedAttrs", DER_CONTEXT_C(1))},
    [PLACE_AUTHENTICATED] =
	{FIELD_CAPTURE("version", DER_INTEGER, ITEM_VERSION),
	    FIELD_SKIP("originatorInfo", DER_CONTEXT_C(0)),
	    FIELD_ENTER("recipientInfos", DER_SET, PLACE_RECIPIENTS),
	    FIELD_CAPTURE("macAlgorithm", DER_SEQUENCE, ITEM_CIPHER),
	    {"digestAlgorithm", DER_CONTEXT_C(1), 0, BER_CAPTURE, PLACE_TOP,
		ITEM_AUTH_DIGEST, true, false},
	    FIELD_ENTER("encapContentInfo", DER_SEQUENCE, PLACE_ENCAP),
	    {"authAttrs", DER_CONTEXT_C(2), 0, BER_CAPTURE, PLACE_TOP,
		ITEM_AUTH_ATTRS, true, false},
	    FIELD_STRING("mac", DER_OCTET_STRING, BER_CAPTURE, ITEM_MAC, false),
	    FIELD_SKIP("unauthAttrs", DER_CONTEXT_C(3))},
    [PLACE_RECIPIENTS] = {FIELD_EACH("RecipientInfo", -1, ITEM_RECIPIENT)},
    [PLACE_ENCRYPTED] =
	{FIELD_CAPTURE("contentType", DER_OID, ITEM_CONTENT_TYPE),
	    FIELD_CAPTURE(
		"contentEncryptionAlgorithm", DER_SEQUENCE, ITEM_CIPHER),
	    FIELD_STRING("encryptedContent", DER_CONTEXT(0), BER_STREAM,
		ITEM_CIPHERTEXT, true)},
};

static int
reader_fail_field(struct cms_reader *r, const struct ber_header *h, int code,
    const char *what, const char *name)
{
	r->is_field_told = true;
	return err_set_at(&r->err, code, h->offset, "%s %s at byte %llu", name,
	    say(what), (unsigned long long)h->offset);
}

const struct reader_field *
reader_find_field(struct cms_reader *r, const struct ber_header *h)
{
	struct reader_level *level = &r->levels[h->depth];
	const struct reader_field *f;

	for (;; level->step++) {
		f = &fields[level->place][level->step];
		if (f->name == NULL) {
			reader_fail_field(r, h, -CS_ERR_ENCODING,
			    "stands where nothing is due", "a field");
			return NULL;
		}
		if (f->tag == -1 || f->tag == h->tag ||
		    (f->tag_other != 0 && f->tag_other == h->tag))
			break;
		if (!f->is_optional || f->is_repeated) {
			/* not even the outermost one: no message at all */
			reader_fail_field(r, h,
			    h->depth == 0 ? -CS_ERR_NOT_MESSAGE
					  : -CS_ERR_ENCODING,
			    "is missing or of another type", f->name);
			return NULL;
		}
	}
	if (!f->is_repeated)
		level->step++;
	r->field = f->name;
	return f;
}

int
reader_check_end(struct cms_reader *r, const struct ber_header *h)
{
	const struct reader_level *level = &r->levels[h->depth + 1];
	const struct reader_field *f = &fields[level->place][level->step];

	for (; f->name != NULL; f++)
		if (!f->is_optional)
			return reader_fail_field(
			    r, h, -CS_ERR_ENCODING, "is missing", f->name);
	return 0;
}
