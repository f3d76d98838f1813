/*
 * hostile: writes what is made to cost time: hostile CASE FOLDER. In FOLDER:
 * leaf.der, others.der, anchor.der, and for crl list.der.
 */
#include "tests/pkits/chains.h"

#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CROSS_CERTS 10000
#define CROSS_NAMES 100
#define NAMES 10000
#define POLICIES 60
#define BIG_CAS 400
#define BIG_BITS 16384
#define CRL_ENTRIES 500000

static const char *folder;

static FILE *
open_file(const char *name)
{
	char path[2048];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		exit(99);
	}
	return f;
}

static void
put(FILE *f, X509 *x)
{
	i2d_X509_fp(f, x);
	X509_free(x);
}

static void
put_one(const char *name, X509 *x)
{
	FILE *f = open_file(name);

	put(f, x);
	fclose(f);
}

#define CA_EXTENSIONS "basicConstraints=critical,CA:TRUE"

/* Everybody certifies everybody, and nobody is trusted. */
static void
make_cross(void)
{
	char subject[32], issuer[32];
	FILE *f = open_file("others.der");
	size_t i;

	for (i = 0; i < CROSS_CERTS; i++) {
		size_t s = i % CROSS_NAMES, n = i / CROSS_NAMES;
		struct chain_spec spec = {.subject = subject,
		    .issuer = issuer,
		    .key = chains_key(s % CHAINS_KEYS),
		    .signer = chains_key(n % CHAINS_KEYS),
		    .serial = i + 1,
		    .extensions = {CA_EXTENSIONS}};

		snprintf(subject, sizeof(subject), "CA %zu", s);
		snprintf(issuer, sizeof(issuer), "CA %zu", n);
		put(f, chains_make(&spec));
	}
	fclose(f);
	put_one("leaf.der", chains_make(&(struct chain_spec){.subject = "Alice",
				.issuer = "CA 1",
				.key = chains_key(0),
				.signer = chains_key(1)}));
}

/* A ring, and each of its CAs by itself with another key. */
static void
make_loops(void)
{
	char subject[32], issuer[32];
	FILE *f = open_file("others.der");
	size_t i;

	for (i = 0; i < 2000; i++) {
		struct chain_spec spec = {.subject = subject,
		    .issuer = issuer,
		    .key = chains_key(i % CHAINS_KEYS),
		    .signer = chains_key((i + 1) % CHAINS_KEYS),
		    .serial = i + 1,
		    .extensions = {CA_EXTENSIONS}};

		snprintf(subject, sizeof(subject), "CA %zu", i % 16);
		snprintf(issuer, sizeof(issuer), "CA %zu",
		    (i % 16 + (i / 16) % 2) % 16);
		put(f, chains_make(&spec));
	}
	fclose(f);
	put_one("leaf.der", chains_make(&(struct chain_spec){.subject = "Alice",
				.issuer = "CA 0",
				.key = chains_key(0),
				.signer = chains_key(0)}));
}

/* Every policy is mapped to every other, on every level. */
static void
make_policies(void)
{
	static char policies[POLICIES * 32], subject[32], issuer[32];
	struct buf maps = {0}, oid = {0};
	char dotted[64];
	size_t list, i, j, pair;
	FILE *f = open_file("others.der");

	strcpy(policies, "certificatePolicies=");
	list = der_open(&maps, DER_SEQUENCE);
	for (i = 0; i < POLICIES; i++) {
		snprintf(dotted, sizeof(dotted), "%s1.3.6.1.4.1.32473.%zu",
		    i != 0 ? "," : "", i + 1);
		strcat(policies, dotted);
		for (j = 0; j < POLICIES; j++) {
			pair = der_open(&maps, DER_SEQUENCE);
			snprintf(dotted, sizeof(dotted),
			    "1.3.6.1.4.1.32473.%zu", i + 1);
			buf_reset(&oid);
			if (oid_parse(&oid, dotted) == 0)
				der_put(&maps, DER_OID, buf_get(&oid));
			snprintf(dotted, sizeof(dotted),
			    "1.3.6.1.4.1.32473.%zu", j + 1);
			buf_reset(&oid);
			if (oid_parse(&oid, dotted) == 0)
				der_put(&maps, DER_OID, buf_get(&oid));
			der_close(&maps, pair);
		}
	}
	der_close(&maps, list);
	for (i = 1; i < 14; i++) {
		struct chain_spec spec = {.subject = subject,
		    .issuer = issuer,
		    .key = chains_key(i),
		    .signer = chains_key(i - 1),
		    .serial = i,
		    .extensions = {CA_EXTENSIONS, policies}};

		snprintf(subject, sizeof(subject), "CA %zu", i);
		snprintf(issuer, sizeof(issuer), "CA %zu", i - 1);
		put(f, chains_make_with(
			   &spec, "2.5.29.33", false, buf_get(&maps)));
	}
	fclose(f);
	put_one("leaf.der",
	    chains_make(&(struct chain_spec){.subject = "Alice",
		.issuer = "CA 13",
		.key = chains_key(0),
		.signer = chains_key(13),
		.extensions = {"certificatePolicies=1.3.6.1.4.1.32473.9999",
		    "policyConstraints=critical,requireExplicitPolicy:0"}}));
	buf_clear(&maps);
	buf_clear(&oid);
}

/* Ten thousand constraints for ten thousand names. */
static void
make_names(void)
{
	struct buf constraints = {0}, names = {0};
	char name[32];
	size_t outer, list, subtree, i;
	struct chain_spec ca = {.subject = "CA 1",
	    .issuer = "CA 0",
	    .key = chains_key(1),
	    .signer = chains_key(0),
	    .extensions = {CA_EXTENSIONS}};
	struct chain_spec leaf = {.subject = "Alice",
	    .issuer = "CA 1",
	    .key = chains_key(2),
	    .signer = chains_key(1)};

	outer = der_open(&constraints, DER_SEQUENCE);
	list = der_open(&constraints, DER_CONTEXT_C(1));
	for (i = 0; i < NAMES; i++) {
		subtree = der_open(&constraints, DER_SEQUENCE);
		snprintf(name, sizeof(name), "x%zu.example.org", i);
		der_put(&constraints, DER_CONTEXT(2), bytes_of_str(name));
		der_close(&constraints, subtree);
	}
	der_close(&constraints, list);
	der_close(&constraints, outer);
	outer = der_open(&names, DER_SEQUENCE);
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "y%zu.example.org", i);
		der_put(&names, DER_CONTEXT(2), bytes_of_str(name));
	}
	der_close(&names, outer);
	put_one("others.der",
	    chains_make_with(&ca, "2.5.29.30", true, buf_get(&constraints)));
	put_one("leaf.der",
	    chains_make_with(&leaf, "2.5.29.17", false, buf_get(&names)));
	buf_clear(&constraints);
	buf_clear(&names);
}

/* A public key of that size without a private one. */
static EVP_PKEY *
big_key(uint32_t seed)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;
	BIGNUM *n = BN_new(), *e = BN_new();
	uint8_t octets[BIG_BITS / 8];
	size_t i;

	chains_seed(seed);
	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)chains_random(256);
	octets[0] |= 0x80;
	octets[sizeof(octets) - 1] |= 1;
	BN_bin2bn(octets, sizeof(octets), n);
	BN_set_word(e, 0xffffffffffffffc5);
	OSSL_PARAM_BLD_push_BN(build, "n", n);
	OSSL_PARAM_BLD_push_BN(build, "e", e);
	params = OSSL_PARAM_BLD_to_param(build);
	if (EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		exit(99);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

/* Many CAs of one name with huge keys, none of which signed. */
static void
make_keys(void)
{
	FILE *f = open_file("others.der");
	EVP_PKEY *key, *rsa = chains_rsa_key(2048);
	uint32_t i;

	for (i = 0; i < BIG_CAS; i++) {
		key = big_key(i);
		put(f, chains_make(&(struct chain_spec){.subject = "CA 1",
			   .issuer = "CA 0",
			   .key = key,
			   .signer = chains_key(0),
			   .serial = i + 1,
			   .extensions = {CA_EXTENSIONS}}));
		EVP_PKEY_free(key);
	}
	fclose(f);
	/* Its signature has an RSA algorithm, and the length of one. */
	put_one("leaf.der", chains_make(&(struct chain_spec){.subject = "Alice",
				.issuer = "CA 1",
				.key = chains_key(2),
				.signer = rsa}));
	EVP_PKEY_free(rsa);
}

static void
put_name(struct buf *b, const char *cn)
{
	size_t name = der_open(b, DER_SEQUENCE), rdn = der_open(b, DER_SET),
	       ava = der_open(b, DER_SEQUENCE);

	der_put_oid(b, OID_AT_CN);
	der_put_str(b, DER_UTF8_STRING, cn);
	der_close(b, ava);
	der_close(b, rdn);
	der_close(b, name);
}

static void
put_algorithm(struct buf *b)
{
	size_t alg = der_open(b, DER_SEQUENCE);

	der_put_oid(b, OID_SHA256_WITH_ECDSA);
	der_close(b, alg);
}

static void
make_crl(void)
{
	struct buf b = {.max = (size_t)64 << 20};
	struct buf all = {.max = (size_t)64 << 20};
	uint8_t signature[256], serial[8] = {0x11};
	size_t whole, tbs, list, entry, len = sizeof(signature);
	uint32_t i;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	FILE *f;

	tbs = der_open(&b, DER_SEQUENCE);
	der_put_uint(&b, DER_INTEGER, 1);
	put_algorithm(&b);
	put_name(&b, "CA 0");
	der_put_str(&b, DER_UTC_TIME, "270601000000Z");
	der_put_str(&b, DER_UTC_TIME, "270701000000Z");
	list = der_open(&b, DER_SEQUENCE);
	for (i = 0; i < CRL_ENTRIES; i++) {
		memcpy(serial + 4, &i, sizeof(i));
		entry = der_open(&b, DER_SEQUENCE);
		der_put(&b, DER_INTEGER, bytes_of(serial, sizeof(serial)));
		der_put_str(&b, DER_UTC_TIME, "270501000000Z");
		der_close(&b, entry);
	}
	der_close(&b, list);
	der_close(&b, tbs);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, chains_key(0)) <=
		0 ||
	    EVP_DigestSign(ctx, signature, &len, b.data, b.len) <= 0)
		exit(99);
	EVP_MD_CTX_free(ctx);
	whole = der_open(&all, DER_SEQUENCE);
	der_put_raw(&all, buf_get(&b));
	put_algorithm(&all);
	der_put_bits(&all, DER_BIT_STRING, bytes_of(signature, len), 0);
	der_close(&all, whole);
	f = open_file("list.der");
	fwrite(all.data, 1, all.len, f);
	fclose(f);
	buf_clear(&b);
	buf_clear(&all);
	put_one("leaf.der", chains_make(&(struct chain_spec){.subject = "Alice",
				.issuer = "CA 0",
				.key = chains_key(2),
				.signer = chains_key(0)}));
	fclose(open_file("others.der"));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} cases[] = {{"cross", make_cross}, {"loops", make_loops},
	    {"policies", make_policies}, {"names", make_names},
	    {"keys", make_keys}, {"crl", make_crl}};
	size_t i;

	if (argc != 3)
		return 2;
	folder = argv[2];
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(argv[1], cases[i].name) == 0)
			cases[i].make();
	put_one(
	    "anchor.der", chains_make(&(struct chain_spec){
			      .subject = strcmp(argv[1], "cross") == 0 ||
						 strcmp(argv[1], "loops") == 0
					     ? "Nobody"
					     : "CA 0",
			      .issuer = "CA 0",
			      .key = chains_key(0),
			      .signer = chains_key(0),
			      .extensions = {CA_EXTENSIONS,
				  "keyUsage=keyCertSign,cRLSign"}}));
	chains_free();
	return 0;
}
