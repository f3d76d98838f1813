/* parts.c: the parts of a mail, for a program that wants body and files. */
#include "client/owa/parts.h"

#include <stdlib.h>
#include <string.h>

#include "client/owa/owa.h"
#include "client/smime/address_list.h"
#include "client/smime/parser.h"
#include "client/smime/transfer.h"

/* One part, before it is clear what becomes of it. */
struct leaf {
	struct owa_part part;
	char charset[32];
	bool is_html, is_text;
	bool is_file; /* "attachment", or it has a name */
	bool is_alternative;
	enum transfer_encoding cte;
};

struct reader {
	struct owa_parts *parts;
	struct parser *parser;
	/* Is the entity at that level one of several alternatives? */
	bool is_alternative[BOUNDARY_DEPTH_MAX + 2];
	struct leaf leaf;
	struct sink *content, *decoder;
	bool is_broken; /* the transfer encoding was; what came is kept */
	bool has_html, has_text;
	struct leaf text; /* kept until it is clear whether there is HTML */
};

static void
part_clear(struct owa_part *part)
{
	free(part->name);
	free(part->type);
	free(part->content_id);
	buf_clear(&part->content);
	*part = (struct owa_part){0};
}

void
owa_parts_clear(struct owa_parts *parts)
{
	size_t i;

	for (i = 0; i < parts->len; i++)
		part_clear(&parts->items[i]);
	free(parts->items);
	buf_clear(&parts->body);
	*parts = (struct owa_parts){0};
}

/* --- headers --- */

/* The field's value, without comments and blanks before it; empty: none. */
static struct bytes
find_value(struct bytes section, const char *name)
{
	struct header_field field;
	bool has_comment;

	if (header_find(section, name, &field) == 0)
		return BYTES_NONE;
	header_skip_cfws(&field.value, &has_comment);
	return field.value;
}

static char *
dup_utf8(struct bytes text)
{
	struct buf out = {.max = DISPLAY_LEN_MAX};
	char *copy = NULL;

	if (owa_text_put(&out, "", text) == 0)
		copy = bytes_dup_str(buf_get(&out));
	buf_clear(&out);
	return copy;
}

/* The file name; NULL: it has none, or there is no memory. */
static char *
dup_name(struct bytes section, const struct media_type *mt)
{
	struct bytes place = find_value(section, "Content-Disposition");
	struct buf raw = {.max = PARAM_LEN_MAX}, text = {.max = PARAM_LEN_MAX};
	char *name = NULL;

	if ((header_get_param(header_get_disposition_params(place), "filename",
		 &raw, NULL) == 1 ||
		header_get_param(mt->params, "name", &raw, NULL) == 1) &&
	    words_decode(buf_get(&raw), &text) == 0)
		name = dup_utf8(buf_get(&text));
	buf_clear(&raw);
	buf_clear(&text);
	return name;
}

/* "<a@b>" */
static char *
dup_content_id(struct bytes section)
{
	struct bytes id = find_value(section, "Content-ID");
	const uint8_t *end;

	if (id.len == 0 || id.p[0] != '<')
		return NULL;
	bytes_skip(&id, 1);
	end = memchr(id.p, '>', id.len);
	return end != NULL ? dup_utf8(bytes_of(id.p, (size_t)(end - id.p)))
			   : NULL;
}

static void
read_charset(struct leaf *leaf, const struct media_type *mt)
{
	struct buf value = {.max = PARAM_LEN_MAX};

	leaf->charset[0] = '\0';
	if (header_get_param(mt->params, "charset", &value, NULL) == 1 &&
	    value.len < sizeof(leaf->charset)) {
		memcpy(leaf->charset, value.data, value.len);
		leaf->charset[value.len] = '\0';
	}
	buf_clear(&value);
}

static void
leaf_clear(struct leaf *leaf)
{
	part_clear(&leaf->part);
	*leaf = (struct leaf){0};
}

static int
leaf_begin(struct reader *r, const struct parser_header *h,
    const struct media_type *mt, struct err *e)
{
	struct leaf *leaf = &r->leaf;
	struct bytes place = find_value(h->section, "Content-Disposition");
	char type[2 * MEDIA_NAME_MAX + 2];

	leaf_clear(leaf);
	leaf->is_html = media_type_is(mt, "text", "html");
	leaf->is_text = media_type_is(mt, "text", "plain");
	leaf->is_alternative = r->is_alternative[h->level];
	leaf->cte = header_get_cte(h->section);
	read_charset(leaf, mt);
	snprintf(type, sizeof(type), "%s/%s", mt->type, mt->subtype);
	leaf->part.type =
	    strdup(mt->type[0] != '\0' ? type : "application/octet-stream");
	leaf->part.name = dup_name(h->section, mt);
	leaf->part.content_id = dup_content_id(h->section);
	leaf->is_file =
	    leaf->part.name != NULL ||
	    (place.len >= strlen("attachment") &&
		header_is_equal_nocase(
		    bytes_of(place.p, strlen("attachment")), "attachment"));
	buf_init(&leaf->part.content, OWA_REQUEST_MAX);
	return leaf->part.type != NULL ? 0
				       : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static int
on_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct reader *r = ctx;
	struct buf boundary = {.max = PARAM_LEN_MAX};
	struct media_type mt;
	bool is_open;

	header_get_media_type(h->section, &mt);
	is_open =
	    media_type_is(&mt, "multipart", NULL) &&
	    header_get_param(mt.params, "boundary", &boundary, NULL) == 1 &&
	    h->level + 1 < sizeof(r->is_alternative) &&
	    parser_open(r->parser, buf_get(&boundary), false);
	buf_clear(&boundary);
	if (!is_open)
		return leaf_begin(r, h, &mt, e);
	r->is_alternative[h->level + 1] =
	    media_type_is(&mt, "multipart", "alternative") ||
	    (r->is_alternative[h->level] &&
		media_type_is(&mt, "multipart", "related"));
	return 0;
}

/* --- contents --- */

static void
end_decoder(struct reader *r)
{
	sink_free(r->decoder);
	sink_free(r->content);
	r->decoder = r->content = NULL;
}

static int
on_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	struct reader *r = ctx;

	if (a->kind != PARSER_LEAF)
		return 0;
	r->is_broken = false;
	r->content = sink_new_buf(&r->leaf.part.content);
	if (r->content != NULL && r->leaf.cte == CTE_BASE64)
		r->decoder = sink_new_base64_dec(r->content);
	else if (r->content != NULL && r->leaf.cte == CTE_QP)
		r->decoder = sink_new_qp_dec(r->content);
	else
		return r->content != NULL ? 0
					  : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return r->decoder != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

/* A broken encoding ends a part and nothing else. */
static int
take_result(struct reader *r, int code)
{
	r->is_broken = code != 0;
	return code == -CS_ERR_TOO_LARGE || code == -CS_ERR_NO_MEMORY ? code
								      : 0;
}

static int
on_text(void *ctx, struct bytes in, struct err *e)
{
	struct reader *r = ctx;
	struct sink *to = r->decoder != NULL ? r->decoder : r->content;

	return to != NULL && !r->is_broken
		   ? take_result(r, sink_write(to, in, e))
		   : 0;
}

/* --- what becomes of it --- */

/* Every file has a name, or nobody can save it. */
static const char *
get_usual_name(const struct leaf *leaf)
{
	if (strcmp(leaf->part.type, "message/rfc822") == 0)
		return "message.eml";
	if (leaf->is_html)
		return "text.html";
	return leaf->is_text ? "text.txt" : "part.bin";
}

static int
keep_file(struct reader *r, struct leaf *leaf, struct err *e)
{
	struct owa_parts *parts = r->parts;
	struct owa_part *items;

	if (parts->len == OWA_PARTS_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "the message has more than %d parts", OWA_PARTS_MAX);
	if (leaf->part.name == NULL)
		leaf->part.name = strdup(get_usual_name(leaf));
	items = realloc(parts->items, (parts->len + 1) * sizeof(*items));
	if (items != NULL)
		parts->items = items;
	if (items == NULL || leaf->part.name == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	items[parts->len++] = leaf->part;
	leaf->part = (struct owa_part){0};
	leaf_clear(leaf);
	return 0;
}

static int
keep_body(struct reader *r, struct leaf *leaf, struct err *e)
{
	int code;

	r->parts->is_html = leaf->is_html;
	buf_init(&r->parts->body, OWA_REQUEST_MAX);
	code = owa_text_put(
	    &r->parts->body, leaf->charset, buf_get(&leaf->part.content));
	leaf_clear(leaf);
	return code == 0 ? 0 : err_set(e, code, NULL);
}

static int
on_end(void *ctx, const struct parser_area *a, struct err *e)
{
	struct reader *r = ctx;
	struct leaf *leaf = &r->leaf;
	int code = 0;

	if (a->kind != PARSER_LEAF)
		return 0;
	if (r->decoder != NULL && !r->is_broken)
		code = take_result(r, sink_finish(r->decoder, e));
	end_decoder(r);
	if (code != 0)
		return code;
	if (leaf->is_html && !leaf->is_file && !r->has_html) {
		r->has_html = true;
		return keep_body(r, leaf, e);
	}
	if (leaf->is_text && !leaf->is_file && !r->has_text) {
		r->has_text = true;
		r->text = *leaf;
		*leaf = (struct leaf){0};
		return 0;
	}
	if ((leaf->is_text || leaf->is_html) && !leaf->is_file &&
	    leaf->is_alternative) {
		leaf_clear(leaf);
		return 0;
	}
	return keep_file(r, leaf, e);
}

/* The text is the body if there is no HTML, left out if that says the same,
 * and a file beside it otherwise. */
static int
place_text(struct reader *r, struct err *e)
{
	if (!r->has_text || (r->has_html && r->text.is_alternative))
		return 0;
	return r->has_html ? keep_file(r, &r->text, e)
			   : keep_body(r, &r->text, e);
}

int
owa_parts_read(struct owa_parts *parts, struct bytes entity, struct err *e)
{
	struct reader r = {.parts = parts};
	const struct parser_events events = {
	    .header = on_header,
	    .begin = on_begin,
	    .text = on_text,
	    .end = on_end,
	    .ctx = &r,
	};
	int code;

	r.parser = parser_new(&events, 0, false);
	if (r.parser == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	parser_set_entity(r.parser);
	code = sink_write(parser_get_sink(r.parser), entity, e);
	if (code == 0)
		code = sink_finish(parser_get_sink(r.parser), e);
	if (code == 0)
		code = place_text(&r, e);
	end_decoder(&r);
	leaf_clear(&r.leaf);
	leaf_clear(&r.text);
	parser_free(r.parser);
	return code;
}
