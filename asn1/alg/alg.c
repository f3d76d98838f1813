#include "asn1/alg/alg.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct alg_row alg_rows[ALG_COUNT] = {
    [ALG_NONE] = {.name = "none"},
#define ALG(name, oid, kind, text, params, strength, digest, key, key_len,     \
    iv_len, block_len, tag_len, output_len)                                    \
	[ALG_##name] = {ALG_##name, OID_##oid, ALG_KIND_##kind, text, params,  \
	    ALG_##strength, ALG_##digest, ALG_##key, key_len, iv_len,          \
	    block_len, tag_len, output_len},
#include "asn1/alg/alg.def"
#undef ALG
};
/* clang-format on */

/*
 * micalg (RFC 8551 3.5.3.2): the first name of a digest is the one written;
 * the others are what early implementations wrote.
 */
static const struct {
	enum alg alg;
	const char *name;
} alg_micalgs[] = {
    {ALG_MD5, "md5"},
    {ALG_MD5, "rsa-md5"},
    {ALG_SHA1, "sha-1"},
    {ALG_SHA1, "sha1"},
    {ALG_SHA1, "rsa-sha1"},
    {ALG_SHA224, "sha-224"},
    {ALG_SHA224, "sha224"},
    {ALG_SHA256, "sha-256"},
    {ALG_SHA256, "sha256"},
    {ALG_SHA384, "sha-384"},
    {ALG_SHA384, "sha384"},
    {ALG_SHA512, "sha-512"},
    {ALG_SHA512, "sha512"},
    {ALG_SHA3_256, "sha3-256"},
    {ALG_SHA3_384, "sha3-384"},
    {ALG_SHA3_512, "sha3-512"},
};
#define ALG_MICALGS (sizeof(alg_micalgs) / sizeof(alg_micalgs[0]))

const struct alg_row *
alg_get(enum alg alg)
{
	return &alg_rows[(unsigned)alg < ALG_COUNT ? alg : ALG_NONE];
}

const char *
alg_name(enum alg alg)
{
	return alg_get(alg)->name;
}

enum alg
alg_find_oid(enum oid oid, enum alg_kind kind)
{
	int i;

	if (oid == OID_UNKNOWN)
		return ALG_NONE;
	for (i = 1; i < ALG_COUNT; i++)
		if (alg_rows[i].oid == oid && alg_rows[i].kind == kind)
			return (enum alg)i;
	return ALG_NONE;
}

enum alg
alg_find_name(const char *name, enum alg_kind kind)
{
	int i;

	for (i = 1; i < ALG_COUNT; i++)
		if (alg_rows[i].kind == kind &&
		    strcasecmp(alg_rows[i].name, name) == 0)
			return (enum alg)i;
	return ALG_NONE;
}

const char *
alg_micalg(enum alg digest)
{
	size_t i;

	for (i = 0; i < ALG_MICALGS; i++)
		if (alg_micalgs[i].alg == digest)
			return alg_micalgs[i].name;
	return "unknown";
}

static enum alg
alg_find_micalg(struct bytes name)
{
	size_t i;

	for (i = 0; i < ALG_MICALGS; i++)
		if (strlen(alg_micalgs[i].name) == name.len &&
		    strncasecmp(alg_micalgs[i].name, (const char *)name.p,
			name.len) == 0)
			return alg_micalgs[i].alg;
	return ALG_NONE;
}

static bool
alg_is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes
alg_trim(struct bytes s)
{
	while (s.len != 0 && alg_is_space(s.p[0]))
		s = bytes_of(s.p + 1, s.len - 1);
	while (s.len != 0 && alg_is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

size_t
alg_parse_micalg(struct bytes text, enum alg *out, size_t max)
{
	size_t count = 0, len;
	const uint8_t *comma;
	enum alg alg;

	while (text.len != 0 && count < max) {
		comma = memchr(text.p, ',', text.len);
		len = comma != NULL ? (size_t)(comma - text.p) : text.len;
		alg = alg_find_micalg(alg_trim(bytes_of(text.p, len)));
		if (alg != ALG_NONE)
			out[count++] = alg;
		if (comma == NULL)
			break;
		text = bytes_of(comma + 1, text.len - len - 1);
	}
	return count;
}

enum alg
alg_find_sha(size_t len)
{
	static const enum alg digests[] = {
	    ALG_SHA256, ALG_SHA384, ALG_SHA512, ALG_SHA224, ALG_SHA1};
	size_t i;

	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (alg_get(digests[i])->output_len == len)
			return digests[i];
	return ALG_NONE;
}
