#include "token/uri.h"

#include <stdlib.h>
#include <string.h>

#include <p11-kit/uri.h>

#include "token/proto.h"

static int
uri_format(struct buf *b, P11KitUri *uri, P11KitUriType type)
{
	char *text = NULL;

	if (p11_kit_uri_format(uri, type, &text) != P11_KIT_URI_OK)
		return -CS_ERR_NO_MEMORY;
	buf_add_str(b, text);
	free(text);
	return b->err;
}

int
uri_put_token(
    struct buf *b, const CK_TOKEN_INFO *info, const unsigned char *reader)
{
	P11KitUri *uri = p11_kit_uri_new();
	int r, type = P11_KIT_URI_FOR_TOKEN;

	if (uri == NULL)
		return -CS_ERR_NO_MEMORY;
	*p11_kit_uri_get_token_info(uri) = *info;
	if (reader != NULL) {
		memcpy(p11_kit_uri_get_slot_info(uri)->slotDescription, reader,
		    64);
		type |= P11_KIT_URI_FOR_SLOT;
	}
	r = uri_format(b, uri, (P11KitUriType)type);
	p11_kit_uri_free(uri);
	return r;
}

static int
uri_set(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, struct bytes value)
{
	CK_ATTRIBUTE attr = {type, (void *)value.p, value.len};

	return p11_kit_uri_set_attribute(uri, &attr) == P11_KIT_URI_OK
		   ? 0
		   : -CS_ERR_NO_MEMORY;
}

int
uri_put_key(struct buf *b, const CK_TOKEN_INFO *info, struct bytes id,
    struct bytes label)
{
	P11KitUri *uri = p11_kit_uri_new();
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	size_t start = b->len;
	int r;

	if (uri == NULL)
		return -CS_ERR_NO_MEMORY;
	*p11_kit_uri_get_token_info(uri) = *info;
	r = uri_set(uri, CKA_CLASS, bytes_of(&class, sizeof(class)));
	if (r == 0 && id.len != 0)
		r = uri_set(uri, CKA_ID, id);
	if (r == 0 && label.len != 0)
		r = uri_set(uri, CKA_LABEL, label);
	if (r == 0)
		r = uri_format(b, uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
	p11_kit_uri_free(uri);
	if (r != 0 || b->len - start <= TOK_TEXT_MAX)
		return r;
	b->len = start;
	if (label.len != 0)
		return uri_put_key(b, info, id, BYTES_NONE);
	return id.len != 0 ? uri_put_key(b, info, BYTES_NONE, BYTES_NONE)
			   : -CS_ERR_TOO_LARGE;
}
