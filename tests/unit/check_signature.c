#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/signature.h"
#include "tests/unit/unit.h"

#define VECTORS "tests/vectors/signatures.txt"
#define VECTOR_LEN_MAX 2048

/* A line of the file: name, verdict and four runs of octets. */
struct vector {
	char name[64], verdict[16];
	uint8_t octets[4][VECTOR_LEN_MAX];
	size_t lens[4];
};
enum { SPKI, ALG_ID, MESSAGE, SIGNATURE };

static struct bytes
vector_get(const struct vector *v, int which)
{
	return bytes_of(v->octets[which], v->lens[which]);
}

static void
vector_set_hex(struct vector *v, int which, const char *hex)
{
	unsigned byte;

	v->lens[which] = 0;
	if (strcmp(hex, "-") == 0)
		return;
	for (; hex[0] != '\0'; hex += 2) {
		ck_assert(sscanf(hex, "%2x", &byte) == 1 && isxdigit(hex[1]));
		ck_assert_uint_lt(v->lens[which], VECTOR_LEN_MAX);
		v->octets[which][v->lens[which]++] = (uint8_t)byte;
	}
}

static void
vector_parse(struct vector *v, char *line)
{
	char *save, *word = strtok_r(line, " ", &save);
	int i;

	snprintf(v->name, sizeof(v->name), "%s", word);
	word = strtok_r(NULL, " ", &save);
	snprintf(v->verdict, sizeof(v->verdict), "%s", word);
	for (i = 0; i < 4; i++) {
		word = strtok_r(NULL, " ", &save);
		ck_assert_ptr_nonnull(word);
		vector_set_hex(v, i, word);
	}
	ck_assert_ptr_null(strtok_r(NULL, " ", &save));
}

/* Calls f for each vector; returns how many there were. */
static int
vector_each(void (*f)(const struct vector *))
{
	static struct vector v;
	struct buf file = {0};
	char *line, *save, *text;
	int count = 0;

	unit_read_file(&file, VECTORS);
	text = bytes_dup_str(buf_get(&file));
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		vector_parse(&v, line);
		f(&v);
		count++;
	}
	free(text);
	buf_clear(&file);
	return count;
}

static int
vector_scheme(
    const struct vector *v, struct spki *key, struct sig_scheme *scheme)
{
	struct err e = ERR_INIT;
	struct alg_id id;
	int r = spki_decode(vector_get(v, SPKI), key, &e);

	ck_assert_msg(r == 0, "%s: key: %s", v->name, err_get_text(&e));
	unit_assert_code(alg_id_decode(vector_get(v, ALG_ID), &id), 0);
	r = sig_scheme_decode(&id, ALG_NONE, scheme, &e);
	ck_assert_msg(r == 0, "%s: scheme: %s", v->name, err_get_text(&e));
	return r;
}

static void
judge(const struct vector *v)
{
	struct sig_scheme scheme;
	struct spki key;
	struct err e = ERR_INIT;
	int r, want = -CS_ERR_BAD_SIGNATURE;

	vector_scheme(v, &key, &scheme);
	if (strcmp(v->verdict, "good") == 0)
		want = 0;
	else if (strcmp(v->verdict, "algorithm") == 0)
		want = -CS_ERR_ALGORITHM;
	else
		ck_assert_str_eq(v->verdict, "bad");
	r = sig_verify_data(&key, &scheme, vector_get(v, MESSAGE),
	    vector_get(v, SIGNATURE), &e);
	ck_assert_msg(
	    r == want, "%s: %s, want %s", v->name, err_name(r), err_name(want));
	ck_assert_int_eq(e.code, want);
	ck_assert(want == 0 || e.text[0] != '\0');
	if (r == 0)
		ck_assert_uint_le(
		    v->lens[SIGNATURE], spki_signature_len_max(&key));
}

START_TEST(vectors_as_they_say)
{
	ck_assert_int_ge(vector_each(judge), 250);
}
END_TEST

static int
verify(const struct spki *key, const struct sig_scheme *scheme,
    const struct vector *v, struct bytes signature)
{
	return sig_verify_data(
	    key, scheme, vector_get(v, MESSAGE), signature, NULL);
}

/* A good signature changed in one bit, longer and shorter by one, over another
 * message. */
static void
change(const struct vector *v)
{
	uint8_t copy[VECTOR_LEN_MAX];
	struct sig_scheme scheme;
	struct spki key;
	size_t len = v->lens[SIGNATURE], i;

	if (strcmp(v->verdict, "good") != 0)
		return;
	vector_scheme(v, &key, &scheme);
	memset(copy, 0, sizeof(copy));
	memcpy(copy, v->octets[SIGNATURE], len);
	for (i = 0; i < 8 * len; i++) {
		/* every bit at the ends and of EdDSA, else one an octet */
		if (i > 24 && i < 8 * (len - 3) && i / 8 % 8 != i % 8 &&
		    !sig_scheme_is_pure(&scheme))
			continue;
		copy[i / 8] = (uint8_t)(copy[i / 8] ^ 1U << i % 8);
		ck_assert_msg(verify(&key, &scheme, v, bytes_of(copy, len)) ==
				  -CS_ERR_BAD_SIGNATURE,
		    "%s: bit %zu of octet %zu", v->name, i % 8, i / 8);
		copy[i / 8] = v->octets[SIGNATURE][i / 8];
	}
	unit_assert_code(verify(&key, &scheme, v, bytes_of(copy, len)), 0);
	unit_assert_code(verify(&key, &scheme, v, bytes_of(copy, len + 1)),
	    -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(verify(&key, &scheme, v, bytes_of(copy, len - 1)),
	    -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(verify(&key, &scheme, v, bytes_of(copy + 1, len - 1)),
	    -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(
	    verify(&key, &scheme, v, BYTES_NONE), -CS_ERR_BAD_SIGNATURE);
	memcpy(copy + 1, v->octets[SIGNATURE], len);
	copy[0] = 0;
	unit_assert_code(verify(&key, &scheme, v, bytes_of(copy, len + 1)),
	    -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(sig_verify_data(&key, &scheme, BYTES_LIT("another"),
			     vector_get(v, SIGNATURE), NULL),
	    -CS_ERR_BAD_SIGNATURE);
}

START_TEST(changed_signatures_are_bad)
{
	vector_each(change);
}
END_TEST

/* A good signature under another scheme or key is refused, never believed. */
static struct vector seen[8];
static int seen_count;

static void
collect(const struct vector *v)
{
	static const char *const names[] = {"rsa-2048-sha256",
	    "pss-2048-sha256-sha256-32", "psskey-free", "ecdsa-P-256-sha256",
	    "ecdsa-P-384-sha256", "dsa-2048-sha256", "ED25519", "ED448"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(v->name, names[i]) == 0)
			seen[seen_count++] = *v;
}

static void
collect_all(void)
{
	seen_count = 0;
	vector_each(collect);
	ck_assert_int_eq(seen_count, 8);
}

START_TEST(schemes_and_keys_do_not_mix)
{
	struct sig_scheme schemes[8];
	struct spki keys[8];
	int i, j, r;

	collect_all();
	for (i = 0; i < 8; i++)
		vector_scheme(&seen[i], &keys[i], &schemes[i]);
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++) {
			r = sig_verify_data(&keys[i], &schemes[j],
			    vector_get(&seen[j], MESSAGE),
			    vector_get(&seen[j], SIGNATURE), NULL);
			if (bytes_is_equal(keys[i].raw, keys[j].raw))
				unit_assert_code(r, 0);
			else
				ck_assert_int_ne(r, 0);
			if (keys[i].alg != keys[j].alg &&
			    schemes[j].alg != ALG_RSA_PSS)
				unit_assert_code(r, -CS_ERR_ALGORITHM);
		}
}
END_TEST

START_TEST(hash_has_the_digest_s_length)
{
	static const uint8_t zero[64];
	struct sig_scheme scheme, none = {0};
	struct spki key;

	collect_all();
	vector_scheme(&seen[0], &key, &scheme);
	unit_assert_code(sig_verify(&key, &scheme, bytes_of(zero, 31),
			     vector_get(&seen[0], SIGNATURE), NULL),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(sig_verify(&key, &scheme, BYTES_NONE,
			     vector_get(&seen[0], SIGNATURE), NULL),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(sig_verify(&key, &scheme, bytes_of(zero, 32),
			     vector_get(&seen[0], SIGNATURE), NULL),
	    -CS_ERR_BAD_SIGNATURE);
	unit_assert_code(sig_verify(&key, &none, BYTES_NONE, BYTES_NONE, NULL),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(
	    sig_verify_data(&key, &none, BYTES_NONE, BYTES_NONE, NULL),
	    -CS_ERR_ALGORITHM);
}
END_TEST

/* RFC 6979 A.2.5 and A.2.6, message "sample". */
static const struct {
	enum oid curve;
	enum alg alg;
	const char *point, *raw;
} ecdsas[] = {
    {OID_P256, ALG_SHA256_WITH_ECDSA,
	"04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
	"7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
	"EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
	"F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {OID_P384, ALG_SHA384_WITH_ECDSA,
	"04 EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
	"DEF8F0EA9055866064A254515480BC138015D9B72D7D57244EA8EF9AC0C62189"
	"6708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
	"94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
	"81A648152E44ACF96E36DD1E80FABE46"
	"99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
	"A329C145786E679E7B82C71A38628AC8"},
};

START_TEST(rfc6979_ecdsa)
{
	struct sig_scheme scheme;
	struct buf spki = {0}, signature = {0};
	struct spki key;

	unit_assert_code(
	    spki_encode_ec(&spki, ecdsas[_i].curve, unit_hex(ecdsas[_i].point)),
	    0);
	unit_assert_code(spki_decode(buf_get(&spki), &key, NULL), 0);
	unit_assert_code(
	    sig_ecdsa_to_der(unit_hex(ecdsas[_i].raw), &signature), 0);
	unit_assert_code(
	    sig_scheme_choose(&key, sig_default_digest(&key), false, &scheme),
	    0);
	ck_assert_int_eq(scheme.alg, ecdsas[_i].alg);
	unit_assert_code(sig_verify_data(&key, &scheme, BYTES_LIT("sample"),
			     buf_get(&signature), NULL),
	    0);
	buf_clear(&spki);
	buf_clear(&signature);
}
END_TEST

/* RFC 8032 7.1 tests 1 to 3, and 7.4 "blank" and "1 octet". */
static const struct {
	enum alg key;
	const char *point, *message, *signature;
} eddsas[] = {
    {ALG_ED25519_KEY,
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	"5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {ALG_ED25519_KEY,
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"72",
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {ALG_ED25519_KEY,
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	"af82",
	"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	"18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {ALG_ED448_KEY,
	"5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
	"edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
	"",
	"533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
	"2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
	"9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
	"b61149f05a7363268c71d95808ff2e652600"},
};

START_TEST(rfc8032_eddsa)
{
	struct sig_scheme scheme;
	struct buf spki = {0};
	struct spki key;

	unit_assert_code(
	    spki_encode_okp(&spki, eddsas[_i].key, unit_hex(eddsas[_i].point)),
	    0);
	unit_assert_code(spki_decode(buf_get(&spki), &key, NULL), 0);
	ck_assert_int_eq(sig_default_digest(&key),
	    key.alg == ALG_ED448_KEY ? ALG_SHAKE256_LEN : ALG_SHA512);
	unit_assert_code(
	    sig_scheme_choose(&key, ALG_SHA512, false, &scheme), 0);
	ck_assert(sig_scheme_is_pure(&scheme));
	unit_assert_code(
	    sig_verify_data(&key, &scheme, unit_hex(eddsas[_i].message),
		unit_hex(eddsas[_i].signature), NULL),
	    0);
	buf_clear(&spki);
}
END_TEST

static const struct {
	const char *hex;
	enum alg hint;
	int code;
	enum alg alg, digest;
} schemes[] = {
    /* rsaEncryption, ecPublicKey and dsa with the digest beside */
    {"30 0d 06 09 2a864886f70d010101 05 00", ALG_SHA384, 0, ALG_SHA384_WITH_RSA,
	ALG_SHA384},
    {"30 0b 06 09 2a864886f70d010101", ALG_SHA1, 0, ALG_SHA1_WITH_RSA,
	ALG_SHA1},
    {"30 09 06 07 2a8648ce3d0201", ALG_SHA256, 0, ALG_SHA256_WITH_ECDSA,
	ALG_SHA256},
    {"30 09 06 07 2a8648ce380401", ALG_SHA1, 0, ALG_SHA1_WITH_DSA, ALG_SHA1},
    {"30 0d 06 09 2a864886f70d010101 05 00", ALG_NONE, -CS_ERR_ALGORITHM,
	ALG_NONE, ALG_NONE},
    {"30 0d 06 09 2a864886f70d010101 05 00", ALG_SHA3_256, 0,
	ALG_SHA3_256_WITH_RSA, ALG_SHA3_256},
    {"30 0d 06 09 2a864886f70d010101 05 00", ALG_SHAKE256, -CS_ERR_ALGORITHM,
	ALG_NONE, ALG_NONE},
    /* RFC 9688 */
    {"30 0b 06 09 60864801650304030e", ALG_NONE, 0, ALG_SHA3_256_WITH_RSA,
	ALG_SHA3_256},
    {"30 0b 06 09 60864801650304030b", ALG_NONE, 0, ALG_SHA3_384_WITH_ECDSA,
	ALG_SHA3_384},
    {"30 0d 06 09 2a864886f70d010101 02 00", ALG_SHA256, -CS_ERR_ENCODING,
	ALG_NONE, ALG_NONE},
    /* the hint changes nothing where the digest is named */
    {"30 0d 06 09 2a864886f70d01010b 05 00", ALG_SHA1, 0, ALG_SHA256_WITH_RSA,
	ALG_SHA256},
    {"30 05 06 03 2b6570", ALG_SHA512, 0, ALG_ED25519, ALG_NONE},
    {"30 07 06 03 2b6570 05 00", ALG_NONE, -CS_ERR_ENCODING, ALG_NONE,
	ALG_NONE},
    {"30 05 06 03 2b6571", ALG_NONE, 0, ALG_ED448, ALG_NONE},
    {"30 05 06 03 2a0304", ALG_SHA256, -CS_ERR_ALGORITHM, ALG_NONE, ALG_NONE},
    {"30 0b 06 09 608648016503040201", ALG_NONE, -CS_ERR_ALGORITHM, ALG_NONE,
	ALG_NONE},
    /* PSS: no parameters, all defaults, then faults */
    {"30 0b 06 09 2a864886f70d01010a", ALG_NONE, -CS_ERR_TRUNCATED, ALG_NONE,
	ALG_NONE},
    {"30 0d 06 09 2a864886f70d01010a 05 00", ALG_NONE, -CS_ERR_ENCODING,
	ALG_NONE, ALG_NONE},
    {"30 0d 06 09 2a864886f70d01010a 30 00", ALG_NONE, 0, ALG_RSA_PSS,
	ALG_SHA1},
    {"30 12 06 09 2a864886f70d01010a 30 05 a3 03 02 01 01", ALG_NONE, 0,
	ALG_RSA_PSS, ALG_SHA1},
    {"30 12 06 09 2a864886f70d01010a 30 05 a3 03 02 01 02", ALG_NONE,
	-CS_ERR_UNSUPPORTED, ALG_NONE, ALG_NONE},
    {"30 12 06 09 2a864886f70d01010a 30 05 a2 03 02 01 ff", ALG_NONE,
	-CS_ERR_ENCODING, ALG_NONE, ALG_NONE},
    {"30 13 06 09 2a864886f70d01010a 30 06 a2 04 02 02 02 00", ALG_NONE, 0,
	ALG_RSA_PSS, ALG_SHA1},
    {"30 13 06 09 2a864886f70d01010a 30 06 a2 04 02 02 02 01", ALG_NONE,
	-CS_ERR_UNSUPPORTED, ALG_NONE, ALG_NONE},
    {"30 16 06 09 2a864886f70d01010a 30 09 a2 07 02 05 01 00 00 00 00",
	ALG_NONE, -CS_ERR_TOO_LARGE, ALG_NONE, ALG_NONE},
    {"30 17 06 09 2a864886f70d01010a 30 0a a3 03 02 01 01 a2 03 02 01 14",
	ALG_NONE, -CS_ERR_TRAILING, ALG_NONE, ALG_NONE},
    {"30 14 06 09 2a864886f70d01010a 30 07 a0 05 30 03 06 01 2a", ALG_NONE,
	-CS_ERR_ALGORITHM, ALG_NONE, ALG_NONE},
    {"30 14 06 09 2a864886f70d01010a 30 07 a1 05 30 03 06 01 2a", ALG_NONE,
	-CS_ERR_ALGORITHM, ALG_NONE, ALG_NONE},
    {"30 1c 06 09 2a864886f70d01010a 30 0f a1 0d 30 0b 06 09 "
     "2a864886f70d010108",
	ALG_NONE, -CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE},
    {"30 11 06 09 2a864886f70d01010a 30 04 a0 02 05 00", ALG_NONE,
	-CS_ERR_ENCODING, ALG_NONE, ALG_NONE},
};

START_TEST(decodes_schemes)
{
	struct sig_scheme scheme;
	struct err e = ERR_INIT;
	struct alg_id id;

	unit_assert_code(alg_id_decode(unit_hex(schemes[_i].hex), &id), 0);
	unit_assert_code(sig_scheme_decode(&id, schemes[_i].hint, &scheme, &e),
	    schemes[_i].code);
	ck_assert_int_eq(e.code, schemes[_i].code);
	ck_assert_int_eq(scheme.alg, schemes[_i].alg);
	ck_assert_int_eq(scheme.digest, schemes[_i].digest);
	if (schemes[_i].alg == ALG_RSA_PSS)
		ck_assert_int_eq(scheme.mgf_digest, ALG_SHA1);
}
END_TEST

/* What is written is what openssl writes, and reads back. */
static void
rewrite(const struct vector *v)
{
	struct sig_scheme scheme;
	struct buf b = {0};
	struct spki key;

	if (strcmp(v->verdict, "good") != 0 ||
	    strstr(v->name, "parameters") != NULL ||
	    strstr(v->name, "params") != NULL)
		return;
	vector_scheme(v, &key, &scheme);
	der_put_sig_scheme(&b, &scheme);
	unit_assert_bytes(buf_get(&b), vector_get(v, ALG_ID));
	buf_clear(&b);
}

START_TEST(writes_schemes)
{
	vector_each(rewrite);
}
END_TEST

START_TEST(chooses_schemes)
{
	struct sig_scheme scheme;
	struct spki rsa = {.alg = ALG_RSA, .bits = 2048};
	struct spki ec = {.alg = ALG_EC, .curve = OID_P521, .bits = 521};
	struct spki x25519 = {.alg = ALG_X25519_KEY};
	struct spki dsa = {.alg = ALG_DSA, .bits = 2048};

	ck_assert_int_eq(sig_default_digest(&rsa), ALG_SHA256);
	ck_assert_int_eq(sig_default_digest(&ec), ALG_SHA512);
	unit_assert_code(
	    sig_scheme_choose(&rsa, ALG_SHA384, false, &scheme), 0);
	ck_assert_int_eq(scheme.alg, ALG_SHA384_WITH_RSA);
	unit_assert_code(sig_scheme_choose(&rsa, ALG_SHA384, true, &scheme), 0);
	ck_assert_int_eq(scheme.alg, ALG_RSA_PSS);
	ck_assert_int_eq(scheme.digest, ALG_SHA384);
	ck_assert_int_eq(scheme.mgf_digest, ALG_SHA384);
	ck_assert_uint_eq(scheme.salt_len, 48);
	/* 1024 bits just take SHA-384, not SHA-512, with such a salt */
	rsa.bits = 1024;
	unit_assert_code(sig_scheme_choose(&rsa, ALG_SHA384, true, &scheme), 0);
	unit_assert_code(sig_scheme_choose(&rsa, ALG_SHA512, true, &scheme),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(sig_scheme_choose(&rsa, ALG_SHAKE256, false, &scheme),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(sig_scheme_choose(&rsa, ALG_MD5, false, &scheme),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(sig_scheme_choose(&rsa, ALG_NONE, false, &scheme),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(sig_scheme_choose(&ec, ALG_AES128_CBC, false, &scheme),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(sig_scheme_choose(&x25519, ALG_SHA256, false, &scheme),
	    -CS_ERR_ALGORITHM);
	/* read, not made */
	unit_assert_code(sig_scheme_choose(&dsa, ALG_SHA256, false, &scheme),
	    -CS_ERR_ALGORITHM);
	ck_assert_int_eq(scheme.alg, ALG_NONE);
}
END_TEST

static void
choose_for_pss_key(const struct vector *v)
{
	struct sig_scheme scheme;
	struct spki key;
	bool is_bound = strcmp(v->name, "psskey-bound") == 0;

	if (!is_bound && strcmp(v->name, "psskey-free") != 0)
		return;
	vector_scheme(v, &key, &scheme);
	ck_assert_int_eq(sig_default_digest(&key), ALG_SHA256);
	unit_assert_code(
	    sig_scheme_choose(&key, ALG_SHA256, false, &scheme), 0);
	ck_assert_int_eq(scheme.alg, ALG_RSA_PSS);
	ck_assert_uint_eq(scheme.salt_len, 32);
	unit_assert_code(sig_scheme_choose(&key, ALG_SHA512, false, &scheme),
	    is_bound ? -CS_ERR_ALGORITHM : 0);
}

START_TEST(chooses_within_a_pss_key)
{
	vector_each(choose_for_pss_key);
}
END_TEST

START_TEST(ecdsa_raw_to_der)
{
	struct buf b = {0};
	uint8_t big[134];

	memset(big, 1, sizeof(big));
	unit_assert_code(sig_ecdsa_to_der(unit_hex("00 7f 80 01"), &b), 0);
	unit_assert_bytes(
	    buf_get(&b), unit_hex("30 08 02 01 7f 02 03 00 80 01"));
	buf_reset(&b);
	unit_assert_code(
	    sig_ecdsa_to_der(unit_hex("01 02 03"), &b), -CS_ERR_ENCODING);
	unit_assert_code(sig_ecdsa_to_der(BYTES_NONE, &b), -CS_ERR_ENCODING);
	unit_assert_code(
	    sig_ecdsa_to_der(unit_hex("00 00 03 01"), &b), -CS_ERR_ENCODING);
	unit_assert_code(
	    sig_ecdsa_to_der(unit_hex("03 01 00 00"), &b), -CS_ERR_ENCODING);
	unit_assert_code(
	    sig_ecdsa_to_der(bytes_of(big, 134), &b), -CS_ERR_ENCODING);
	ck_assert_uint_eq(b.len, 0);
	unit_assert_code(sig_ecdsa_to_der(bytes_of(big, 132), &b), 0);
	ck_assert_uint_eq(b.len, 3 + 2 * 68);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("signature");
	TCase *tcase = tcase_create("signature");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, vectors_as_they_say);
	tcase_add_test(tcase, changed_signatures_are_bad);
	tcase_add_test(tcase, schemes_and_keys_do_not_mix);
	tcase_add_test(tcase, hash_has_the_digest_s_length);
	tcase_add_loop_test(
	    tcase, rfc6979_ecdsa, 0, sizeof(ecdsas) / sizeof(ecdsas[0]));
	tcase_add_loop_test(
	    tcase, rfc8032_eddsa, 0, sizeof(eddsas) / sizeof(eddsas[0]));
	tcase_add_loop_test(
	    tcase, decodes_schemes, 0, sizeof(schemes) / sizeof(schemes[0]));
	tcase_add_test(tcase, writes_schemes);
	tcase_add_test(tcase, chooses_schemes);
	tcase_add_test(tcase, chooses_within_a_pss_key);
	tcase_add_test(tcase, ecdsa_raw_to_der);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
