/* pictures.c: what HTML shows of the mail's own parts. */
#include "client/owa/parts.h"

#include <string.h>

#include "asn1/base64.h"

#define SCHEME "cid:"

/* The part whose Content-ID stands at the front of text, the longest. */
static const struct owa_part *
find_part(const struct owa_parts *parts, struct bytes text)
{
	const struct owa_part *part, *found = NULL;
	size_t i, len, best = 0;

	for (i = 0; i < parts->len; i++) {
		part = &parts->items[i];
		len = part->content_id != NULL ? strlen(part->content_id) : 0;
		if (len > best && len <= text.len &&
		    bytes_is_equal(bytes_of(text.p, len),
			bytes_of_str(part->content_id))) {
			best = len;
			found = part;
		}
	}
	return found;
}

/* Nothing but pictures that are no programs. */
static bool
is_picture(const struct owa_part *part)
{
	static const char *const types[] = {"image/png", "image/jpeg",
	    "image/gif", "image/bmp", "image/webp", NULL};
	size_t i;

	for (i = 0; types[i] != NULL; i++)
		if (strcmp(part->type, types[i]) == 0)
			return true;
	return false;
}

int
owa_put_pictures(struct buf *out, const struct owa_parts *parts)
{
	struct bytes left = buf_get(&parts->body), after;
	const struct owa_part *part;
	const uint8_t *at;

	while (
	    parts->is_html && left.len > 0 &&
	    (at = memmem(left.p, left.len, SCHEME, strlen(SCHEME))) != NULL) {
		buf_add(out, left.p, (size_t)(at - left.p));
		bytes_skip(&left, (size_t)(at - left.p));
		after = left;
		bytes_skip(&after, strlen(SCHEME));
		part = find_part(parts, after);
		if (part != NULL && is_picture(part)) {
			buf_printf(out, "data:%s;base64,", part->type);
			base64_encode(out, buf_get(&part->content));
			bytes_skip(&after, strlen(part->content_id));
		} else {
			buf_add_str(out, SCHEME);
		}
		left = after;
	}
	return buf_add_bytes(out, left);
}
