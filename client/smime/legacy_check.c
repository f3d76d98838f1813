/*
 * legacy_check.c: is what a reader leaves out of a text, for being a Legacy
 * Display element (RFC 9788 4.5.3), nothing but protected header fields?
 *
 * One reader leaves it out, and another shows it, so that an element that says
 * something else shows two texts under one signature. Programs take HTML
 * apart in different ways: so whatever is not of the plainest form here is
 * taken for something else.
 */
#include "client/smime/legacy.h"

#include <stdlib.h>
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/protect.h"
#include "client/smime/transfer.h"

#define TAG_MAX 200	/* octets of one tag that is looked at */
#define REFERENCE_MAX 8 /* digits of a character reference */

bool
legacy_is_marked(const struct media_type *mt)
{
	struct buf mark = {.max = PARAM_LEN_MAX};
	bool is_marked;

	if (!media_type_is(mt, "text", "plain") &&
	    !media_type_is(mt, "text", "html"))
		return false;
	is_marked = header_get_param(
			mt->params, "hp-legacy-display", &mark, NULL) == 1 &&
		    bytes_is_equal(buf_get(&mark), BYTES_LIT("1"));
	buf_clear(&mark);
	return is_marked;
}

/* --- the text of a part --- */

/* Looks for the class's name, wherever it stands and in whatever case. */
struct name_search {
	size_t matched;
	size_t found; /* times */
	/* A reference to a character, such as "&#104;". */
	bool is_reference, has_number, is_hex;
	size_t digits;
	unsigned value;
};

struct legacy_stage {
	struct sink sink; /* first */
	struct sink *decoder, *first;
	struct sink to_scan; /* behind the decoder */
	bool is_html, is_latin1;
	bool is_dead; /* the octets cannot be decoded */
	bool is_odd;  /* something is left out that is no plain element */
	bool is_over; /* text/plain: the empty line was there */
	struct buf text;
	size_t line_len; /* of the present one, without CR */
	bool is_blank;	 /* it has white space alone */
	bool is_after_cr;
	/* HTML */
	struct name_search search;
	size_t elements;
	unsigned depth; /* of <div> in the element; 0: outside */
	bool is_tag;
	char tag[TAG_MAX + 1];
	size_t tag_len;
};

static struct legacy_stage *
stage_of_scan(struct sink *sink)
{
	return (struct legacy_stage *)((char *)sink -
				       offsetof(struct legacy_stage, to_scan));
}

static void
put_char(struct legacy_stage *s, uint8_t c)
{
	if (s->text.len >= LEGACY_TEXT_MAX ||
	    (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
		s->is_odd = true;
		return;
	}
	if (s->is_latin1)
		words_put_latin1(&s->text, c);
	else
		buf_add_byte(&s->text, c);
}

/* --- text/plain: up to the first empty line --- */

static void
scan_plain(struct legacy_stage *s, uint8_t c)
{
	s->is_odd |= s->is_after_cr && c != '\n';
	s->is_after_cr = c == '\r';
	if (c == '\r')
		return;
	if (c != '\n') {
		s->line_len++;
		s->is_blank &= c == ' ' || c == '\t';
		put_char(s, c);
		return;
	}
	s->is_over = s->line_len == 0;
	/* For some this is the empty line, for others it is not. */
	s->is_odd |= s->line_len > 0 && s->is_blank;
	s->line_len = 0;
	s->is_blank = true;
	if (!s->is_over)
		put_char(s, c);
}

/* --- text/html: <div class="..."> --- */

static void
match_char(struct name_search *n, unsigned c)
{
	static const char name[] = LEGACY_CLASS;

	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	/* Its first letter does not come again in it. */
	if (c != (uint8_t)name[n->matched])
		n->matched = 0;
	if (c == (uint8_t)name[n->matched] &&
	    ++n->matched == sizeof(name) - 1) {
		n->found++;
		n->matched = 0;
	}
}

static bool
take_digit(struct name_search *n, uint8_t c)
{
	unsigned digit = UINT8_MAX;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (n->is_hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (unsigned)(c | 0x20) - 'a' + 10;
	if (digit == UINT8_MAX)
		return false;
	n->digits++;
	if (n->value < 0x110000)
		n->value = n->value * (n->is_hex ? 16 : 10) + digit;
	return true;
}

static void
search_char(struct name_search *n, uint8_t c)
{
	if (n->is_reference) {
		if (!n->has_number && c == '#') {
			n->has_number = true;
			return;
		}
		if (n->has_number && n->digits == 0 && !n->is_hex &&
		    (c | 0x20) == 'x') {
			n->is_hex = true;
			return;
		}
		if (n->has_number && take_digit(n, c))
			return;
		if (n->digits > 0)
			match_char(n, n->value);
		else
			n->matched = 0;
		n->is_reference = false;
		if (c == ';')
			return;
	}
	if (c == '&') {
		n->is_reference = true;
		n->has_number = n->is_hex = false;
		n->digits = 0;
		n->value = 0;
		return;
	}
	match_char(n, c);
}

/* <div class="header-protection-legacy-display">, and nothing more in it. */
static bool
is_element_tag(const char *tag)
{
	static const char *const forms[] = {"div class=\"" LEGACY_CLASS "\"",
	    "div class='" LEGACY_CLASS "'", "div class=" LEGACY_CLASS, NULL};
	size_t i;

	for (i = 0; forms[i] != NULL; i++)
		if (strcmp(tag, forms[i]) == 0)
			return true;
	return false;
}

/* In an element: only what cannot change where it ends. */
static void
take_inner_tag(struct legacy_stage *s)
{
	static const char *const known[] = {"pre", "p", "b", "i", "u", "em",
	    "strong", "span", "code", "tt", "small", "br", "div", NULL};
	const char *name = s->tag[0] == '/' ? s->tag + 1 : s->tag;
	size_t i, len = strlen(name);

	if (len > 0 && name[len - 1] == '/')
		s->tag[--s->tag_len] = '\0';
	for (i = 0; known[i] != NULL && strcmp(name, known[i]) != 0; i++)
		;
	s->is_odd |= known[i] == NULL;
	if (strcmp(name, "div") == 0)
		s->depth += name == s->tag ? 1U : -1U;
	if (strcmp(name, "br") == 0 || strcmp(name, "p") == 0 ||
	    strcmp(name, "pre") == 0 || strcmp(name, "div") == 0)
		put_char(s, '\n');
}

static void
take_tag(struct legacy_stage *s)
{
	s->is_tag = false;
	while (s->tag_len > 0 && s->tag[s->tag_len - 1] == ' ')
		s->tag_len--;
	s->tag[s->tag_len] = '\0';
	if (s->depth > 0) {
		take_inner_tag(s);
	} else if (is_element_tag(s->tag)) {
		s->elements++;
		s->depth = 1;
	}
}

static void
scan_html(struct legacy_stage *s, uint8_t c)
{
	search_char(&s->search, c);
	if (c == '<') {
		s->is_odd |= s->is_tag && s->depth > 0;
		s->is_tag = true;
		s->tag_len = 0;
	} else if (s->is_tag && c == '>') {
		take_tag(s);
	} else if (s->is_tag && s->tag_len < TAG_MAX) {
		if (c == '\t' || c == '\r' || c == '\n')
			c = ' ';
		s->tag[s->tag_len++] =
		    (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	} else if (s->is_tag) {
		s->is_tag = false;
		s->is_odd |= s->depth > 0;
	} else if (s->depth > 0) {
		put_char(s, c);
	}
}

/* --- the stage --- */

static int
to_scan_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct legacy_stage *s = stage_of_scan(sink);
	size_t i;

	for (i = 0; i < in.len; i++)
		if (s->is_html)
			scan_html(s, in.p[i]);
		else if (!s->is_over)
			scan_plain(s, in.p[i]);
	return s->text.err == 0 ? 0 : err_set(e, s->text.err, NULL);
}

/* What nobody can decode is left out in a way nobody knows. */
static int
stage_end(struct legacy_stage *s, int r, struct err *e)
{
	if (r == 0 || r == -CS_ERR_NO_MEMORY)
		return r;
	err_clear(e);
	s->is_dead = true;
	return 0;
}

static int
legacy_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct legacy_stage *s = (struct legacy_stage *)sink;

	if (s->is_dead)
		return 0;
	return stage_end(s, sink_write(s->first, in, e), e);
}

static int
legacy_finish(struct sink *sink, struct err *e)
{
	struct legacy_stage *s = (struct legacy_stage *)sink;

	if (s->is_dead || s->decoder == NULL)
		return 0;
	return stage_end(s, sink_finish(s->decoder, e), e);
}

static void
legacy_free(struct sink *sink)
{
	struct legacy_stage *s = (struct legacy_stage *)sink;

	sink_free(s->decoder);
	buf_clear(&s->text);
	mem_wipe(s->tag, sizeof(s->tag));
	free(s);
}

static bool
is_latin1(const struct media_type *mt)
{
	struct buf charset = {.max = PARAM_LEN_MAX};
	bool is;

	is = header_get_param(mt->params, "charset", &charset, NULL) == 1 &&
	     words_is_latin1(buf_get(&charset));
	buf_clear(&charset);
	return is;
}

struct sink *
sink_new_legacy(const struct media_type *mt, enum transfer_encoding cte)
{
	struct legacy_stage *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink = (struct sink){legacy_write, legacy_finish, legacy_free};
	s->to_scan.write = to_scan_write;
	s->is_html = media_type_is(mt, "text", "html");
	s->is_latin1 = is_latin1(mt);
	s->is_blank = true;
	s->is_dead = cte == CTE_OTHER;
	buf_init(&s->text, 2 * LEGACY_TEXT_MAX + 2);
	s->first = &s->to_scan;
	if (cte == CTE_QP || cte == CTE_BASE64) {
		s->decoder = cte == CTE_QP ? sink_new_qp_dec(s->first)
					   : sink_new_base64_dec(s->first);
		s->first = s->decoder;
	}
	if (s->first == NULL) {
		legacy_free(&s->sink);
		return NULL;
	}
	return &s->sink;
}

static bool
is_odd(const struct legacy_stage *s)
{
	if (s->is_html)
		return s->is_odd || s->depth > 0 ||
		       s->elements != s->search.found || s->elements > 1;
	/* Without an empty line all of it would be left out. */
	return s->is_odd || (!s->is_over && s->text.len > 0);
}

int
legacy_get_found(struct sink *stage, enum part_legacy *found, char **text)
{
	struct legacy_stage *s = (struct legacy_stage *)stage;
	bool is_absent = s->is_html ? s->search.found == 0 : s->text.len == 0;

	*text = NULL;
	*found = s->is_dead  ? LEGACY_DIFFERS
		 : is_absent ? LEGACY_ABSENT
		 : is_odd(s) ? LEGACY_DIFFERS
			     : LEGACY_MATCHES;
	if (*found != LEGACY_MATCHES)
		return 0;
	*text = bytes_dup_str(buf_get(&s->text));
	return *text != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* --- compared --- */

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_add_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_add_byte(out, (uint8_t)(0xf0 | c >> 18));
			buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* In HTML. What is not known stays as it is, and will not be found. */
static size_t
take_reference(struct bytes in, struct buf *out)
{
	static const struct {
		const char *name, *text;
	} names[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
	    {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", " "}};
	struct name_search n = {0};
	size_t i, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i].name);
		if (in.len >= len && bytes_is_equal(bytes_of(in.p, len),
					 bytes_of_str(names[i].name))) {
			buf_add_str(out, names[i].text);
			return len;
		}
	}
	if (in.len < 4 || in.p[1] != '#')
		return 0;
	i = 2;
	n.is_hex = (in.p[i] | 0x20) == 'x';
	i += n.is_hex;
	while (
	    i < in.len && n.digits < REFERENCE_MAX && take_digit(&n, in.p[i]))
		i++;
	if (n.digits == 0 || i == in.len || in.p[i] != ';' || n.value < ' ' ||
	    n.value > 0x10ffff)
		return 0;
	put_utf8(out, n.value);
	return i + 1;
}

/* A text without its folds: one space for any white space, none around. */
static void
put_words(struct bytes in, bool is_html, struct buf *out)
{
	bool has_space = false;
	size_t i, len;

	for (i = 0; i < in.len; i += len) {
		len = 1;
		if (header_is_space(in.p[i])) {
			has_space = out->len > 0;
			continue;
		}
		if (has_space)
			buf_add_byte(out, ' ');
		has_space = false;
		if (is_html && in.p[i] == '&') {
			len =
			    take_reference(bytes_of(in.p + i, in.len - i), out);
			if (len > 0)
				continue;
			len = 1;
		}
		buf_add_byte(out, in.p[i]);
	}
}

/* Once more for spaces that were encoded. */
static bool
is_same_words(struct bytes a, struct bytes b)
{
	struct buf x = {.max = 1 << 20}, y = {.max = 1 << 20};
	bool is_same;

	put_words(a, false, &x);
	put_words(b, false, &y);
	is_same = x.err == 0 && y.err == 0 &&
		  bytes_is_equal(buf_get(&x), buf_get(&y));
	buf_clear(&x);
	buf_clear(&y);
	return is_same;
}

/* As it stands, as its octets, or as UTF-8: it depends on who made it. */
static bool
is_same_value(struct bytes shown, bool is_html, struct bytes value)
{
	struct buf text = {.max = 2 * LEGACY_TEXT_MAX}, b = {.max = 1 << 20};
	bool is_same;

	put_words(shown, is_html, &text);
	is_same = is_same_words(buf_get(&text), value);
	if (!is_same && words_decode(value, &b) == 0)
		is_same = is_same_words(buf_get(&text), buf_get(&b));
	buf_reset(&b);
	if (!is_same && words_to_utf8(value, &b) == 0)
		is_same = is_same_words(buf_get(&text), buf_get(&b));
	is_same &= text.err == 0;
	buf_clear(&text);
	buf_clear(&b);
	return is_same;
}

static bool
is_protected(
    struct bytes section, const struct header_field *shown, bool is_html)
{
	char name[HEADER_NAME_MAX + 1];
	struct header_field f;

	if (shown->name.len > HEADER_NAME_MAX || !protect_is_shown(shown))
		return false;
	memcpy(name, shown->name.p, shown->name.len);
	name[shown->name.len] = '\0';
	while (header_next(&section, &f))
		if (header_is_named(&f, name) &&
		    is_same_value(shown->value, is_html, f.value))
			return true;
	return false;
}

static bool
is_blank_line(struct bytes line)
{
	size_t i;

	for (i = 0; i < line.len && header_is_space(line.p[i]); i++)
		;
	return i == line.len;
}

/* Are all lines protected fields? What is none is skipped by header_next: so
 * every octet has to be accounted for. */
static bool
is_all_protected(struct bytes section, struct bytes text, bool is_html)
{
	struct header_field f;
	struct bytes line;
	const uint8_t *lf;

	while (text.len > 0) {
		lf = memchr(text.p, '\n', text.len);
		line = bytes_of(
		    text.p, lf != NULL ? (size_t)(lf - text.p) + 1 : text.len);
		if (is_blank_line(line)) {
			bytes_skip(&text, line.len);
			continue;
		}
		if (header_judge_line(line) != HEADER_FIELD ||
		    !header_next(&text, &f) || f.raw.p != line.p ||
		    !is_protected(section, &f, is_html))
			return false;
	}
	return true;
}

static int
judge_part(struct verdict *v, struct verdict_part *p, struct bytes section)
{
	bool is_html = strcmp(p->type, "text/html") == 0;

	if (p->legacy == LEGACY_NONE)
		return 0;
	if (!verdict_is_encrypted(v)) {
		p->legacy = LEGACY_IGNORED;
		return 0;
	}
	if (p->legacy_text != NULL &&
	    !is_all_protected(section, bytes_of_str(p->legacy_text), is_html))
		p->legacy = LEGACY_DIFFERS;
	if (p->legacy != LEGACY_DIFFERS)
		return 0;
	return verdict_warn(v,
	    "part %s has a text that programs do not show which take it for "
	    "the protected header (RFC 9788); it is not that header",
	    p->path);
}

int
legacy_judge(struct verdict *v, struct bytes section)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < v->mail->parts_len; i++)
		r = judge_part(v, &v->mail->parts[i], section);
	return r;
}
