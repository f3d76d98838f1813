/* Keys: made on the token, or brought there. */
#include <string.h>

#include "asn1/alg/random.h"
#include "token/pkcs8.h"
#include "token/write.h"
#include "token/x509.h"

/* --- generate --- */

static const struct write_type {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	enum alg alg;
	CK_ULONG bits;	/* RSA */
	enum oid curve; /* EC */
} write_types[] = {
    {"rsa2048", CKM_RSA_PKCS_KEY_PAIR_GEN, ALG_RSA, 2048, OID_UNKNOWN},
    {"rsa3072", CKM_RSA_PKCS_KEY_PAIR_GEN, ALG_RSA, 3072, OID_UNKNOWN},
    {"rsa4096", CKM_RSA_PKCS_KEY_PAIR_GEN, ALG_RSA, 4096, OID_UNKNOWN},
    {"p256", CKM_EC_KEY_PAIR_GEN, ALG_EC, 0, OID_P256},
    {"p384", CKM_EC_KEY_PAIR_GEN, ALG_EC, 0, OID_P384},
    {"p521", CKM_EC_KEY_PAIR_GEN, ALG_EC, 0, OID_P521},
    {"ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, ALG_ED25519_KEY, 0, OID_ED25519},
};

static const struct write_type *
write_find_type(struct bytes name)
{
	size_t i;

	for (i = 0; i < sizeof(write_types) / sizeof(write_types[0]); i++)
		if (bytes_is_equal(name, bytes_of_str(write_types[i].name)))
			return &write_types[i];
	return NULL;
}

/* C_GenerateKeyPair; the id joins the two, as nothing else does before the
 * public key is known. */
static CK_RV
write_make_pair(struct writing *w, const struct write_type *type,
    struct bytes label, CK_OBJECT_HANDLE *public)
{
	static const uint8_t f4[] = {1, 0, 1};
	struct template private_half = {.len = 0}, public_half = {.len = 0};
	unsigned flags = object_type_flags(type->alg);
	CK_MECHANISM mech = {type->mechanism, NULL, 0};
	CK_OBJECT_HANDLE private;
	uint8_t id[WRITE_ID_LEN];
	struct buf params = {0};
	CK_RV rv;

	random_fill(id, sizeof(id));
	template_add_names(&public_half, bytes_of(id, sizeof(id)), label);
	template_add_public(&public_half, flags);
	if (type->alg == ALG_RSA) {
		template_add_ulong(&public_half, CKA_MODULUS_BITS, &type->bits);
		template_add(&public_half, CKA_PUBLIC_EXPONENT,
		    bytes_of(f4, sizeof(f4)));
	} else {
		der_put_oid(&params, type->curve);
		template_add(&public_half, CKA_EC_PARAMS, buf_get(&params));
	}
	template_add_names(&private_half, bytes_of(id, sizeof(id)), label);
	template_add_private(&private_half, flags);
	rv = params.err != 0 ? CKR_HOST_MEMORY
			     : w->u->w->module.f->C_GenerateKeyPair(w->session,
				   &mech, public_half.attributes,
				   public_half.len, private_half.attributes,
				   private_half.len, public, &private);
	buf_clear(&params);
	if (rv != CKR_OK)
		return rv;
	write_note(w, private);
	write_note(w, *public);
	return rv;
}

/* Reads the token anew to tell what was made. */
static CK_RV
write_tell_pair(struct writing *w, CK_OBJECT_HANDLE public)
{
	struct slot *slot = w->u->slot;
	struct tok_written written = {.flags = TOK_WRITTEN_KEY};
	const struct key *key;
	size_t i;
	CK_RV rv;

	slot->has_keys = false;
	rv = slot_load_keys(&w->u->w->slots, slot);
	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < slot->keys.n; i++) {
		key = &slot->keys.all[i];
		if (key->public == NULL || key->public->handle != public)
			continue;
		written.key_id = bytes_of(key->key_id, sizeof(key->key_id));
		written.spki = key->spki.raw;
		tok_written_put(&w->u->w->result, &written);
		return CKR_OK;
	}
	return use_refuse(w->u, -CS_ERR_DEVICE,
	    "the key was made, but the token does not show its public part");
}

CK_RV
write_generate(struct writing *w, const struct tok_object *o)
{
	const struct write_type *type = write_find_type(o->key_type);
	CK_OBJECT_HANDLE public;
	CK_RV rv;

	if (type == NULL)
		return use_refuse(
		    w->u, -CS_ERR_ARGUMENT, "there is no such type of key");
	rv = write_make_pair(w, type, o->label, &public);
	return rv == CKR_OK ? write_tell_pair(w, public) : rv;
}

/* --- import --- */

/* One key on its way to the token. */
struct write_key {
	struct pkcs8 key;
	struct buf spki_der, params, point;
	struct spki spki;
	uint8_t id[WRITE_ID_LEN];
	unsigned flags; /* what it is for: tok_key_flag */
};

/* The usage that the certificate tells; what the type can do where there is
 * none, or one that leaves nothing. */
static CK_RV
write_get_usage(struct writing *w, struct bytes cert, struct write_key *k)
{
	struct object obj = {.class = OBJECT_CERT};
	bool is_same;

	k->flags = object_type_flags(k->spki.alg);
	if (cert.len == 0)
		return CKR_OK;
	if (!object_set_cert(&obj, cert)) {
		buf_clear(&obj.value);
		return use_refuse(w->u, -CS_ERR_CERTIFICATE,
		    "the key's certificate is broken");
	}
	is_same = bytes_is_equal(obj.spki.key_bits, k->spki.key_bits);
	if (obj.flags != 0)
		k->flags = obj.flags;
	buf_clear(&obj.value);
	return is_same ? CKR_OK
		       : use_refuse(w->u, -CS_ERR_ARGUMENT,
			     "the certificate is for another key");
}

static CK_RV
write_take_key(
    struct writing *w, const struct tok_object *o, struct write_key *k)
{
	int r;

	r = pkcs8_decode(o->private_key, &k->key, w->u->e);
	if (r == 0)
		r = pkcs8_put_spki(&k->key, &k->spki_der);
	if (r == 0)
		r = spki_decode(buf_get(&k->spki_der), &k->spki, w->u->e);
	if (r != 0) {
		w->u->code = r;
		return CKR_FUNCTION_FAILED;
	}
	spki_key_id(&k->spki, k->id);
	if (k->key.alg == ALG_EC) {
		der_put_oid(&k->params, k->key.curve);
		der_put(&k->point, DER_OCTET_STRING, k->key.point);
	}
	if (k->params.err != 0 || k->point.err != 0)
		return CKR_HOST_MEMORY;
	return write_get_usage(w, o->certificate, k);
}

static void
write_add_rsa(struct template *t, const struct pkcs8 *key)
{
	template_add(t, CKA_PRIVATE_EXPONENT, key->private_exponent);
	template_add(t, CKA_PRIME_1, key->prime1);
	template_add(t, CKA_PRIME_2, key->prime2);
	template_add(t, CKA_EXPONENT_1, key->exponent1);
	template_add(t, CKA_EXPONENT_2, key->exponent2);
	template_add(t, CKA_COEFFICIENT, key->coefficient);
}

/* One half of the pair. */
static CK_RV
write_half(struct writing *w, const struct write_key *k, struct bytes label,
    bool is_private)
{
	static const CK_ULONG classes[] = {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY};
	static const CK_ULONG rsa = CKK_RSA, ec = CKK_EC;
	bool is_rsa = k->key.alg == ALG_RSA;
	struct template t = {.len = 0};

	template_add_ulong(&t, CKA_CLASS, &classes[is_private]);
	template_add_ulong(&t, CKA_KEY_TYPE, is_rsa ? &rsa : &ec);
	template_add_names(&t, bytes_of(k->id, sizeof(k->id)), label);
	if (is_private)
		template_add_private(&t, k->flags);
	else
		template_add_public(&t, k->flags);
	if (is_rsa) {
		template_add(&t, CKA_MODULUS, k->key.modulus);
		template_add(&t, CKA_PUBLIC_EXPONENT, k->key.exponent);
	} else {
		template_add(&t, CKA_EC_PARAMS, buf_get(&k->params));
	}
	if (is_rsa && is_private)
		write_add_rsa(&t, &k->key);
	else if (!is_rsa && is_private)
		template_add(&t, CKA_VALUE, k->key.scalar);
	else if (!is_rsa)
		template_add(&t, CKA_EC_POINT, buf_get(&k->point));
	return write_create(w, &t);
}

static CK_RV
write_put_key(
    struct writing *w, const struct tok_object *o, struct write_key *k)
{
	struct key *there = keys_find_private(&w->u->slot->keys, &k->spki);
	struct tok_written written = {.flags = 0};
	struct bytes id = bytes_of(k->id, sizeof(k->id));
	uint8_t key_id[TOK_KEY_ID_LEN];
	CK_RV rv = CKR_OK;

	if (there == NULL) {
		rv = write_half(w, k, o->label, true);
		if (rv == CKR_OK)
			rv = write_half(w, k, o->label, false);
		written.flags = TOK_WRITTEN_KEY;
	} else {
		id = key_get_id(there);
	}
	if (rv == CKR_OK && o->certificate.len != 0)
		rv = write_certificate(
		    w, there, id, o->label, o->certificate, &written.flags);
	spki_fingerprint(k->spki.raw, key_id);
	written.key_id = bytes_of(key_id, sizeof(key_id));
	written.spki = k->spki.raw;
	tok_written_put(&w->u->w->result, &written);
	return rv;
}

CK_RV
write_import(struct writing *w, const struct tok_object *o)
{
	struct write_key k = {.flags = 0};
	CK_RV rv = write_take_key(w, o, &k);

	if (rv == CKR_OK)
		rv = write_put_key(w, o, &k);
	buf_clear(&k.spki_der);
	buf_clear(&k.params);
	buf_clear(&k.point);
	return rv;
}
