/* Making RecipientInfos: RFC 5652 6.2, 3370, 3560, 5753, 8418, 3211. */
#include "asn1/alg/ecdh.h"
#include "asn1/alg/keywrap.h"
#include "asn1/alg/pbkdf2.h"
#include "asn1/alg/pwri.h"
#include "asn1/alg/random.h"
#include "asn1/kari.h"
#include "asn1/say.h"
#include "client/cms/enveloped.h"

#define KEY_ID_LEN 20

/* What making one message's recipients needs. */
struct recipients {
	const struct cms_encrypt_params *params;
	const struct secret *key; /* the content's */
	struct buf *out;
	unsigned version; /* of EnvelopedData, so far */
	struct err *e;
};

static int
recipients_refuse(
    struct recipients *s, int code, const struct cert *c, const char *why)
{
	char key[64];
	struct buf name = {0};

	spki_describe(key, sizeof(key), cert_get_spki(c));
	cert_describe(c, &name);
	buf_add_byte(&name, 0);
	err_set(s->e, code, "the recipient %s cannot be encrypted to: %s (%s)",
	    name.err == 0 ? (const char *)name.data : "?", say(why), key);
	buf_clear(&name);
	return code;
}

/* key_id: KEY_ID_LEN octets, for one that has to be computed. */
static void
recipients_name(struct recipients *s, const struct cert *c, uint8_t *key_id,
    struct cert_id *rid)
{
	*rid = (struct cert_id){0};
	if (!s->params->uses_key_ids) {
		rid->issuer = cert_get_issuer(c);
		rid->serial = cert_get_serial(c);
		return;
	}
	rid->key_id = cert_get_key_id(c);
	if (rid->key_id.len != 0)
		return;
	spki_key_id(cert_get_spki(c), key_id);
	rid->key_id = bytes_of(key_id, KEY_ID_LEN);
}

/* --- key transport --- */

static int
recipients_put_rsa(struct recipients *s, const struct cert *c)
{
	const struct spki *spki = cert_get_spki(c);
	struct recipient_info info = {.kind = RECIPIENT_KTRI};
	struct buf alg = {0}, encrypted = {0};
	uint8_t key_id[KEY_ID_LEN];
	struct oaep_params oaep;
	int r;

	recipients_name(s, c, key_id, &info.rid);
	if (spki->alg == ALG_RSA && s->params->oaep == NULL) {
		der_put_alg(&alg, ALG_RSA_PKCS1);
		r = rsa_encrypt_pkcs1(spki, s->key, &encrypted);
	} else {
		oaep_params_choose(spki, &oaep);
		if (spki->alg == ALG_RSA)
			oaep = *s->params->oaep;
		der_put_oaep_params(&alg, &oaep);
		r = rsa_encrypt_oaep(spki, &oaep, s->key, &encrypted);
	}
	if (r == -CS_ERR_ARGUMENT)
		r = recipients_refuse(
		    s, -CS_ERR_ALGORITHM, c, "its key is too short");
	else if (r != 0)
		err_set(s->e, r, NULL);
	if (r == 0) {
		info.key_enc_alg.raw = buf_get(&alg);
		info.encrypted_key = buf_get(&encrypted);
		der_put_ktri(s->out, &info);
		if (cert_id_has_key_id(&info.rid) && s->version < 2)
			s->version = 2;
		r = alg.err != 0 ? alg.err : s->out->err;
	}
	buf_clear(&alg);
	buf_clear(&encrypted);
	return r;
}

/* --- key agreement --- */

static enum alg
recipients_choose_agreement(const struct recipients *s, const struct spki *key)
{
	if (s->params->agreement != ALG_NONE)
		return s->params->agreement;
	if (key->alg == ALG_X25519_KEY)
		return ALG_ECDH_HKDF_SHA256;
	if (key->alg == ALG_X448_KEY)
		return ALG_ECDH_HKDF_SHA512;
	switch (key->curve) {
	case OID_P384:
		return ALG_ECDH_STD_SHA384_KDF;
	case OID_P521:
		return ALG_ECDH_STD_SHA512_KDF;
	default:
		return ALG_ECDH_STD_SHA256_KDF;
	}
}

/* RFC 8418 2: the new curves have no cofactor agreement. */
static bool
agreement_fits(enum alg agreement, const struct spki *key)
{
	switch (agreement) {
	case ALG_ECDH_COF_SHA1_KDF:
	case ALG_ECDH_COF_SHA224_KDF:
	case ALG_ECDH_COF_SHA256_KDF:
	case ALG_ECDH_COF_SHA384_KDF:
	case ALG_ECDH_COF_SHA512_KDF:
		return key->alg == ALG_EC;
	default:
		return alg_get(agreement)->kind == ALG_KIND_KEY_AGREEMENT;
	}
}

/* RFC 8551 2.3: the wrap as strong as the content's cipher. */
static enum alg
wrap_by_len(size_t len)
{
	if (len <= 16)
		return ALG_AES128_WRAP;
	return len <= 24 ? ALG_AES192_WRAP : ALG_AES256_WRAP;
}

static void
recipients_put_originator_alg(struct buf *b, const struct spki *key)
{
	size_t mark;

	if (key->alg != ALG_EC) {
		der_put_alg(b, key->alg);
		return;
	}
	/* RFC 5753 3.1.1 leaves the parameters out, or repeats the curve */
	mark = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_EC_PUBLIC_KEY);
	der_close(b, mark);
}

/* Wraps the content's key for a shared secret, which it frees. */
static int
recipients_wrap_shared(struct recipients *s, const struct alg_id *key_enc_alg,
    struct recipient_info *info, struct secret *shared, struct buf *wrapped)
{
	struct secret *kek = NULL;
	struct kari_algs algs;
	int r = kari_algs_decode(key_enc_alg, &algs, s->e);

	if (r == 0) {
		kek = kari_derive(&algs, info, shared);
		r = kek != NULL ? aes_wrap(kek, s->key, wrapped)
				: -CS_ERR_NO_MEMORY;
	}
	secret_free(kek);
	secret_free(shared);
	return r;
}

static int
recipients_put_ecdh(struct recipients *s, const struct cert *c)
{
	const struct spki *spki = cert_get_spki(c);
	struct recipient_info info = {.kind = RECIPIENT_KARI};
	struct buf alg = {0}, originator = {0}, public = {0}, wrapped = {0};
	enum alg agreement = recipients_choose_agreement(s, spki);
	uint8_t key_id[KEY_ID_LEN];
	struct recipient_key to;
	struct secret *shared;
	int r;

	if (!agreement_fits(agreement, spki))
		return recipients_refuse(s, -CS_ERR_ALGORITHM, c,
		    "its curve has no such key agreement");
	r = ecdh_ephemeral(spki, &public, &shared);
	if (r == -CS_ERR_ARGUMENT)
		return recipients_refuse(
		    s, -CS_ERR_ALGORITHM, c, "its key is of small order");
	if (r == 0) {
		der_put_kari_algs(
		    &alg, agreement, wrap_by_len(secret_get_len(s->key)));
		r = alg_id_decode(buf_get(&alg), &info.key_enc_alg);
	}
	if (r == 0)
		r = recipients_wrap_shared(
		    s, &info.key_enc_alg, &info, shared, &wrapped);
	if (r == 0) {
		recipients_put_originator_alg(&originator, spki);
		info.originator_alg.raw = buf_get(&originator);
		info.originator_key = buf_get(&public);
		recipients_name(s, c, key_id, &to.rid);
		to.encrypted_key = buf_get(&wrapped);
		der_put_kari(s->out, &info, &to);
		if (s->version < 2)
			s->version = 2;
		r = originator.err != 0 ? originator.err : s->out->err;
	}
	buf_clear(&alg);
	buf_clear(&originator);
	buf_clear(&public);
	buf_clear(&wrapped);
	return r;
}

static int
recipients_put_cert(struct recipients *s, const struct cert *c)
{
	const struct spki *spki = cert_get_spki(c);

	if (spki->alg == ALG_RSA || spki->alg == ALG_RSA_OAEP_KEY)
		return recipients_put_rsa(s, c);
	if (ecdh_is_key(spki))
		return recipients_put_ecdh(s, c);
	return recipients_refuse(
	    s, -CS_ERR_ALGORITHM, c, "its key is for something else");
}

/* --- keys and passwords --- */

static int
recipients_put_kek(struct recipients *s, const struct cms_kek *kek)
{
	struct recipient_info info = {
	    .kind = RECIPIENT_KEKRI, .kek_id = kek->id};
	size_t len = secret_get_len(kek->key);
	struct buf alg = {0}, wrapped = {0};
	int r;

	if (len != 16 && len != 24 && len != 32)
		return err_set(s->e, -CS_ERR_ARGUMENT,
		    "a key-encryption key has 16, 24 or 32 octets, not %zu",
		    len);
	if (kek->id.len == 0 || kek->id.len > RECIPIENT_KEK_ID_MAX)
		return err_set(s->e, -CS_ERR_ARGUMENT,
		    "the name of a key-encryption key has 1 to %d octets",
		    RECIPIENT_KEK_ID_MAX);
	der_put_alg(&alg, wrap_by_len(len));
	r = aes_wrap(kek->key, s->key, &wrapped);
	if (r == 0) {
		info.key_enc_alg.raw = buf_get(&alg);
		info.encrypted_key = buf_get(&wrapped);
		der_put_kekri(s->out, &info);
		if (s->version < 2)
			s->version = 2;
		r = alg.err != 0 ? alg.err : s->out->err;
	}
	buf_clear(&alg);
	buf_clear(&wrapped);
	return r;
}

static int
recipients_put_password(struct recipients *s, const struct secret *password)
{
	struct recipient_info info = {.kind = RECIPIENT_PWRI};
	struct buf alg = {0}, kdf = {0}, wrapped = {0};
	uint8_t salt[PBKDF2_SALT_LEN];
	struct pbkdf2_params params = {
	    .prf = ALG_HMAC_SHA256,
	    .salt = bytes_of(salt, sizeof(salt)),
	    .iterations = s->params->iterations != 0 ? s->params->iterations
						     : PBKDF2_ITERATIONS,
	};
	struct cipher_params cipher;
	struct secret *kek = NULL;
	int r = cipher_params_new(ALG_AES256_CBC, &cipher);

	random_fill(salt, sizeof(salt));
	if (r == 0) {
		kek = pbkdf2_derive(
		    &params, password, cipher_key_len(cipher.alg));
		r = kek != NULL ? pwri_wrap(&cipher, kek, s->key, &wrapped)
				: -CS_ERR_NO_MEMORY;
	}
	secret_free(kek);
	if (r == 0) {
		der_put_pbkdf2_params(&kdf, DER_CONTEXT_C(0), &params);
		der_put_pwri_params(&alg, &cipher);
		info.kdf.raw = buf_get(&kdf);
		info.key_enc_alg.raw = buf_get(&alg);
		info.encrypted_key = buf_get(&wrapped);
		der_put_pwri(s->out, &info);
		s->version = 3;
		r = kdf.err != 0 ? kdf.err : alg.err;
	}
	buf_clear(&alg);
	buf_clear(&kdf);
	buf_clear(&wrapped);
	return r != 0 ? r : s->out->err;
}

int
cms_put_recipients(const struct cms_encrypt_params *params,
    const struct secret *key, struct buf *b, unsigned *version, struct err *e)
{
	struct recipients s = {.params = params, .key = key, .out = b, .e = e};
	size_t i, len = params->recipients_len;
	int r = 0;

	*version = 0;
	if (params->keks_len > CMS_RECIPIENTS_MAX ||
	    params->passwords_len > CMS_RECIPIENTS_MAX)
		len = SIZE_MAX;
	else if (len <= CMS_RECIPIENTS_MAX)
		len += params->keks_len + params->passwords_len;
	if (len == 0 || len > CMS_RECIPIENTS_MAX)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a message has 1 to %d recipients", CMS_RECIPIENTS_MAX);
	err_clear(e);
	for (i = 0; r == 0 && i < params->recipients_len; i++)
		r = recipients_put_cert(&s, params->recipients[i]);
	for (i = 0; r == 0 && i < params->keks_len; i++)
		r = recipients_put_kek(&s, &params->keks[i]);
	for (i = 0; r == 0 && i < params->passwords_len; i++)
		r = recipients_put_password(&s, params->passwords[i]);
	*version = s.version;
	if (r != 0 && (e == NULL || e->code != r))
		err_set(e, r, NULL);
	return r;
}
