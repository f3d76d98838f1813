/* protect_wrap.c: header protection as it was before RFC 9788: the whole
 * message as message/rfc822 inside of the signature (RFC 8551 3.1). */
#include "client/smime/protect.h"

/* The parameter of the section's Content-Type; false: there is none. */
static bool
get_param(struct bytes section, const char *name, struct buf *value)
{
	struct media_type mt;

	buf_reset(value);
	return header_get_media_type(section, &mt) &&
	       header_get_param(mt.params, name, value, NULL) == 1;
}

/* The only field of that name, without what is around it. */
static struct bytes
get_only(struct bytes section, const char *name)
{
	struct header_field f;
	struct bytes v;

	if (header_find(section, name, &f) != 1)
		return BYTES_NONE;
	v = f.value;
	while (v.len > 0 && header_is_space(v.p[0]))
		v = bytes_of(v.p + 1, v.len - 1);
	while (v.len > 0 && header_is_space(v.p[v.len - 1]))
		v.len--;
	return v;
}

bool
protect_is_wrapped(struct bytes outer, struct bytes payload,
    struct bytes enclosed, bool is_plain)
{
	struct buf value = {.max = PARAM_LEN_MAX};
	struct media_type mt;
	struct bytes id = get_only(outer, "Message-ID");
	bool is_wrapped;

	if (!header_get_media_type(payload, &mt) ||
	    !media_type_is(&mt, "message", "rfc822"))
		return false;
	if (get_param(payload, "forwarded", &value))
		is_wrapped = header_is_equal_nocase(buf_get(&value), "no");
	else
		is_wrapped =
		    is_plain && !get_param(payload, "hp", &value) &&
		    !get_param(enclosed, "hp", &value) && id.len > 0 &&
		    bytes_is_equal(id, get_only(enclosed, "Message-ID"));
	buf_clear(&value);
	return is_wrapped;
}
