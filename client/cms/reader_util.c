/* Small things of the reader. */
#include "client/cms/reader_int.h"

#include <stdlib.h>
#include <string.h>

int
elements_add(struct elements *list, struct bytes element, size_t max,
    size_t total_max, const char *what, struct err *e)
{
	struct buf *items, *item;

	if (list->len >= max || element.len > total_max - list->total_len)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "the message has more %s than %zu, or they are larger than "
		    "%zu KiB together",
		    what, max, total_max / 1024);
	items = reallocarray(list->items, list->len + 1, sizeof(*items));
	if (items == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	list->items = items;
	item = &items[list->len];
	buf_init(item, element.len);
	if (buf_add_bytes(item, element) != 0)
		return err_set(e, item->err, NULL);
	list->len++;
	list->total_len += element.len;
	return 0;
}

void
elements_clear(struct elements *list)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		buf_clear(&list->items[i]);
	free(list->items);
	*list = (struct elements){0};
}

bool
elements_has(const struct elements *list, struct bytes element)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		if (bytes_is_equal(buf_get(&list->items[i]), element))
			return true;
	return false;
}

void
cms_parts_clear(struct cms_parts *parts)
{
	buf_clear(&parts->content_type);
	elements_clear(&parts->digests);
	elements_clear(&parts->certificates);
	elements_clear(&parts->crls);
	elements_clear(&parts->signers);
	digest_free(parts->digest);
	*parts = (struct cms_parts){0};
}

int
reader_set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	return *field != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

char *
reader_describe_id(const struct cert_id *id)
{
	struct bytes number = id->serial;
	struct buf b = {0};
	char *text = NULL;

	if (cert_id_has_key_id(id)) {
		buf_add_str(&b, "key id ");
		number = id->key_id;
	} else {
		buf_add_str(&b, "issuer ");
		if (name_format(&b, id->issuer) != 0) {
			buf_reset(&b);
			buf_add_str(&b, "issuer ?");
		}
		buf_add_str(&b, ", serial ");
	}
	buf_add_hex(&b, number);
	if (b.err == 0)
		text = bytes_dup_str(buf_get(&b));
	buf_clear(&b);
	return text;
}

/* Needless leading zeroes do not make another number. */
static struct bytes
trim_serial(struct bytes serial)
{
	while (serial.len > 1 && serial.p[0] == 0 && serial.p[1] < 0x80) {
		serial.p++;
		serial.len--;
	}
	return serial;
}

bool
reader_is_id_of(const struct cert_id *id, const struct cert *c)
{
	uint8_t computed[20];

	if (!cert_id_has_key_id(id))
		return bytes_is_equal(trim_serial(id->serial),
			   trim_serial(cert_get_serial(c))) &&
		       name_is_equal(id->issuer, cert_get_issuer(c));
	if (bytes_is_equal(id->key_id, cert_get_key_id(c)))
		return true;
	spki_key_id(cert_get_spki(c), computed);
	return bytes_is_equal(id->key_id, bytes_of(computed, sizeof(computed)));
}

/* --- what one run learns for the next --- */

struct cms_memo *
cms_memo_new(void)
{
	return calloc(1, sizeof(struct cms_memo));
}

bool
cms_memo_want_digest(struct cms_memo *memo, enum alg alg)
{
	size_t i;

	for (i = 0; i < memo->digests_len; i++)
		if (memo->digests[i] == alg)
			return true;
	if (memo->digests_len == CMS_DIGESTS_MAX)
		return false;
	memo->digests[memo->digests_len++] = alg;
	return true;
}

void
cms_memo_free(struct cms_memo *memo)
{
	if (memo == NULL)
		return;
	secret_free(memo->key);
	buf_clear(&memo->auth_attrs);
	free(memo);
}

bool
cms_reader_has_signers(const struct cms_reader *r)
{
	return r->signers.len != 0;
}
