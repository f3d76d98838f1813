#include "tests/pkits/chains.h"

#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *keys[CHAINS_KEYS];
static uint64_t state = 1;
static CONF *conf;

static void
must(int ok, const char *what)
{
	if (ok > 0)
		return;
	fprintf(stderr, "chains: %s failed\n", what);
	exit(99);
}

void
chains_seed(uint64_t seed)
{
	state = seed * 2 + 1;
}

/* xorshift64* */
uint32_t
chains_random(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

EVP_PKEY *
chains_key(size_t i)
{
	if (keys[i] == NULL)
		keys[i] = EVP_EC_gen("P-256");
	must(keys[i] != NULL, "EVP_EC_gen");
	return keys[i];
}

EVP_PKEY *
chains_rsa_key(int bits)
{
	EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);

	must(key != NULL, "EVP_RSA_gen");
	return key;
}

void
chains_free(void)
{
	size_t i;

	for (i = 0; i < CHAINS_KEYS; i++)
		EVP_PKEY_free(keys[i]);
	memset(keys, 0, sizeof(keys));
	NCONF_free(conf);
	conf = NULL;
}

static void
set_name(X509_NAME *name, const char *cn)
{
	if (cn[0] != '\0')
		must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			 (const unsigned char *)cn, -1, -1, 0),
		    "X509_NAME_add_entry_by_txt");
}

static void
add_extension(X509 *x, X509V3_CTX *ctx, const char *text)
{
	X509_EXTENSION *ext;
	char name[128];
	const char *equals = strchr(text, '=');

	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	ext = X509V3_EXT_nconf(conf, ctx, name, equals + 1);
	if (ext == NULL)
		fprintf(stderr, "chains: %s\n", text);
	must(ext != NULL, "X509V3_EXT_conf");
	must(X509_add_ext(x, ext, -1), "X509_add_ext");
	X509_EXTENSION_free(ext);
}

static void
add_raw(X509 *x, const char *oid, bool is_critical, struct bytes value)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *ext;

	must(octets != NULL && object != NULL, "OBJ_txt2obj");
	must(ASN1_OCTET_STRING_set(octets, value.p, (int)value.len),
	    "ASN1_OCTET_STRING_set");
	ext = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, octets);
	must(ext != NULL && X509_add_ext(x, ext, -1), "X509_add_ext");
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(octets);
}

static void
set_times(X509 *x, const struct chain_spec *spec)
{
	int64_t from = spec->from_days != 0 ? spec->from_days : -365;
	int64_t until = spec->until_days != 0 ? spec->until_days : 365;

	must(ASN1_TIME_set(X509_getm_notBefore(x),
		 CHAINS_TIME + from * CHAINS_DAY) != NULL,
	    "ASN1_TIME_set");
	must(ASN1_TIME_set(X509_getm_notAfter(x),
		 CHAINS_TIME + until * CHAINS_DAY) != NULL,
	    "ASN1_TIME_set");
}

/* Another octet in the signature, so that it is well-formed and wrong. */
static void
spoil(X509 *x)
{
	const ASN1_BIT_STRING *signature;

	X509_get0_signature(&signature, NULL, x);
	signature->data[signature->length - 1] ^= 1;
}

X509 *
chains_make_with(const struct chain_spec *spec, const char *oid,
    bool is_critical, struct bytes value)
{
	X509 *x = X509_new();
	X509V3_CTX ctx;
	size_t i;

	must(x != NULL, "X509_new");
	X509_set_version(x, spec->version != 0 ? spec->version - 1 : 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x),
	    (long)(spec->serial != 0 ? spec->serial : 1));
	set_name(X509_get_subject_name(x), spec->subject);
	set_name(X509_get_issuer_name(x), spec->issuer);
	set_times(x, spec);
	must(X509_set_pubkey(x, spec->key), "X509_set_pubkey");
	X509V3_set_ctx(&ctx, NULL, x, NULL, NULL, 0);
	/* Policies are not parsed without a configuration, be it empty. */
	if (conf == NULL)
		conf = NCONF_new(NULL);
	X509V3_set_nconf(&ctx, conf);
	for (i = 0; spec->extensions[i] != NULL; i++)
		add_extension(x, &ctx, spec->extensions[i]);
	if (oid != NULL)
		add_raw(x, oid, is_critical, value);
	must(X509_sign(x, spec->signer, EVP_sha256()), "X509_sign");
	if (spec->is_signature_wrong)
		spoil(x);
	return x;
}

X509 *
chains_make(const struct chain_spec *spec)
{
	return chains_make_with(spec, NULL, false, BYTES_NONE);
}

struct cert *
chains_cert(X509 *x)
{
	struct err e = ERR_INIT;
	unsigned char *der = NULL;
	struct cert *c = NULL;
	int len = i2d_X509(x, &der);

	must(len, "i2d_X509");
	if (cert_decode(bytes_of(der, (size_t)len), &c, &e) != 0)
		c = NULL;
	OPENSSL_free(der);
	return c;
}

void
chains_add(struct cert_set *set, X509 *x)
{
	struct cert *c = chains_cert(x);

	must(c != NULL && cert_set_add(set, c) == 0, "cert_set_add");
	cert_free(c);
}
