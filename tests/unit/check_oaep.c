#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/padding.h"
#include "tests/unit/rsa_key.h"
#include "tests/unit/unit.h"

#define VECTORS "tests/vectors/paddings.txt"
#define LEN_MAX 512

static struct secret *
secret_of(struct bytes b)
{
	struct secret *s = secret_new_from(b.p, b.len);

	ck_assert_ptr_nonnull(s);
	return s;
}

static void
check_oaep(
    const struct oaep_params *params, struct bytes message, struct bytes em)
{
	struct secret *in = secret_of(em), *out;
	struct oaep_params other = *params;
	uint8_t *p = secret_get(in);
	size_t i;

	out = oaep_unpad(in, params);
	ck_assert_ptr_nonnull(out);
	unit_assert_bytes(secret_get_bytes(out), message);
	secret_free(out);
	for (i = 0; i < em.len; i++) {
		p[i] = (uint8_t)(p[i] ^ 1U << i % 8);
		out = oaep_unpad(in, params);
		/* the message's own octets are not protected */
		ck_assert(out == NULL || i >= em.len - message.len);
		secret_free(out);
		p[i] = em.p[i];
	}
	other.label = BYTES_LIT("another");
	ck_assert_ptr_null(oaep_unpad(in, &other));
	other = *params;
	other.digest = params->digest == ALG_SHA1 ? ALG_SHA256 : ALG_SHA1;
	ck_assert_ptr_null(oaep_unpad(in, &other));
	other = *params;
	other.mgf_digest = ALG_SHA224;
	ck_assert_ptr_null(oaep_unpad(in, &other));
	secret_free(in);
}

static struct bytes
hex_or_none(const char *word)
{
	return strcmp(word, "-") == 0 ? BYTES_NONE : unit_hex(word);
}

/* Lines "oaep DIGEST MGF-DIGEST LABEL MESSAGE EM" of the vectors. */
START_TEST(openssl_paddings)
{
	char *text, *line, *save, digest[16], mgf[16];
	char label[32], message[128], em[2048];
	struct oaep_params params;
	struct buf file = {0};
	int count = 0;

	unit_read_file(&file, VECTORS);
	text = bytes_dup_str(buf_get(&file));
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "oaep %15s %15s %31s %127s %2047s", digest,
			mgf, label, message, em) != 5)
			continue;
		params.digest = alg_find_name(digest, ALG_KIND_DIGEST);
		params.mgf_digest = alg_find_name(mgf, ALG_KIND_DIGEST);
		params.label = hex_or_none(label);
		check_oaep(&params, hex_or_none(message), unit_hex(em));
		count++;
	}
	ck_assert_int_eq(count, 8);
	free(text);
	buf_clear(&file);
}
END_TEST

/* DB of one's own choice, masked as the key owner's peer would. */
static struct secret *
oaep_of_db(uint8_t first, const uint8_t *db, size_t db_len)
{
	uint8_t em[LEN_MAX] = {0}, seed[32], mask[DIGEST_LEN_MAX];
	uint8_t counter[4] = {0}, input[LEN_MAX];
	size_t i, j;

	memset(seed, 0x5a, sizeof(seed));
	em[0] = first;
	for (i = 0; i < db_len; i += 32) {
		counter[3] = (uint8_t)(i / 32);
		memcpy(input, seed, 32);
		memcpy(input + 32, counter, 4);
		digest_of(ALG_SHA256, bytes_of(input, 36), mask);
		for (j = i; j < i + 32 && j < db_len; j++)
			em[33 + j] = db[j] ^ mask[j - i];
	}
	memcpy(input, em + 33, db_len);
	memset(input + db_len, 0, 4);
	digest_of(ALG_SHA256, bytes_of(input, db_len + 4), mask);
	for (i = 0; i < 32; i++)
		em[1 + i] = seed[i] ^ mask[i];
	return secret_of(bytes_of(em, 33 + db_len));
}

static bool
oaep_takes(uint8_t first, const uint8_t *db, size_t db_len, size_t want_len)
{
	const struct oaep_params params = {ALG_SHA256, ALG_SHA256, BYTES_NONE};
	struct secret *em = oaep_of_db(first, db, db_len);
	struct secret *out = oaep_unpad(em, &params);
	bool ok = out != NULL;

	if (ok) {
		ck_assert_uint_eq(secret_get_len(out), want_len);
		ck_assert_mem_eq(
		    secret_get(out), db + db_len - want_len, want_len);
	}
	secret_free(em);
	secret_free(out);
	return ok;
}

START_TEST(oaep_faults)
{
	uint8_t db[95] = {0};
	const struct oaep_params params = {ALG_SHA256, ALG_SHA256, BYTES_NONE};
	const struct oaep_params none = {ALG_NONE, ALG_SHA256, BYTES_NONE};
	struct secret *em;
	size_t i;

	digest_of(ALG_SHA256, BYTES_NONE, db);
	ck_assert(!oaep_takes(0, db, 95, 0)); /* no 01 */
	db[94] = 1;
	ck_assert(oaep_takes(0, db, 95, 0));  /* empty message */
	ck_assert(!oaep_takes(1, db, 95, 0)); /* leading octet */
	ck_assert(!oaep_takes(0x80, db, 95, 0));
	db[60] = 1;
	ck_assert(oaep_takes(0, db, 95, 34));
	db[32] = 1; /* the first 01 counts */
	ck_assert(oaep_takes(0, db, 95, 62));
	db[32] = 2;
	ck_assert(!oaep_takes(0, db, 95, 0));
	db[32] = 0;
	for (i = 33; i < 60; i++) {
		db[i] = 0x80;
		ck_assert(!oaep_takes(0, db, 95, 0));
		db[i] = 0;
	}
	for (i = 0; i < 32; i++) {
		db[i] ^= 1;
		ck_assert(!oaep_takes(0, db, 95, 0));
		db[i] ^= 1;
	}
	em = secret_new(65); /* one octet below the least */
	ck_assert_ptr_null(oaep_unpad(em, &params));
	secret_free(em);
	em = secret_new(66);
	ck_assert_ptr_null(oaep_unpad(em, &params));
	ck_assert_ptr_null(oaep_unpad(em, &none));
	secret_free(em);
}
END_TEST

START_TEST(encrypts_oaep)
{
	struct oaep_params params = {ALG_SHA256, ALG_SHA1, BYTES_LIT("label")};
	struct secret *msg =
	    secret_of(unit_hex("00112233445566778899aabbccddeeff"));
	struct secret *big = secret_new(128 - 65), *em, *back;
	struct buf out = {0};
	struct rsa_key k;

	rsa_key_init(&k, 512, 512);
	unit_assert_code(rsa_encrypt_oaep(&k.key, &params, msg, &out), 0);
	ck_assert_uint_eq(out.len, 128);
	em = secret_new(128);
	rsa_key_apply(&k, buf_get(&out), secret_get(em));
	back = oaep_unpad(em, &params);
	ck_assert_ptr_nonnull(back);
	ck_assert(secret_is_equal(back, msg));
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, big, &out), -CS_ERR_ARGUMENT);
	secret_cut(big, 128 - 66);
	unit_assert_code(rsa_encrypt_oaep(&k.key, &params, big, &out), 0);
	params.digest = ALG_SHA512; /* 2 * 64 + 2 > 128 */
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ARGUMENT);
	params.digest = ALG_NONE;
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ALGORITHM);
	params = (struct oaep_params){ALG_SHA256, ALG_RSA, BYTES_NONE};
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ALGORITHM);
	secret_free(msg);
	secret_free(big);
	secret_free(em);
	secret_free(back);
	buf_clear(&out);
	rsa_key_clear(&k);
}
END_TEST

#define OAEP_OID "06 09 2a864886f70d010107"
static const struct {
	const char *hex;
	int code;
	enum alg digest, mgf_digest;
	size_t label_len;
} oaeps[] = {
    {"30 0d " OAEP_OID "30 00", 0, ALG_SHA1, ALG_SHA1, 0},
    {"30 1e " OAEP_OID "30 11 a0 0f 30 0d 06 09 608648016503040201 05 00", 0,
	ALG_SHA256, ALG_SHA1, 0},
    {"30 1c " OAEP_OID "30 0f a0 0d 30 0b 06 09 608648016503040201", 0,
	ALG_SHA256, ALG_SHA1, 0},
    {"30 1f " OAEP_OID "30 12 a2 10 30 0e 06 09 2a864886f70d010109 04 01 78", 0,
	ALG_SHA1, ALG_SHA1, 1},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010109 04 00", 0,
	ALG_SHA1, ALG_SHA1, 0},
    {"30 0b " OAEP_OID, -CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
    {"30 0d " OAEP_OID "05 00", -CS_ERR_ENCODING, ALG_NONE, ALG_NONE, 0},
    {"30 0d 06 09 2a864886f70d010101 05 00", -CS_ERR_ALGORITHM, ALG_NONE,
	ALG_NONE, 0},
    {"30 1d " OAEP_OID "30 10 a0 0e 30 0c 06 08 2a864886f70d0205 05 00",
	-CS_ERR_ALGORITHM, ALG_NONE, ALG_NONE, 0},
    {"30 1c " OAEP_OID "30 0f a2 0d 30 0b 06 09 2a864886f70d010109",
	-CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010109 05 00",
	-CS_ERR_ENCODING, ALG_NONE, ALG_NONE, 0},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010108 04 00",
	-CS_ERR_UNSUPPORTED, ALG_NONE, ALG_NONE, 0},
    {"30 0f " OAEP_OID "30 02 05 00", -CS_ERR_TRAILING, ALG_NONE, ALG_NONE, 0},
    {"30 0f " OAEP_OID "30 02 a2 00", -CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
};

START_TEST(decodes_oaep_parameters)
{
	struct oaep_params params;
	struct err e = ERR_INIT;
	struct alg_id id;

	unit_assert_code(alg_id_decode(unit_hex(oaeps[_i].hex), &id), 0);
	unit_assert_code(oaep_params_decode(&id, &params, &e), oaeps[_i].code);
	ck_assert_int_eq(e.code, oaeps[_i].code);
	ck_assert_int_eq(params.digest, oaeps[_i].digest);
	ck_assert_int_eq(params.mgf_digest, oaeps[_i].mgf_digest);
	ck_assert_uint_eq(params.label.len, oaeps[_i].label_len);
}
END_TEST

START_TEST(oaep_parameters_come_back)
{
	static const struct oaep_params all[] = {
	    {ALG_SHA1, ALG_SHA1, {NULL, 0}},
	    {ALG_SHA256, ALG_SHA256, {NULL, 0}},
	    {ALG_SHA384, ALG_SHA1, {(const uint8_t *)"abc", 3}},
	};
	struct oaep_params back;
	struct buf b = {0};
	struct alg_id id;
	size_t i;

	for (i = 0; i < 3; i++) {
		buf_reset(&b);
		der_put_oaep_params(&b, &all[i]);
		unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
		unit_assert_code(oaep_params_decode(&id, &back, NULL), 0);
		ck_assert_int_eq(back.digest, all[i].digest);
		ck_assert_int_eq(back.mgf_digest, all[i].mgf_digest);
		unit_assert_bytes(back.label, all[i].label);
	}
	/* all defaults: an empty SEQUENCE, but there */
	buf_reset(&b);
	der_put_oaep_params(&b, &all[0]);
	unit_assert_bytes(buf_get(&b), unit_hex(oaeps[0].hex));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("oaep");
	TCase *tcase = tcase_create("oaep");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, openssl_paddings);
	tcase_add_test(tcase, oaep_faults);
	tcase_add_test(tcase, encrypts_oaep);
	tcase_add_loop_test(tcase, decodes_oaep_parameters, 0,
	    sizeof(oaeps) / sizeof(oaeps[0]));
	tcase_add_test(tcase, oaep_parameters_come_back);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
