#include "agent/proto_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/utf8.h"

#define AUDIT_ZEROES \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define AUDIT_HASH_MEMBER ",\"hash\":\""
/* The member, the hash and what closes the line. */
#define AUDIT_TAIL_LEN (sizeof(AUDIT_HASH_MEMBER) - 1 + AUDIT_HASH_LEN + 2)

static const char hex_digits[] = "0123456789abcdef";

static void
audit_hash(struct bytes in, char hex[AUDIT_HASH_LEN + 1])
{
	uint8_t digest[DIGEST_LEN_MAX];
	size_t i;

	(void)digest_of(ALG_SHA256, in, digest);
	for (i = 0; i < AUDIT_HASH_LEN / 2; i++) {
		hex[2 * i] = hex_digits[digest[i] >> 4];
		hex[2 * i + 1] = hex_digits[digest[i] & 15];
	}
	hex[AUDIT_HASH_LEN] = '\0';
}

static const char *
audit_get_hash(const struct audit_chain *chain)
{
	return chain->hash[0] != '\0' ? chain->hash : AUDIT_ZEROES;
}

int
audit_line_put(struct buf *b, struct audit_chain *chain, struct bytes fields)
{
	struct audit_chain next = {.seq = chain->seq + 1};
	size_t start = b->len;

	buf_printf(b, "{\"v\":1,\"seq\":%llu,\"prev\":\"%s\"",
	    (unsigned long long)next.seq, audit_get_hash(chain));
	if (fields.len != 0) {
		buf_add_byte(b, ',');
		buf_add_bytes(b, fields);
	}
	if (b->err != 0)
		return b->err;
	audit_hash(bytes_of(b->data + start, b->len - start), next.hash);
	buf_printf(b, AUDIT_HASH_MEMBER "%s\"}\n", next.hash);
	if (b->err == 0)
		*chain = next;
	return b->err;
}

static bool
audit_is_hash(const char *p)
{
	size_t i;

	for (i = 0; i < AUDIT_HASH_LEN; i++)
		if (strchr(hex_digits, p[i]) == NULL || p[i] == '\0')
			return false;
	return true;
}

/* What every line begins with. */
static bool
audit_read_head(const char *text, char prev[AUDIT_HASH_LEN + 1], uint64_t *seq)
{
	static const char start[] = "{\"v\":1,\"seq\":";
	static const char middle[] = ",\"prev\":\"";
	char *end;

	if (strncmp(text, start, sizeof(start) - 1) != 0)
		return false;
	text += sizeof(start) - 1;
	if (*text < '1' || *text > '9')
		return false;
	*seq = strtoull(text, &end, 10);
	if (strncmp(end, middle, sizeof(middle) - 1) != 0)
		return false;
	text = end + sizeof(middle) - 1;
	if (strlen(text) <= AUDIT_HASH_LEN || !audit_is_hash(text) ||
	    text[AUDIT_HASH_LEN] != '"')
		return false;
	memcpy(prev, text, AUDIT_HASH_LEN);
	prev[AUDIT_HASH_LEN] = '\0';
	return true;
}

/* Its form, and prev, seq and the hash that it says it has. */
static bool
audit_read_form(
    const char *text, char prev[AUDIT_HASH_LEN + 1], struct audit_chain *last)
{
	const char *tail = text + strlen(text) - AUDIT_TAIL_LEN;

	if (!audit_read_head(text, prev, &last->seq) ||
	    strncmp(tail, AUDIT_HASH_MEMBER, sizeof(AUDIT_HASH_MEMBER) - 1) !=
		0)
		return false;
	tail += sizeof(AUDIT_HASH_MEMBER) - 1;
	memcpy(last->hash, tail, AUDIT_HASH_LEN);
	last->hash[AUDIT_HASH_LEN] = '\0';
	return audit_is_hash(tail) && strcmp(tail + AUDIT_HASH_LEN, "\"}") == 0;
}

int
audit_line_read(struct bytes line, char prev[AUDIT_HASH_LEN + 1],
    struct audit_chain *last, struct err *e)
{
	char own[AUDIT_HASH_LEN + 1], *text = NULL;
	bool has_form = false;

	*last = (struct audit_chain){0};
	prev[0] = '\0';
	if (line.len <= AUDIT_LINE_MAX && line.len >= AUDIT_TAIL_LEN &&
	    memchr(line.p, 0, line.len) == NULL)
		text = bytes_dup_str(line);
	if (text != NULL)
		has_form = audit_read_form(text, prev, last);
	free(text);
	if (!has_form) {
		last->hash[0] = '\0';
		return err_set(e, -CS_ERR_LOG, "this is no line of the log");
	}
	audit_hash(bytes_of(line.p, line.len - AUDIT_TAIL_LEN), own);
	if (strcmp(own, last->hash) == 0)
		return 0;
	last->hash[0] = '\0';
	return err_set(e, -CS_ERR_LOG,
	    "line %llu was changed: its hash is not its own",
	    (unsigned long long)last->seq);
}

bool
audit_follows(const struct audit_chain *chain,
    const char prev[AUDIT_HASH_LEN + 1], const struct audit_chain *next)
{
	return next->seq == chain->seq + 1 &&
	       strcmp(prev, audit_get_hash(chain)) == 0;
}

static void
audit_put_octet(struct buf *b, uint8_t c, bool is_text)
{
	if (is_text && (c == '"' || c == '\\'))
		buf_printf(b, "\\%c", c);
	else if (is_text && (c < 0x20 || c == 0x7f))
		buf_printf(b, "\\u%04x", c);
	else if (is_text || (c >= 0x20 && c < 0x7f && c != '"' && c != '\\'))
		buf_add_byte(b, c);
	else
		buf_add_str(b, "\xef\xbf\xbd");
}

/* Cut at a character when about max octets were put. */
static void
audit_put_cut(struct buf *b, struct bytes text, size_t max)
{
	bool is_text = utf8_is_valid(text);
	size_t start = b->len, i;

	buf_add_byte(b, '"');
	for (i = 0; i < text.len; i++) {
		if (b->len - start >= max && (text.p[i] & 0xc0) != 0x80) {
			buf_add_str(b, "\xe2\x80\xa6");
			break;
		}
		audit_put_octet(b, text.p[i], is_text);
	}
	buf_add_byte(b, '"');
}

void
audit_put_string(struct buf *b, struct bytes text)
{
	audit_put_cut(b, text, SIZE_MAX);
}

void
audit_put_text(struct buf *b, const char *name, struct bytes text)
{
	if (text.len == 0)
		return;
	buf_printf(b, ",\"%s\":", name);
	audit_put_cut(b, text, AUDIT_TEXT_MAX);
}

void
audit_put_hex(struct buf *b, const char *name, struct bytes bytes)
{
	if (bytes.len == 0)
		return;
	buf_printf(b, ",\"%s\":\"", name);
	buf_add_hex(b, bytes);
	buf_add_byte(b, '"');
}
