#include "client/pkix/smimea.h"

#include <string.h>

#include "asn1/alg/digest.h"
#include "client/pkix/address.h"
#include "client/pkix/domain.h"
#include "client/pkix/nfc.h"

#define SMIMEA_HASH_LEN 28 /* octets of the SHA-256 (RFC 8162 3) */
#define SMIMEA_LABEL "_smimecert"
#define SMIMEA_HEADER_LEN 3

/* --- the name --- */

/* RFC 8162 3, step 2: the quotes around it, and those of single octets. */
static int
put_unquoted(struct buf *b, struct bytes local)
{
	size_t i;

	if (local.p[0] != '"')
		return buf_add_bytes(b, local);
	for (i = 1; i + 1 < local.len; i++) {
		if (local.p[i] == '\\' && i + 2 < local.len)
			i++;
		buf_add_byte(b, local.p[i]);
	}
	return b->err;
}

/* Letters, digits, hyphens: what host names are made of, and what means
 * nothing else in a URL or in a zone's text. */
static bool
is_host_name(struct bytes domain)
{
	size_t i;

	for (i = 0; i < domain.len; i++)
		if (domain.p[i] == '\0' ||
		    strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.",
			domain.p[i]) == NULL)
			return false;
	return domain.len != 0;
}

static int
put_hashed(struct buf *b, struct bytes local)
{
	uint8_t hash[DIGEST_LEN_MAX];
	struct buf plain = {0}, normal = {0};
	size_t i;

	if (put_unquoted(&plain, local) == 0 &&
	    nfc_add(&normal, buf_get(&plain)) == 0 &&
	    digest_of(ALG_SHA256, buf_get(&normal), hash) >= SMIMEA_HASH_LEN) {
		for (i = 0; i < SMIMEA_HASH_LEN; i++)
			buf_printf(b, "%02x", hash[i]);
	} else {
		b->err = -CS_ERR_NO_MEMORY;
	}
	buf_clear(&plain);
	buf_clear(&normal);
	return b->err;
}

int
smimea_put_name(struct buf *b, struct bytes address)
{
	struct bytes local, domain;
	struct buf normal = {0};
	int r = -CS_ERR_ARGUMENT;

	if (address_is_valid(address))
		r = address_normalise(address, &normal);
	if (r == 0) {
		local = buf_get(&normal);
		while (local.p[local.len - 1] != '@')
			local.len--;
		domain = bytes_of(local.p + local.len, normal.len - local.len);
		local.len--;
		/* with hash, label and dots within a name's 253 (RFC 1035) */
		if (!is_host_name(domain) || 2 * SMIMEA_HASH_LEN +
						     sizeof(SMIMEA_LABEL) + 1 +
						     domain.len >
						 253)
			r = -CS_ERR_ARGUMENT;
		if (r == 0)
			r = put_hashed(b, local);
		if (r == 0)
			r = buf_printf(b, "." SMIMEA_LABEL ".%.*s",
			    (int)domain.len, (const char *)domain.p);
	}
	buf_clear(&normal);
	return r;
}

/* --- records --- */

int
smimea_decode(struct bytes rdata, struct smimea *record)
{
	static const enum alg digests[] = {ALG_NONE, ALG_SHA256, ALG_SHA512};
	static const size_t lens[] = {0, 32, 64};
	unsigned usage, selector, matching;

	*record = (struct smimea){0};
	if (rdata.len <= SMIMEA_HEADER_LEN)
		return -CS_ERR_ENCODING;
	usage = rdata.p[0];
	selector = rdata.p[1];
	matching = rdata.p[2];
	if (usage > SMIMEA_DANE_EE || selector > 1 ||
	    matching >= sizeof(lens) / sizeof(lens[0]))
		return -CS_ERR_UNSUPPORTED;
	(void)bytes_skip(&rdata, SMIMEA_HEADER_LEN);
	if (matching != 0 && rdata.len != lens[matching])
		return -CS_ERR_ENCODING;
	*record = (struct smimea){
	    .usage = (enum smimea_usage)usage,
	    .is_key = selector == 1,
	    .is_digest = matching != 0,
	    .digest = digests[matching],
	    .data = rdata,
	};
	return 0;
}

bool
smimea_matches(const struct smimea *record, const struct cert *c)
{
	struct bytes part =
	    record->is_key ? cert_get_spki(c)->raw : cert_get_raw(c);
	uint8_t hash[DIGEST_LEN_MAX];

	if (!record->is_digest)
		return bytes_is_equal(part, record->data);
	return bytes_is_equal(
	    bytes_of(hash, digest_of(record->digest, part, hash)),
	    record->data);
}

bool
smimea_has_cert(const struct smimea *record)
{
	return !record->is_key && !record->is_digest;
}

bool
smimea_is_about_leaf(const struct smimea *record)
{
	return record->usage == SMIMEA_PKIX_EE ||
	       record->usage == SMIMEA_DANE_EE;
}
