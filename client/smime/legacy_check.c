/*
 * legacy_check.c: what programs leave out of a text for being a Legacy Display
 * element (RFC 9788 4.5.3), found as the text goes by. They take HTML apart in
 * different ways: so whatever is not of the plainest form is something else.
 */
#include "client/smime/legacy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/transfer.h"

#define TAG_MAX 200 /* octets of one tag that is looked at */

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

static bool
has_mark(struct bytes section)
{
	static const char mark[] = "hp-legacy-display";
	struct header_field f;
	size_t i, len = sizeof(mark) - 1;

	while (header_next(&section, &f))
		for (i = 0; header_is_named(&f, "Content-Type") &&
			    i + len <= f.value.len;
		     i++)
			if (header_is_equal_nocase(
				bytes_of(f.value.p + i, len), mark))
				return true;
	return false;
}

bool
legacy_is_unclear(struct bytes section, const struct media_type *mt)
{
	struct buf mark = {.max = PARAM_LEN_MAX};
	bool is_ambiguous = false;

	if (!has_mark(section))
		return false;
	if (mt->type[0] == '\0')
		return true;
	if (!media_type_is(mt, "text", "plain") &&
	    !media_type_is(mt, "text", "html"))
		return false;
	header_get_param(mt->params, "hp-legacy-display", &mark, &is_ambiguous);
	buf_clear(&mark);
	return is_ambiguous;
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
	bool is_html, is_latin1, is_qp;
	bool is_dead;	    /* the octets cannot be decoded, or in two ways */
	unsigned in_escape; /* octets of "=41" so far; "= " is 3 */
	bool is_odd;	    /* something is left out that is no plain element */
	bool is_over;	    /* text/plain: the empty line was there */
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

bool
legacy_take_digit(unsigned *value, bool is_hex, uint8_t c)
{
	unsigned digit = UINT8_MAX;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (is_hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (unsigned)(c | 0x20) - 'a' + 10;
	if (digit == UINT8_MAX)
		return false;
	if (*value < 0x110000)
		*value = *value * (is_hex ? 16 : 10) + digit;
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
		if (n->has_number &&
		    legacy_take_digit(&n->value, n->is_hex, c)) {
			n->digits++;
			return;
		}
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
	/* It may be UTF-16 for those who look for that, or switch to it. */
	s->is_dead |= c < ' ' && c != '\t' && c != '\n' && c != '\r';
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

/* Of a "=" that begins no valid code programs make different things. */
static void
check_qp(struct legacy_stage *s, struct bytes in)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < in.len; i++) {
		c = in.p[i];
		if (s->in_escape == 0) {
			s->in_escape = c == '=';
		} else if (s->in_escape < 3 && isxdigit(c)) {
			s->in_escape = (s->in_escape + 1) % 3;
		} else if (s->in_escape != 2 && header_is_space(c)) {
			s->in_escape = c == '\n' ? 0 : 3;
		} else {
			s->is_dead = true;
			return;
		}
	}
}

static int
legacy_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct legacy_stage *s = (struct legacy_stage *)sink;

	if (s->is_qp && !s->is_dead)
		check_qp(s, in);
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

/* *is_clear: in its character set octets of ASCII are ASCII, always. */
static bool
is_latin1(const struct media_type *mt, bool *is_clear)
{
	struct buf charset = {.max = PARAM_LEN_MAX};
	static const char shifts[] = "iso-2022-";
	bool is, is_ambiguous = false;
	int n =
	    header_get_param(mt->params, "charset", &charset, &is_ambiguous);

	is = n == 1 && words_is_latin1(buf_get(&charset));
	*is_clear =
	    n == 0 ||
	    (n == 1 && !is_ambiguous &&
		words_is_ascii_based(buf_get(&charset)) &&
		!(charset.len > sizeof(shifts) &&
		    header_is_equal_nocase(
			bytes_of(charset.data, sizeof(shifts) - 1), shifts)));
	buf_clear(&charset);
	return is;
}

struct sink *
sink_new_legacy(const struct media_type *mt, enum transfer_encoding cte)
{
	struct legacy_stage *s = calloc(1, sizeof(*s));
	bool is_clear;

	if (s == NULL)
		return NULL;
	s->sink = (struct sink){legacy_write, legacy_finish, legacy_free};
	s->to_scan.write = to_scan_write;
	s->is_html = media_type_is(mt, "text", "html");
	s->is_latin1 = is_latin1(mt, &is_clear);
	s->is_qp = cte == CTE_QP;
	s->is_blank = true;
	s->is_dead = cte == CTE_OTHER || !is_clear;
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
