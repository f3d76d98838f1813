/*
 * mutations: each kind of message, changed. Whatever is done to one, reading
 * it gives the original's content or none; CBC, which authenticates nothing,
 * is let off that. Every single bit of small AEAD messages is flipped, too:
 * where it counts (ciphertext, tag, nonce, attributes, wrapped key) the exit
 * status is 1 and not an octet comes out.
 *
 * CS_MUTATIONS: how many of each kind (300 unless given). CS_SEED: where they
 * start. CS_KIND: only kinds with that in their name. `make mutations` does
 * 100,000. A reader with a planted defect, which
 * lets everything out, has to be caught.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/alg/pbkdf2.h"
#include "asn1/alg/random.h"
#include "asn1/attrs.h"
#include "asn1/recipient_info.h"
#include "client/cms/compressed.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/world_run.h"
#include "tests/unit/craft.h"

#define TEXT "Content-Type: text/plain\r\n\r\nHello, whoever changes this\r\n"
#define SECONDS_MAX 20 /* of one message */

struct kind {
	const char *name;
	bool is_unauthenticated;
	bool is_aead;
	struct buf cms;
};

static struct kind kinds[32];
static size_t kinds_len;
static struct secret *kek_key, *password;
static const struct secret *passwords[1];
static struct cms_kek kek;
static struct cms_reader_params opens;
/* --- messages --- */

static struct kind *
add_kind(const char *name)
{
	kinds[kinds_len].name = name;
	return &kinds[kinds_len++];
}

static void
add_enveloped(const char *name, struct cms_encrypt_params params)
{
	struct kind *k = add_kind(name), *ber;
	struct bytes_source source;
	struct sink *out = sink_new_buf(&k->cms);
	struct err e = ERR_INIT;

	params.content_type = OID_DATA;
	params.iterations = 100;
	k->is_aead = alg_get(params.cipher)->kind == ALG_KIND_AEAD;
	k->is_unauthenticated = !k->is_aead;
	bytes_source_init(&source, BYTES_LIT(TEXT), 1000);
	if (cms_encrypt_der(
		&params, &source.source, sizeof(TEXT) - 1, out, &e) != 0)
		abort();
	sink_free(out);
	ber = add_kind(name);
	ber->is_unauthenticated = k->is_unauthenticated;
	craft_ber(buf_get(&k->cms), 7, &ber->cms);
}

static void
add_signed(const char *name, enum person who)
{
	struct kind *k = add_kind(name), *ber;

	world_sign_as(who, BYTES_LIT(TEXT), &k->cms);
	ber = add_kind(name);
	craft_ber(buf_get(&k->cms), 7, &ber->cms);
}

static void
add_compressed(void)
{
	struct kind *k = add_kind("CompressedData");
	struct sink *out = sink_new_buf(&k->cms);
	struct compressed_source compressed;
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT(TEXT), 1000);
	compressed_source_init(&compressed, &source.source, true);
	if (source_run(&compressed.source, out, NULL) != 0)
		abort();
	sink_free(out);
}

static void
add_all(void)
{
	static struct cert *alice, *bob;
	struct cms_encrypt_params rsa, ecdh, pw, by_kek;
	struct buf attrs = {0};

	alice = world_cert(ALICE);
	bob = world_cert(BOB);
	rsa = (struct cms_encrypt_params){
	    .recipients = &alice, .recipients_len = 1};
	ecdh = rsa;
	ecdh.recipients = &bob;
	pw = (struct cms_encrypt_params){
	    .passwords = passwords, .passwords_len = 1};
	by_kek = (struct cms_encrypt_params){.keks = &kek, .keks_len = 1};
	rsa.cipher = ALG_AES256_CBC;
	add_enveloped("EnvelopedData, RSA, CBC", rsa);
	rsa.cipher = ALG_AES256_GCM;
	add_enveloped("AuthEnvelopedData, RSA, GCM", rsa);
	ecdh.cipher = ALG_AES128_GCM;
	attr_put_signing_time(&attrs, 1700000000);
	attr_put_content_type(&attrs, OID_DATA);
	ecdh.auth_attrs = buf_get(&attrs);
	add_enveloped("AuthEnvelopedData, ECDH, GCM, attributes", ecdh);
	pw.cipher = ALG_CHACHA20_POLY1305;
	add_enveloped("AuthEnvelopedData, password, ChaCha20", pw);
	by_kek.cipher = ALG_AES256_GCM;
	add_enveloped("AuthEnvelopedData, key, GCM", by_kek);
	by_kek.cipher = ALG_AES128_CBC;
	add_enveloped("EnvelopedData, key, CBC", by_kek);
	add_signed("SignedData, RSA", ALICE);
	add_signed("SignedData, ECDSA", BOB);
	add_signed("SignedData, Ed25519", DAVE);
	add_compressed();
	buf_clear(&attrs);
}

/* --- reading --- */

struct keep_sink {
	struct sink sink;
	struct buf *content;
};

static int
keep(struct sink *sink, struct bytes in, struct err *e)
{
	(void)e;
	return buf_add_bytes(((struct keep_sink *)sink)->content, in);
}

/* The planted defect: all that comes is let out. */
static int
read_planted(struct bytes cms, struct buf *content)
{
	struct keep_sink s = {{.write = keep}, content};
	struct verdict *v = verdict_new();
	struct cms_reader *reader;
	struct err e = ERR_INIT;
	int r = cms_reader_new(&opens, v, &s.sink, &reader, &e);

	if (r == 0)
		r = cms_reader_write(reader, cms, &e);
	cms_reader_free(reader);
	verdict_free(v);
	return r;
}

/* The code of the whole: of reading, or of the verdict. */
static int
read_one(struct bytes cms, struct buf *content, bool is_planted)
{
	struct verdict *v = NULL;
	struct err e = ERR_INIT;
	int r;

	buf_reset(content);
	if (is_planted)
		return read_planted(cms, content);
	r = world_read(&opens, cms, &v, content, &e);
	if (r == 0)
		r = v->code;
	verdict_free(v);
	return r;
}

/* Is that right for a changed message? */
static bool
is_fine(const struct kind *k, int code, const struct buf *content)
{
	if (content->len == 0 && code != 0)
		return true;
	if (k->is_unauthenticated && code == 0)
		return true;
	return bytes_is_equal(buf_get(content), BYTES_LIT(TEXT));
}

/* --- single bits --- */

struct range {
	const char *name;
	const uint8_t *from;
	size_t len;
};

/* What counts in an AuthEnvelopedData in DER with one recipient. */
static size_t
find_ranges(const struct kind *k, struct range *ranges)
{
	struct der d, in, data, set, info, alg;
	struct recipient_info recipient;
	struct recipient_key key;
	struct bytes b;
	size_t n = 0;
	int tag;

	der_init(&d, buf_get(&k->cms));
	in = der_enter(&d, DER_SEQUENCE);
	der_skip(&in);
	data = der_enter(&in, DER_CONTEXT_C(0));
	data = der_enter(&data, DER_SEQUENCE);
	der_skip(&data);
	set = der_enter(&data, DER_SET);
	if (recipient_info_decode(der_get_any(&set, &tag), &recipient, NULL) !=
	    0)
		abort();
	b = recipient.encrypted_key;
	if (recipient.kind == RECIPIENT_KARI) {
		if (recipient_info_get_key(&recipient, 0, &key) != 0)
			abort();
		b = key.encrypted_key;
	}
	ranges[n++] = (struct range){"the wrapped key", b.p, b.len};
	info = der_enter(&data, DER_SEQUENCE);
	der_skip(&info);
	alg = der_enter(&info, DER_SEQUENCE);
	der_skip(&alg);
	if (der_peek(&alg) == DER_SEQUENCE)
		alg = der_enter(&alg, DER_SEQUENCE);
	b = der_get(&alg, DER_OCTET_STRING);
	ranges[n++] = (struct range){"the nonce", b.p, b.len};
	b = der_get(&info, DER_CONTEXT(0));
	ranges[n++] = (struct range){"the ciphertext", b.p, b.len};
	if (der_get_opt(&data, DER_CONTEXT_C(1), &b))
		ranges[n++] = (struct range){"the attributes", b.p, b.len};
	b = der_get(&data, DER_OCTET_STRING);
	ranges[n++] = (struct range){"the tag", b.p, b.len};
	if (der_end(&data) != 0)
		abort();
	return n;
}

/* Flips each bit of a run, one at a time; how many went wrong. */
static unsigned
flip_run(struct kind *k, const uint8_t *from, size_t len, bool is_strict)
{
	size_t at = (size_t)(from - k->cms.data), i;
	struct buf content = {0};
	unsigned bad = 0;
	uint8_t *octet;
	int code;

	for (i = 0; i < 8 * len; i++) {
		octet = &k->cms.data[at + i / 8];
		*octet ^= (uint8_t)(1U << i % 8);
		code = read_one(buf_get(&k->cms), &content, false);
		if (!is_fine(k, code, &content) ||
		    (is_strict &&
			(err_exit_status(code) != 1 || content.len != 0))) {
			printf("# bit %zu of octet %zu: %s\n", i % 8,
			    at + i / 8, err_name(code));
			bad++;
		}
		*octet ^= (uint8_t)(1U << i % 8);
	}
	buf_clear(&content);
	return bad;
}

static void
flip_all(struct kind *k)
{
	struct range ranges[8];
	size_t n = find_ranges(k, ranges), i;

	for (i = 0; i < n; i++)
		run_case(flip_run(k, ranges[i].from, ranges[i].len, true) == 0,
		    k->name, ranges[i].name);
	run_case(flip_run(k, k->cms.data, k->cms.len, false) == 0, k->name,
	    "any bit");
}

/* --- random changes --- */

/* Returns how many went wrong. */
static unsigned
mutate_kind(struct kind *k, unsigned long count, uint64_t seed, bool is_planted)
{
	struct buf changed = {0}, content = {0};
	unsigned bad = 0;
	unsigned long i;
	time_t start;
	int code;

	for (i = 0; i < count && bad < 10; i++) {
		mutate(buf_get(&k->cms), seed + i, &changed);
		start = time(NULL);
		code = read_one(buf_get(&changed), &content, is_planted);
		if (is_fine(k, code, &content) &&
		    time(NULL) - start <= SECONDS_MAX)
			continue;
		bad++;
		if (!is_planted)
			printf("# CS_SEED=%llu: %s\n",
			    (unsigned long long)(seed + i), err_name(code));
	}
	buf_clear(&changed);
	buf_clear(&content);
	return bad;
}

/* One kind: as it is, and changed. */
static void
try_kind(struct kind *k, unsigned long count, uint64_t seed)
{
	struct buf content = {0};

	read_one(buf_get(&k->cms), &content, false);
	run_case(bytes_is_equal(buf_get(&content), BYTES_LIT(TEXT)), k->name,
	    "as it was made");
	if (k->is_aead)
		flip_all(k);
	run_case(mutate_kind(k, count, seed, false) == 0, k->name,
	    "changed at random");
	if (k->is_aead)
		run_case(mutate_kind(k, 1000, seed, true) != 0, k->name,
		    "planted: all is let out");
	buf_clear(&content);
}

START_TEST(all)
{
	unsigned long count = run_number("CS_MUTATIONS", 300);
	uint64_t seed = run_number("CS_SEED", 1);
	const char *only = getenv("CS_KIND");
	size_t i;

	kek_key = random_secret(32);
	password = secret_new_from("secret", 6);
	passwords[0] = password;
	kek = (struct cms_kek){kek_key, BYTES_LIT("k")};
	opens = world.decrypt;
	opens.trust = &world.trust;
	opens.keks = &kek;
	opens.keks_len = 1;
	opens.passwords = passwords;
	opens.passwords_len = 1;
	add_all();
	for (i = 0; i < kinds_len; i++)
		if (only == NULL || strstr(kinds[i].name, only) != NULL)
			try_kind(&kinds[i], count, seed);
	for (i = 0; i < kinds_len; i++)
		buf_clear(&kinds[i].cms);
	secret_free(kek_key);
	secret_free(password);
}
END_TEST

int
main(void)
{
	return run_world("mutations", all);
}
