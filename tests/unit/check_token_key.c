#include "token/key.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "token/x509.h"

/* tests/vectors/token: see make.sh there. */
static struct bytes
read_cert(const char *name)
{
	static struct buf ring[16];
	static unsigned next;
	struct buf *b = &ring[next++ % 16];
	char path[128];

	snprintf(path, sizeof(path), "tests/vectors/token/%s.der", name);
	buf_reset(b);
	unit_read_file(b, path);
	return buf_get(b);
}

static struct spki
read_spki(const char *name)
{
	struct spki spki;
	struct x509 x;

	unit_assert_code(x509_peek(read_cert(name), &x), 0);
	unit_assert_code(spki_decode(x.spki, &spki, NULL), 0);
	return spki;
}

static struct object *
add(struct objects *o, enum object_class class, const char *id,
    const char *label)
{
	struct object *obj = object_add(o, class);

	ck_assert_ptr_nonnull(obj);
	buf_add_bytes(&obj->id, unit_hex(id));
	buf_add_str(&obj->label, label);
	return obj;
}

static void
add_cert(struct objects *o, const char *name, const char *id)
{
	struct object *obj = add(o, OBJECT_CERT, id, name);

	ck_assert(object_set_cert(obj, read_cert(name)));
}

static struct object *
add_rsa(struct objects *o, enum object_class class, const char *id)
{
	struct object *obj = add(o, class, id, "rsa");
	struct spki spki = read_spki("rsa-both");

	ck_assert(object_set_rsa(obj, spki.modulus, spki.exponent));
	obj->flags = TOK_KEY_SIGN | TOK_KEY_DECRYPT;
	return obj;
}

#define P256_PARAMS "06 08 2a 86 48 ce 3d 03 01 07"

/* A private EC key, which does not tell its point. */
static struct object *
add_private_p256(struct objects *o, const char *id, const char *label)
{
	struct object *obj = add(o, OBJECT_PRIVATE, id, label);

	ck_assert(
	    !object_set_ec(obj, CKK_EC, unit_hex(P256_PARAMS), BYTES_NONE));
	ck_assert_int_eq(obj->type, ALG_EC);
	ck_assert_int_eq(obj->curve, OID_P256);
	obj->flags = TOK_KEY_SIGN;
	return obj;
}

static struct key *
find(const struct keys *k, const char *name)
{
	uint8_t id[SPKI_FINGERPRINT_LEN];

	spki_fingerprint(read_spki(name).raw, id);
	return keys_find(k, bytes_of(id, sizeof(id)));
}

static unsigned
count_certs(const struct keys *k, const struct key *key)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < k->objects.n; i++)
		n += key_has_cert(key, &k->objects.all[i]);
	return n;
}

START_TEST(one_key_has_several_certs)
{
	struct objects o = {0};
	struct key *key;
	struct keys k;

	add_cert(&o, "rsa-encrypt", "01");
	add_cert(&o, "rsa-both", "7f"); /* with another id */
	add_rsa(&o, OBJECT_PUBLIC, "01");
	add_rsa(&o, OBJECT_PRIVATE, "01");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_uint_eq(k.n, 1);
	key = find(&k, "rsa-both");
	ck_assert_ptr_nonnull(key);
	ck_assert_uint_eq(
	    key->flags, TOK_KEY_PRESENT | TOK_KEY_SIGN | TOK_KEY_DECRYPT);
	ck_assert_uint_eq(count_certs(&k, key), 2);
	unit_assert_bytes(key_get_id(key), unit_hex("01"));
	unit_assert_bytes(key_get_label(key), BYTES_LIT("rsa"));
	ck_assert_ptr_null(key->role);
	keys_clear(&k);
}
END_TEST

/* Only the modulus is known; CKA_ID says nothing true. */
START_TEST(rsa_is_matched_by_modulus)
{
	struct objects o = {0};
	struct object *obj;
	struct keys k;

	add_cert(&o, "p256-sign", "01");
	add_cert(&o, "rsa-both", "02");
	obj = add(&o, OBJECT_PRIVATE, "01", "x");
	ck_assert(
	    object_set_rsa(obj, read_spki("rsa-both").modulus, BYTES_NONE));
	ck_assert_uint_eq(obj->spki.raw.len, 0);
	/* An SPKI attribute of garbage changes nothing. */
	ck_assert(!object_set_spki(obj, unit_hex("30 00")));
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_uint_eq(k.n, 1);
	ck_assert_ptr_nonnull(find(&k, "rsa-both"));
	ck_assert_ptr_nonnull(find(&k, "rsa-both")->private);
	ck_assert(keys_is_apart(&k, &k.objects.all[0]));
	ck_assert(!keys_is_apart(&k, &k.objects.all[1]));
	keys_clear(&k);
}
END_TEST

START_TEST(ec_is_matched_by_id)
{
	struct objects o = {0};
	struct keys k;

	add_cert(&o, "rsa-both", "01"); /* the id, but another type */
	add_cert(&o, "ca", "02");	/* the type, but another id */
	add_cert(&o, "p256-sign", "01");
	add_private_p256(&o, "01", "");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_uint_eq(k.n, 1);
	ck_assert_ptr_nonnull(find(&k, "p256-sign"));
	keys_clear(&k);
}
END_TEST

/* Two certificates of one id and type: the public key object decides, else
 * the label. */
START_TEST(doubtful_ids_are_settled)
{
	struct spki spki = read_spki("p256-sign");
	struct objects o = {0};
	struct object *obj;
	struct keys k;

	obj = add(&o, OBJECT_PUBLIC, "01", "");
	ck_assert(
	    object_set_ec(obj, CKK_EC, unit_hex(P256_PARAMS), spki.point));
	add_cert(&o, "ca", "01");
	add_private_p256(&o, "01", "");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_ptr_nonnull(find(&k, "p256-sign"));
	ck_assert_ptr_null(find(&k, "ca"));
	keys_clear(&k);
	add_cert(&o, "p256-sign", "01");
	add_cert(&o, "ca", "01");
	add_private_p256(&o, "01", "ca");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_ptr_nonnull(find(&k, "ca"));
	ck_assert_ptr_null(find(&k, "p256-sign"));
	keys_clear(&k);
}
END_TEST

START_TEST(labels_help_without_ids)
{
	struct objects o = {0};
	struct keys k;

	add_cert(&o, "ca", "");
	add_cert(&o, "p256-sign", "");
	add_private_p256(&o, "", "p256-sign");
	add_private_p256(&o, "", ""); /* nothing tells whose it is */
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_uint_eq(k.n, 1);
	ck_assert_ptr_nonnull(find(&k, "p256-sign"));
	keys_clear(&k);
}
END_TEST

/* Before login, certificates tell of keys; a CA's does not. */
START_TEST(certs_count_before_login)
{
	struct objects o = {0};
	struct key *key;
	struct keys k;

	add_cert(&o, "ca", "09");
	add_cert(&o, "rsa-encrypt", "02");
	add_cert(&o, "p256-any", "01");
	add_cert(&o, "ed25519", "03");
	unit_assert_code(keys_make(&k, &o, false, true), 0);
	ck_assert_uint_eq(k.n, 3);
	ck_assert_ptr_null(find(&k, "ca"));
	ck_assert(keys_is_apart(&k, &k.objects.all[0]));
	key = find(&k, "rsa-encrypt");
	ck_assert_str_eq(key->role, "9c");
	/* What its private object will say after login. */
	ck_assert_uint_eq(
	    key->flags, TOK_KEY_DECRYPT | TOK_KEY_ALWAYS_AUTHENTICATE);
	key = find(&k, "p256-any");
	ck_assert_uint_eq(key->flags, TOK_KEY_SIGN | TOK_KEY_DERIVE);
	ck_assert_str_eq(key->role, "9a");
	key = find(&k, "ed25519");
	ck_assert_uint_eq(key->flags, TOK_KEY_SIGN);
	ck_assert_ptr_eq(key, &k.all[2]); /* in order of CKA_ID */
	keys_clear(&k);
}
END_TEST

/* After login, a certificate without a private key is somebody else's. */
START_TEST(certs_alone_are_apart_after_login)
{
	struct objects o = {0};
	struct keys k;

	add_cert(&o, "rsa-encrypt", "01");
	add_cert(&o, "p256-sign", "02");
	add_private_p256(&o, "02", "");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_uint_eq(k.n, 1);
	ck_assert(keys_is_apart(&k, &k.objects.all[0]));
	keys_clear(&k);
}
END_TEST

START_TEST(a_ca_with_its_key_is_a_key)
{
	struct objects o = {0};
	struct keys k;

	add_cert(&o, "ca", "01");
	add_private_p256(&o, "01", "");
	unit_assert_code(keys_make(&k, &o, true, false), 0);
	ck_assert_ptr_nonnull(find(&k, "ca"));
	ck_assert_ptr_nonnull(find(&k, "ca")->private);
	ck_assert_uint_eq(count_certs(&k, find(&k, "ca")), 1);
	keys_clear(&k);
}
END_TEST

START_TEST(nothing_makes_nothing)
{
	struct objects o = {0};
	struct keys k;

	unit_assert_code(keys_make(&k, &o, true, true), 0);
	ck_assert_uint_eq(k.n, 0);
	ck_assert_ptr_null(keys_find(&k, BYTES_LIT("x")));
	keys_clear(&k);
}
END_TEST

/* CKA_EC_POINT in all forms that are seen, and what is none. */
START_TEST(reads_ec_points)
{
	struct spki ed = read_spki("ed25519"), ec = read_spki("p256-sign");
	struct object obj = {0};
	struct buf wrapped = {0}, params = {0};

	ck_assert(object_set_ec(&obj, CKK_EC, unit_hex(P256_PARAMS), ec.point));
	unit_assert_bytes(obj.spki.raw, ec.raw);
	der_put(&wrapped, DER_OCTET_STRING, ec.point);
	ck_assert(object_set_ec(
	    &obj, CKK_EC, unit_hex(P256_PARAMS), buf_get(&wrapped)));
	unit_assert_bytes(obj.spki.raw, ec.raw);
	wrapped.data[10] ^= 1; /* off the curve */
	ck_assert(!object_set_ec(
	    &obj, CKK_EC, unit_hex(P256_PARAMS), buf_get(&wrapped)));
	ck_assert(!object_set_ec(
	    &obj, CKK_EC, unit_hex(P256_PARAMS), bytes_of(ec.point.p, 64)));
	ck_assert(
	    !object_set_ec(&obj, CKK_EC, unit_hex("06 03 2a 03 04"), ec.point));
	buf_reset(&wrapped);
	der_put_str(&params, DER_PRINTABLE_STRING, "edwards25519");
	der_put(&wrapped, DER_OCTET_STRING, ed.key_bits);
	ck_assert(object_set_ec(
	    &obj, CKK_EC_EDWARDS, buf_get(&params), buf_get(&wrapped)));
	unit_assert_bytes(obj.spki.raw, ed.raw);
	ck_assert(object_set_ec(
	    &obj, CKK_EC_EDWARDS, unit_hex("06 03 2b 65 70"), ed.key_bits));
	unit_assert_bytes(obj.spki.raw, ed.raw);
	ck_assert(
	    !object_set_ec(&obj, CKK_EC, buf_get(&params), buf_get(&wrapped)));
	buf_clear(&obj.value);
	buf_clear(&wrapped);
	buf_clear(&params);
}
END_TEST

static const struct {
	const char *hex, *role;
} roles[] = {{"01", "9a"}, {"02", "9c"}, {"03", "9d"}, {"04", "9e"},
    {"05", "82"}, {"18", "95"}, {"19", NULL}, {"00", NULL}, {"", NULL},
    {"00 01", NULL}};

START_TEST(names_piv_roles)
{
	const char *role = key_piv_role(unit_hex(roles[_i].hex));

	if (roles[_i].role == NULL)
		ck_assert_ptr_null(role);
	else
		ck_assert_str_eq(role, roles[_i].role);
}
END_TEST

static void
fill(unsigned char *field, size_t len, const char *text)
{
	memset(field, ' ', len);
	memcpy(field, text, strlen(text));
}

START_TEST(knows_piv_cards)
{
	CK_TOKEN_INFO info = {0};

	fill(info.manufacturerID, 32, "piv_II");
	fill(info.model, 16, "PKCS#15 emulated");
	ck_assert(key_has_piv_ids(&info));
	fill(info.manufacturerID, 32, "Common Access Card");
	ck_assert(!key_has_piv_ids(&info));
	fill(info.manufacturerID, 32, "Yubico (www.yubico.com)");
	ck_assert(!key_has_piv_ids(&info));
	fill(info.model, 16, "YubiKey YK5");
	ck_assert(key_has_piv_ids(&info));
}
END_TEST

/* Every prefix and every changed octet of a certificate. */
START_TEST(x509_survives_mutations)
{
	struct bytes good = read_cert("rsa-both");
	uint8_t copy[1024];
	struct x509 x;
	size_t i;

	unit_assert_code(x509_peek(good, &x), 0);
	ck_assert(!x.is_ca && x.has_usage);
	ck_assert_uint_eq(
	    x.usage, X509_DIGITAL_SIGNATURE | X509_KEY_ENCIPHERMENT);
	unit_assert_code(x509_peek(read_cert("ca"), &x), 0);
	ck_assert(x.is_ca);
	ck_assert_uint_le(good.len, sizeof(copy));
	for (i = 0; i < good.len; i++) {
		memcpy(copy, good.p, good.len);
		unit_assert_code(
		    x509_peek(bytes_of(copy, i), &x), -CS_ERR_CERTIFICATE);
		ck_assert_uint_eq(x.spki.len, 0);
		copy[i] ^= 0x55;
		if (x509_peek(bytes_of(copy, good.len), &x) != 0)
			ck_assert_uint_eq(x.spki.len, 0);
	}
	unit_assert_code(
	    x509_peek(bytes_of(copy, X509_LEN_MAX + 1), &x), -CS_ERR_TOO_LARGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_key");
	TCase *tcase = tcase_create("token_key");

	tcase_add_test(tcase, one_key_has_several_certs);
	tcase_add_test(tcase, rsa_is_matched_by_modulus);
	tcase_add_test(tcase, ec_is_matched_by_id);
	tcase_add_test(tcase, doubtful_ids_are_settled);
	tcase_add_test(tcase, labels_help_without_ids);
	tcase_add_test(tcase, certs_count_before_login);
	tcase_add_test(tcase, certs_alone_are_apart_after_login);
	tcase_add_test(tcase, a_ca_with_its_key_is_a_key);
	tcase_add_test(tcase, nothing_makes_nothing);
	tcase_add_test(tcase, reads_ec_points);
	tcase_add_loop_test(
	    tcase, names_piv_roles, 0, (int)(sizeof(roles) / sizeof(roles[0])));
	tcase_add_test(tcase, knows_piv_cards);
	tcase_add_test(tcase, x509_survives_mutations);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
