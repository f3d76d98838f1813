/*
 * path_tool: path_find from the shell, for path.sh.
 *
 *	path_tool [--anchor FILE]... [--intermediate FILE]... [--crl FILE]...
 *	    [--time SECONDS] [--purpose any|sign|encrypt]
 *	    [--revocation off|soft|hard] [--legacy] [--policy OCTETS]...
 *	    [--explicit-policy] [--inhibit-mapping] [--inhibit-any] CERT
 *
 * Prints the error's name and the text; status 0 if the path is good, 1 if
 * not, 2 when a file cannot be read. OCTETS are an OID's, in hexadecimal.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/pkix/crl.h"
#include "client/pkix/path.h"

#define POLICIES_MAX 16

struct tool {
	struct cert_set *anchors, *intermediates, *leaf;
	struct crl_set *crls;
	struct path_params params;
	struct bytes policies[POLICIES_MAX];
	uint8_t policy_octets[POLICIES_MAX][DER_OID_MAX];
};

static int
pick(const char *const names[3], const char *name)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	fprintf(stderr, "path_tool: %s: no such value\n", name);
	exit(2);
}

static void
add_policy(struct tool *t, const char *hex)
{
	size_t n = t->params.policies_len, len = strlen(hex) / 2, i;
	char octet[3] = "";

	if (n == POLICIES_MAX || len > DER_OID_MAX)
		exit(2);
	for (i = 0; i < len; i++) {
		memcpy(octet, hex + 2 * i, 2);
		t->policy_octets[n][i] = (uint8_t)strtoul(octet, NULL, 16);
	}
	t->policies[n] = bytes_of(t->policy_octets[n], len);
	t->params.policies = t->policies;
	t->params.policies_len = n + 1;
}

static int
take_option(struct tool *t, int option, struct err *e)
{
	static const char *const purposes[] = {"any", "sign", "encrypt"};
	static const char *const modes[] = {"off", "soft", "hard"};
	struct path_params *p = &t->params;

	switch (option) {
	case 'a':
		return cert_set_add_file(t->anchors, optarg, e);
	case 'i':
		return cert_set_add_file(t->intermediates, optarg, e);
	case 'c':
		return crl_set_add_file(t->crls, optarg, e);
	case 't':
		p->time = strtoll(optarg, NULL, 10);
		return 0;
	case 'p':
		p->purpose = (enum path_purpose)pick(purposes, optarg);
		return 0;
	case 'r':
		p->revocation = (enum path_revocation)pick(modes, optarg);
		return 0;
	case 'o':
		add_policy(t, optarg);
		return 0;
	case 'l':
		p->is_legacy = true;
		return 0;
	case 'e':
		p->is_explicit_policy = true;
		return 0;
	case 'm':
		p->is_mapping_inhibited = true;
		return 0;
	case 'n':
		p->is_any_policy_inhibited = true;
		return 0;
	default:
		return err_set(e, -CS_ERR_USAGE, "no such option");
	}
}

static int
take_options(struct tool *t, int argc, char **argv, struct err *e)
{
	static const struct option options[] = {
	    {"anchor", required_argument, NULL, 'a'},
	    {"intermediate", required_argument, NULL, 'i'},
	    {"crl", required_argument, NULL, 'c'},
	    {"time", required_argument, NULL, 't'},
	    {"purpose", required_argument, NULL, 'p'},
	    {"revocation", required_argument, NULL, 'r'},
	    {"policy", required_argument, NULL, 'o'},
	    {"legacy", no_argument, NULL, 'l'},
	    {"explicit-policy", no_argument, NULL, 'e'},
	    {"inhibit-mapping", no_argument, NULL, 'm'},
	    {"inhibit-any", no_argument, NULL, 'n'},
	    {NULL, 0, NULL, 0},
	};
	int option, r = 0;

	while (r == 0 &&
	       (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		r = take_option(t, option, e);
	if (r == 0 && optind + 1 != argc)
		r = err_set(e, -CS_ERR_USAGE, "one certificate, please");
	if (r == 0)
		r = cert_set_add_file(t->leaf, argv[optind], e);
	return r;
}

int
main(int argc, char **argv)
{
	struct tool t = {.params.purpose = PATH_ANY};
	struct path_result result;
	struct err e = ERR_INIT;
	int r;

	t.anchors = cert_set_new();
	t.intermediates = cert_set_new();
	t.leaf = cert_set_new();
	t.crls = crl_set_new();
	if (t.anchors == NULL || t.intermediates == NULL || t.leaf == NULL ||
	    t.crls == NULL)
		return 2;
	r = alg_init(&e);
	if (r == 0)
		r = take_options(&t, argc, argv, &e);
	if (r != 0) {
		printf("%s %s\n", err_name(r), err_get_text(&e));
		r = 2;
	} else {
		t.params.anchors = t.anchors;
		t.params.intermediates = t.intermediates;
		t.params.crls = t.crls;
		r = path_find(cert_set_get(t.leaf, 0), &t.params, &result);
		printf("%s %s\n", err_name(r), result.text);
		path_result_clear(&result);
		r = r != 0;
	}
	cert_set_free(t.anchors);
	cert_set_free(t.intermediates);
	cert_set_free(t.leaf);
	crl_set_free(t.crls);
	return r;
}
