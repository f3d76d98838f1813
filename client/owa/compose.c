/* compose.c: a mail out of a message as Exchange's clients have it. */
#include "client/owa/owa.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/base64.h"
#include "asn1/utf8.h"
#include "client/smime/header.h"

/* Octets in one encoded word (RFC 2047 2: 75 characters in all). */
#define WORD_MAX 45
#define PLAIN_MAX 200 /* of a text that stands in one line */
/* No base64 has them, and nothing else is between. */
#define MIXED "----=_cardseal_mixed"
#define RELATED "----=_cardseal_related"

/* --- header fields --- */

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* How many octets of text go into one word: whole characters. */
static size_t
measure_word(struct bytes text)
{
	size_t len = 0, n;
	uint32_t c;

	while (len < text.len) {
		n = utf8_decode(text.p + len, text.len - len, &c);
		if (n == 0)
			n = 1;
		if (len + n > WORD_MAX)
			break;
		len += n;
	}
	return len;
}

static void
put_words(struct buf *b, const char *text)
{
	struct bytes left = bytes_of_str(text);
	size_t len;

	while (left.len > 0) {
		len = measure_word(left);
		buf_add_str(b, "=?UTF-8?B?");
		base64_encode(b, bytes_of(left.p, len));
		buf_add_str(b, "?=");
		bytes_skip(&left, len);
		if (left.len > 0)
			buf_add_str(b, "\r\n ");
	}
}

/*
 * Of any kind. What could be taken for an encoded word is not plain, nor what
 * has one of the special characters. A line end is a blank, since encoded it
 * would be one again for whoever decodes it.
 */
static void
put_text(struct buf *b, const char *text, const char *special)
{
	char *clean = strdup(text), *c;

	if (clean == NULL) {
		b->err = -CS_ERR_NO_MEMORY;
		return;
	}
	for (c = clean; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	if (is_plain(clean) && strstr(clean, "=?") == NULL &&
	    clean[strcspn(clean, special)] == '\0' &&
	    strlen(clean) <= PLAIN_MAX)
		buf_add_str(b, clean);
	else
		put_words(b, clean);
	free(clean);
}

/* A field with a text; none where there is no text. */
static void
put_field(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_printf(b, "%s: ", name);
	put_text(b, text, "");
	buf_add_str(b, "\r\n");
}

/* One that only has certain words; else none. */
static void
put_choice(
    struct buf *b, const char *name, const char *text, const char *const *words)
{
	for (; text != NULL && *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			buf_printf(b, "%s: %s\r\n", name, text);
}

/* local@domain, without what would end it or the field. */
static bool
is_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && at[1] != '\0' &&
	       strchr(at + 1, '@') == NULL && strlen(text) <= PLAIN_MAX &&
	       text[strcspn(text, "<>()[]\\,;:\" \t")] == '\0' &&
	       is_plain(text);
}

static int
put_mailbox(struct buf *b, const json_t *mailbox, struct err *e)
{
	const char *name = owa_get_text(mailbox, "Name"),
		   *address = owa_get_text(mailbox, "EmailAddress");
	char quoted[64];

	if (address == NULL)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "somebody without an address is among the recipients");
	if (!is_address(address))
		return err_set(e, -CS_ERR_ARGUMENT, "\"%s\" is no address",
		    err_quote(
			quoted, sizeof(quoted), address, strlen(address)));
	if (name != NULL && name[0] != '\0') {
		/* Without what is no atom (RFC 5322 3.2.3). */
		put_text(b, name, "()<>[]:;@\\,.\"=?");
		buf_add_str(b, strlen(name) > WORD_MAX ? "\r\n " : " ");
	}
	buf_printf(b, "<%s>", address);
	return 0;
}

static int
put_mailboxes(
    struct buf *b, const char *field, const json_t *list, struct err *e)
{
	const json_t *mailbox;
	size_t i;
	int r = 0;

	if (json_array_size(list) == 0)
		return 0;
	buf_printf(b, "%s: ", field);
	json_array_foreach(list, i, mailbox)
	{
		if (r != 0)
			break;
		buf_add_str(b, i != 0 ? ",\r\n " : "");
		r = put_mailbox(b, mailbox, e);
	}
	buf_add_str(b, "\r\n");
	return r;
}

static void
put_date(struct buf *b)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat"},
				 *const months[] = {"Jan", "Feb", "Mar", "Apr",
				     "May", "Jun", "Jul", "Aug", "Sep", "Oct",
				     "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		buf_printf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
		    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		    1900 + tm.tm_year, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Bcc has no field: whom the mail goes to the server knows. */
static int
put_header(struct buf *b, const json_t *message, struct err *e)
{
	static const char *const importances[] = {"Low", "Normal", "High",
	    NULL},
				 *const sensitivities[] = {"Personal",
				     "Private", "Confidential", NULL};
	const json_t *from = json_object_get(message, "From"),
		     *mailbox = json_object_get(from, "Mailbox");
	int r;

	buf_add_str(b, "From: ");
	r = put_mailbox(b, mailbox != NULL ? mailbox : from, e);
	buf_add_str(b, "\r\n");
	if (r == 0)
		r = put_mailboxes(
		    b, "To", json_object_get(message, "ToRecipients"), e);
	if (r == 0)
		r = put_mailboxes(
		    b, "Cc", json_object_get(message, "CcRecipients"), e);
	put_field(b, "Subject", owa_get_text(message, "Subject"));
	put_date(b);
	put_choice(
	    b, "Importance", owa_get_text(message, "Importance"), importances);
	put_choice(b, "Sensitivity", owa_get_text(message, "Sensitivity"),
	    sensitivities);
	buf_add_str(b, "MIME-Version: 1.0\r\n");
	return r;
}

/* --- parts --- */

static void
put_base64(struct buf *b, struct bytes in)
{
	struct base64_enc enc;
	uint8_t *out = buf_reserve(b, BASE64_ENCODED_MAX(57 + in.len) + 96);
	size_t len;

	if (out == NULL)
		return;
	base64_enc_init(&enc, BASE64_LINE_MIME, "\r\n");
	base64_enc_write(&enc, in, out, &len);
	buf_grow_len(b, len);
	base64_enc_finish(&enc, b->data + b->len, &len);
	buf_grow_len(b, len);
}

static void
put_body(struct buf *b, const json_t *message)
{
	const json_t *body = json_object_get(message, "Body");
	const char *text = owa_get_text(body, "Value"),
		   *type = owa_get_text(body, "BodyType");
	bool is_html = type != NULL && strcmp(type, "HTML") == 0;

	buf_printf(b,
	    "Content-Type: text/%s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    is_html ? "html" : "plain");
	put_base64(b, bytes_of_str(text != NULL ? text : ""));
}

/* What is not one (RFC 2045 5.1), and what may not be base64, is octets. */
static const char *
get_type(const json_t *file)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789!#$&^_.+-";
	const char *type = owa_get_text(file, "ContentType");
	size_t len = type != NULL ? strspn(type, token) : 0;

	if (len == 0 || type[len] != '/' || type[len + 1] == '\0' ||
	    strlen(type) > MEDIA_NAME_MAX ||
	    type[len + 1 + strspn(type + len + 1, token)] != '\0' ||
	    strncasecmp(type, "message/", strlen("message/")) == 0 ||
	    strncasecmp(type, "multipart/", strlen("multipart/")) == 0)
		return "application/octet-stream";
	return type;
}

/* As RFC 2231 has it, which needs no quotes. */
static void
put_name(struct buf *b, const char *name)
{
	static const char hex[] = "0123456789ABCDEF";
	const uint8_t *c;

	buf_add_str(b, "filename*=UTF-8''");
	for (c = (const uint8_t *)name; *c != '\0'; c++) {
		if ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= 'a' && *c <= 'z') || *c == '.' || *c == '-') {
			buf_add_byte(b, *c);
		} else {
			buf_add_byte(b, '%');
			buf_add_byte(b, (uint8_t)hex[*c >> 4]);
			buf_add_byte(b, (uint8_t)hex[*c & 15]);
		}
	}
}

static bool
is_inline(const json_t *file)
{
	const char *id = owa_get_text(file, "ContentId");

	return json_is_true(json_object_get(file, "IsInline")) && id != NULL &&
	       id[0] != '\0' && is_plain(id) && strlen(id) <= PLAIN_MAX &&
	       id[strcspn(id, "<> ")] == '\0';
}

static int
put_file(struct buf *b, const json_t *file, struct err *e)
{
	const char *name = owa_get_text(file, "Name"),
		   *content = owa_get_text(file, "Content");
	struct buf raw = {.max = OWA_REQUEST_MAX};
	int r;

	if (name == NULL || name[0] == '\0' || strlen(name) > PLAIN_MAX)
		name = "attachment";
	if (content == NULL)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a file has no content; only files can be attached to a "
		    "mail that is signed or encrypted");
	r = base64_decode(&raw, bytes_of_str(content));
	if (r == 0) {
		buf_printf(b,
		    "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
		    "Content-Disposition: %s;\r\n ",
		    get_type(file), is_inline(file) ? "inline" : "attachment");
		put_name(b, name);
		buf_add_str(b, "\r\n");
		if (is_inline(file))
			buf_printf(b, "Content-ID: <%s>\r\n",
			    owa_get_text(file, "ContentId"));
		buf_add_str(b, "\r\n");
		put_base64(b, buf_get(&raw));
	} else {
		err_set(e, r, "the content of a file is no base64");
	}
	buf_clear(&raw);
	return r;
}

/* The files that are, or are not, shown in the body; each behind a delimiter.
 */
static int
put_files(struct buf *b, const json_t *files, bool wants_inline,
    const char *boundary, struct err *e)
{
	const json_t *file;
	size_t i;
	int r = 0;

	json_array_foreach(files, i, file)
	{
		if (r != 0 || is_inline(file) != wants_inline)
			continue;
		buf_printf(b, "--%s\r\n", boundary);
		r = put_file(b, file, e);
	}
	return r;
}

static size_t
count_inline(const json_t *files)
{
	const json_t *file;
	size_t i, n = 0;

	json_array_foreach(files, i, file) n += is_inline(file);
	return n;
}

/* The body with the pictures in it. */
static int
put_related(struct buf *b, const json_t *message, struct err *e)
{
	const json_t *files = json_object_get(message, "Attachments");
	int r;

	if (count_inline(files) == 0) {
		put_body(b, message);
		return 0;
	}
	buf_add_str(b,
	    "Content-Type: multipart/related; boundary=\"" RELATED "\"\r\n\r\n"
	    "--" RELATED "\r\n");
	put_body(b, message);
	r = put_files(b, files, true, RELATED, e);
	buf_add_str(b, "--" RELATED "--\r\n");
	return r;
}

int
owa_compose(const json_t *message, struct buf *mail, struct err *e)
{
	const json_t *files = json_object_get(message, "Attachments");
	int r = put_header(mail, message, e);

	if (r != 0)
		return r;
	if (count_inline(files) == json_array_size(files)) {
		r = put_related(mail, message, e);
	} else {
		buf_add_str(mail,
		    "Content-Type: multipart/mixed; boundary=\"" MIXED
		    "\"\r\n\r\n--" MIXED "\r\n");
		r = put_related(mail, message, e);
		if (r == 0)
			r = put_files(mail, files, false, MIXED, e);
		buf_add_str(mail, "--" MIXED "--\r\n");
	}
	if (r == 0 && mail->err != 0)
		r = err_set(e, mail->err, NULL);
	return r;
}
