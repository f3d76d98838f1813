/*
 * differ: random chains, judged by path_find and by OpenSSL's libcrypto.
 *
 *	differ [COUNT [SEED]]
 *
 * Each chain is mostly right, and has a few things that may be wrong. Where
 * the two differ, one of the explanations in doc/paths.md has to apply; the
 * generator knows what it put in. Any other difference fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pkits/chains.h"

#define CAS_MAX 4
#define TEXTS 16
#define POLICIES 3
#define COUNT_DEFAULT 300
#define WHY_MAX (PATH_TEXT_MAX + 64)

struct chain {
	X509 *certs[CAS_MAX + 2]; /* the root first, the leaf last */
	size_t len;
	/* For the explanations. */
	bool has_any_eku; /* anyExtendedKeyUsage */
	bool has_any_policy, has_mapping;
	char texts[CAS_MAX + 2][TEXTS][200];
	/* Inputs. */
	bool is_mail, is_explicit, no_mapping, no_any;
	int policy; /* 0: any */
};

static bool
one_in(uint32_t n)
{
	return chains_random(n) == 0;
}

static const char *
text(struct chain *c, struct chain_spec *spec, size_t at, const char *value)
{
	size_t n = 0;

	while (spec->extensions[n] != NULL)
		n++;
	snprintf(c->texts[at][n], sizeof(c->texts[at][n]), "%s", value);
	return spec->extensions[n] = c->texts[at][n];
}

static const char *const policy_oids[POLICIES] = {
    "1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.32473.2", "1.3.6.1.4.1.32473.3"};

static void
add_policies(struct chain *c, struct chain_spec *spec, size_t at)
{
	char value[200] = "certificatePolicies=";
	uint32_t which = 1 + chains_random((1 << POLICIES) - 1);
	size_t i;

	if (one_in(5)) {
		c->has_any_policy = true;
		text(c, spec, at, "certificatePolicies=2.5.29.32.0");
		return;
	}
	if (!one_in(4))
		which |= 1;
	for (i = 0; i < POLICIES; i++) {
		if ((which & (1U << i)) == 0)
			continue;
		if (value[strlen(value) - 1] != '=')
			strcat(value, ",");
		strcat(value, policy_oids[i]);
	}
	text(c, spec, at, value);
}

static void
add_names(struct chain *c, struct chain_spec *spec, size_t at)
{
	static const char *const constraints[] = {
	    "nameConstraints=critical,permitted;email:example.org",
	    "nameConstraints=critical,permitted;email:.example.org",
	    "nameConstraints=critical,excluded;email:example.com",
	    "nameConstraints=critical,excluded;email:eve@example.org",
	    "nameConstraints=critical,permitted;DNS:example.org",
	    "nameConstraints=critical,excluded;DNS:bad.example.org",
	    "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0",
	    "nameConstraints=critical,permitted;URI:example.org",
	    "nameConstraints=critical,excluded;URI:.example.org",
	    ("nameConstraints=critical,permitted;email:example.org,"
	     "permitted;email:example.net"),
	};

	text(c, spec, at,
	    constraints[chains_random(
		sizeof(constraints) / sizeof(constraints[0]))]);
}

static void
add_ca_extensions(struct chain *c, struct chain_spec *spec, size_t at)
{
	if (one_in(30))
		text(c, spec, at, "basicConstraints=critical,CA:FALSE");
	else if (one_in(8))
		text(c, spec, at,
		    one_in(2) ? "basicConstraints=critical,CA:TRUE,pathlen:0"
			      : "basicConstraints=CA:TRUE,pathlen:2");
	else if (!one_in(40))
		text(c, spec, at, "basicConstraints=critical,CA:TRUE");
	if (one_in(30))
		text(c, spec, at, "keyUsage=critical,cRLSign");
	else if (!one_in(5))
		text(c, spec, at, "keyUsage=critical,keyCertSign,cRLSign");
	if (one_in(10)) {
		if (one_in(4))
			text(c, spec, at, "extendedKeyUsage=serverAuth");
		else if (one_in(3)) {
			c->has_any_eku = true;
			text(c, spec, at,
			    "extendedKeyUsage=anyExtendedKeyUsage");
		} else
			text(c, spec, at,
			    "extendedKeyUsage=emailProtection,clientAuth");
	}
	if (one_in(6))
		add_names(c, spec, at);
	if (!one_in(3))
		add_policies(c, spec, at);
	if (one_in(6)) {
		c->has_mapping = true;
		text(c, spec, at,
		    one_in(2) ? "policyMappings=1.3.6.1.4.1.32473.1:"
				"1.3.6.1.4.1.32473.2"
			      : "policyMappings=1.3.6.1.4.1.32473.2:"
				"1.3.6.1.4.1.32473.1,1.3.6.1.4.1.32473.1:"
				"1.3.6.1.4.1.32473.3");
	}
	if (one_in(8))
		text(c, spec, at,
		    one_in(2)
			? "policyConstraints=critical,requireExplicitPolicy:0"
			: "policyConstraints=critical,inhibitPolicyMapping:0,"
			  "requireExplicitPolicy:1");
	if (one_in(10))
		text(c, spec, at,
		    one_in(2) ? "inhibitAnyPolicy=critical,0"
			      : "inhibitAnyPolicy=critical,1");
}

static void
add_leaf_extensions(struct chain *c, struct chain_spec *spec, size_t at)
{
	static const char *const names[] = {
	    "subjectAltName=email:alice@example.org",
	    "subjectAltName=email:eve@example.org",
	    "subjectAltName=email:alice@mail.example.org",
	    "subjectAltName=email:bob@example.com",
	    "subjectAltName=email:alice@example.org,DNS:www.example.org",
	    "subjectAltName=DNS:bad.example.org",
	    "subjectAltName=IP:10.1.2.3,email:alice@example.org",
	    "subjectAltName=IP:192.0.2.1",
	    "subjectAltName=URI:http://www.example.org/",
	    "subjectAltName=URI:http://example.org:80/x",
	};

	if (!one_in(10))
		text(c, spec, at,
		    names[chains_random(sizeof(names) / sizeof(names[0]))]);
	if (one_in(12)) {
		text(c, spec, at, "keyUsage=critical,keyEncipherment");
	} else if (!one_in(4)) {
		text(c, spec, at, "keyUsage=critical,digitalSignature");
	}
	if (one_in(4))
		text(c, spec, at,
		    one_in(5) ? "extendedKeyUsage=clientAuth"
			      : "extendedKeyUsage=emailProtection");
	if (one_in(20)) {
		text(c, spec, at, "basicConstraints=CA:TRUE");
	}
	if (!one_in(3))
		add_policies(c, spec, at);
}

/* What may be wrong with any certificate. */
static void
add_mutations(struct chain *c, struct chain_spec *spec, size_t at)
{
	if (one_in(25))
		spec->until_days = -1;
	if (one_in(40))
		spec->from_days = 1;
	if (one_in(25))
		spec->is_signature_wrong = true;
	if (one_in(40))
		text(c, spec, at, "1.3.6.1.4.1.32473.99=critical,DER:0500");
	if (one_in(10))
		text(c, spec, at, "1.3.6.1.4.1.32473.98=DER:0500");
	if (one_in(40))
		spec->issuer = "Somebody Else";
	if (one_in(8))
		text(c, spec, at, "subjectKeyIdentifier=hash");
}

static void
make_chain(struct chain *c)
{
	static const char *const names[] = {
	    "Root", "CA 1", "CA 2", "CA 3", "CA 4"};
	size_t cas = 1 + chains_random(CAS_MAX), i;

	memset(c, 0, sizeof(*c));
	c->len = cas + 1;
	for (i = 0; i < c->len; i++) {
		struct chain_spec spec = {
		    .subject = i == c->len - 1 ? "Alice" : names[i],
		    .issuer = names[i != 0 ? i - 1 : 0],
		    .key = chains_key(i),
		    .signer = chains_key(i != 0 ? i - 1 : 0),
		    .serial = 1 + chains_random(1000000),
		};

		/* Now and then a CA issues to itself. */
		if (i > 1 && i < c->len - 1 && one_in(10))
			spec.subject = names[i - 1];
		if (i == 0) {
			text(c, &spec, i, "basicConstraints=critical,CA:TRUE");
		} else if (i < c->len - 1) {
			add_ca_extensions(c, &spec, i);
			add_mutations(c, &spec, i);
		} else {
			add_leaf_extensions(c, &spec, i);
			add_mutations(c, &spec, i);
		}
		c->certs[i] = chains_make(&spec);
	}
	c->is_mail = !one_in(3);
	c->is_explicit = one_in(4);
	c->no_mapping = one_in(8);
	c->no_any = one_in(8);
	c->policy = one_in(3) ? 1 + (int)chains_random(POLICIES) : 0;
}

static void
free_chain(struct chain *c)
{
	size_t i;

	for (i = 0; i < c->len; i++)
		X509_free(c->certs[i]);
}

static int
judge_ours(const struct chain *c, char why[WHY_MAX])
{
	struct cert_set *anchors = cert_set_new(), *others = cert_set_new();
	struct cert *leaf = chains_cert(c->certs[c->len - 1]);
	struct path_params params = {.anchors = anchors,
	    .intermediates = others,
	    .time = CHAINS_TIME,
	    .purpose = c->is_mail ? PATH_SIGN : PATH_ANY,
	    .revocation = PATH_REVOCATION_OFF,
	    .is_explicit_policy = c->is_explicit,
	    .is_mapping_inhibited = c->no_mapping,
	    .is_any_policy_inhibited = c->no_any};
	struct path_result result = {.code = -CS_ERR_CERTIFICATE};
	struct buf oid = {0};
	struct bytes policy;
	size_t i;
	int r = -CS_ERR_CERTIFICATE;

	if (c->policy != 0 &&
	    oid_parse(&oid, policy_oids[c->policy - 1]) == 0) {
		policy = buf_get(&oid);
		params.policies = &policy;
		params.policies_len = 1;
	}
	chains_add(anchors, c->certs[0]);
	for (i = 1; i + 1 < c->len; i++)
		chains_add(others, c->certs[i]);
	if (leaf != NULL)
		r = path_find(leaf, &params, &result);
	snprintf(why, WHY_MAX, "%s %s", err_name(r), result.text);
	path_result_clear(&result);
	cert_free(leaf);
	cert_set_free(anchors);
	cert_set_free(others);
	buf_clear(&oid);
	return r;
}

static void
set_theirs(const struct chain *c, X509_STORE_CTX *ctx, int64_t time)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN |
			      X509_V_FLAG_POLICY_CHECK |
			      X509_V_FLAG_USE_CHECK_TIME;

	if (c->is_explicit)
		flags |= X509_V_FLAG_EXPLICIT_POLICY;
	if (c->no_mapping)
		flags |= X509_V_FLAG_INHIBIT_MAP;
	if (c->no_any)
		flags |= X509_V_FLAG_INHIBIT_ANY;
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_time(param, time);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	X509_VERIFY_PARAM_set_depth(param, 32);
	X509_VERIFY_PARAM_add0_policy(param,
	    OBJ_txt2obj(
		c->policy != 0 ? policy_oids[c->policy - 1] : "2.5.29.32.0",
		1));
	if (c->is_mail)
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SMIME_SIGN);
}

static bool
judge_theirs(const struct chain *c, int64_t time, const char **why)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	bool is_good;
	size_t i;

	X509_STORE_add_cert(store, c->certs[0]);
	for (i = 1; i + 1 < c->len; i++)
		sk_X509_push(others, c->certs[i]);
	X509_STORE_CTX_init(ctx, store, c->certs[c->len - 1], others);
	set_theirs(c, ctx, time);
	is_good = X509_verify_cert(ctx) == 1;
	*why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	sk_X509_free(others);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return is_good;
}

/* doc/paths.md explains each. NULL: there is none. */
static const char *
explain(const struct chain *c, int code, const char *why)
{
	if (code == 0 && c->is_mail && c->has_any_eku)
		return "any purpose is no mail to OpenSSL";
	if (code == -CS_ERR_PATH && c->policy != 0 && c->has_mapping &&
	    c->has_any_policy && strstr(why, "no certificate policy") != NULL)
		return "a mapped policy stands for itself, too, to OpenSSL";
	return NULL;
}

int
main(int argc, char **argv)
{
	unsigned long count =
	    argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_DEFAULT;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned long i, planted = 0, good = 0, bad = 0, explained = 0,
			 failed = 0;
	char why[WHY_MAX];
	const char *their_why, *explanation;
	static struct chain chain;
	struct err e = ERR_INIT;
	bool theirs;
	int code;

	if (alg_init(&e) != 0)
		return 99;
	for (i = 0; i < count; i++) {
		chains_seed(seed * 1000003 + i);
		make_chain(&chain);
		code = judge_ours(&chain, why);
		theirs = judge_theirs(&chain, CHAINS_TIME, &their_why);
		good += theirs && code == 0;
		bad += !theirs && code != 0;
		/* Asked about another day, it has to answer otherwise. */
		planted +=
		    theirs && code == 0 &&
		    !judge_theirs(&chain,
			CHAINS_TIME + INT64_C(4000) * CHAINS_DAY, &explanation);
		if (theirs != (code == 0)) {
			explanation = explain(&chain, code, why);
			explained += explanation != NULL;
			failed += explanation == NULL;
			if (explanation == NULL)
				printf("# chain %lu: ours: %s; OpenSSL: %s\n",
				    i, why, their_why);
		}
		free_chain(&chain);
	}
	chains_free();
	printf("# %lu chains: both good %lu, both bad %lu, explained %lu\n",
	    count, good, bad, explained);
	printf(
	    "%sok 1 - no unexplained difference from OpenSSL in %lu chains\n",
	    failed == 0 ? "" : "not ", count);
	printf("%sok 2 - a tenth at least is good, and bad\n",
	    good * 10 >= count && bad * 10 >= count ? "" : "not ");
	printf("%sok 3 - a planted difference is seen\n1..3\n",
	    planted == good && good != 0 ? "" : "not ");
	return failed != 0;
}
