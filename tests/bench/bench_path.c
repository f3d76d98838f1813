/*
 * bench_path: CPU time of decoding a certificate, of finding and validating a
 * path of three, and of a large CRL. Files are those of tests/vectors/pkix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "asn1/pem.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/path.h"

#define WHEN INT64_C(1813060800) /* 2027-06-15 */
#define ROUNDS_DECODE 20000
#define ROUNDS_PATH 500
#define CRL_ENTRIES 500000

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long
peak_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void
check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench_path: %s: %s\n", what, err_text(r));
	exit(1);
}

static struct cert_set *
load(const char *name)
{
	struct cert_set *set = cert_set_new();
	const char *dir = getenv("CS_SRCDIR");
	struct err e = ERR_INIT;
	char path[1024];

	snprintf(path, sizeof(path), "%s/tests/vectors/pkix/%s.pem",
	    dir != NULL ? dir : ".", name);
	check(set == NULL ? -CS_ERR_NO_MEMORY : 0, name);
	check(cert_set_add_file(set, path, &e), path);
	return set;
}

static void
bench_decode(const char *name)
{
	struct cert_set *set = load(name);
	struct bytes der = cert_get_raw(cert_set_get(set, 0));
	struct cert *c;
	double start = cpu_us();
	int i;

	for (i = 0; i < ROUNDS_DECODE; i++) {
		check(cert_decode(der, &c, NULL), name);
		cert_free(c);
	}
	printf("cert_decode %-14s %8.2f us (%zu bytes)\n", name,
	    (cpu_us() - start) / ROUNDS_DECODE, der.len);
	cert_set_free(set);
}

static void
bench_path(void)
{
	struct cert_set *leaf = load("leaf"), *others = load("int");
	struct cert_set *anchors = load("root");
	struct path_params params = {.anchors = anchors,
	    .intermediates = others,
	    .time = WHEN,
	    .purpose = PATH_SIGN};
	struct path_result result;
	struct cert *c = cert_set_get(leaf, 0), *ca = cert_set_get(others, 0);
	struct sig_scheme scheme;
	double start, whole, signature;
	int i;

	start = cpu_us();
	for (i = 0; i < ROUNDS_PATH; i++) {
		check(path_find(c, &params, &result), "path_find");
		path_result_clear(&result);
	}
	whole = (cpu_us() - start) / ROUNDS_PATH;
	check(sig_scheme_decode(
		  cert_get_signature_alg(c), ALG_NONE, &scheme, NULL),
	    "sig_scheme_decode");
	start = cpu_us();
	for (i = 0; i < ROUNDS_PATH; i++)
		check(sig_verify_data(cert_get_spki(ca), &scheme,
			  cert_get_tbs(c), cert_get_signature(c), NULL),
		    "sig_verify_data");
	signature = (cpu_us() - start) / ROUNDS_PATH;
	printf("path of 3, P-256        %8.2f us, %.2f without its two "
	       "signatures\n",
	    whole, whole - 2 * signature);
	cert_set_free(leaf);
	cert_set_free(others);
	cert_set_free(anchors);
}

/* A list of that many entries, unsigned, into a file. */
static FILE *
make_crl(struct bytes issuer)
{
	uint8_t serial[16] = {0x41}, zeroes[64] = {0};
	struct buf b = {.max = (size_t)128 << 20};
	size_t outer, tbs, list, one, alg;
	FILE *f = tmpfile();
	uint32_t i;

	outer = der_open(&b, DER_SEQUENCE);
	tbs = der_open(&b, DER_SEQUENCE);
	der_put_uint(&b, DER_INTEGER, 1);
	alg = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_SHA256_WITH_ECDSA);
	der_close(&b, alg);
	der_put_raw(&b, issuer);
	der_put_time(&b, 0);
	der_put_time(&b, INT64_C(4000000000));
	list = der_open(&b, DER_SEQUENCE);
	for (i = 0; i < CRL_ENTRIES; i++) {
		memcpy(serial + 12, &i, sizeof(i));
		one = der_open(&b, DER_SEQUENCE);
		der_put(&b, DER_INTEGER, bytes_of(serial, sizeof(serial)));
		der_put_time(&b, WHEN);
		der_close(&b, one);
	}
	der_close(&b, list);
	der_close(&b, tbs);
	alg = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_SHA256_WITH_ECDSA);
	der_close(&b, alg);
	der_put_bits(&b, DER_BIT_STRING, bytes_of(zeroes, 64), 0);
	der_close(&b, outer);
	check(b.err, "make_crl");
	if (f == NULL || fwrite(b.data, 1, b.len, f) != b.len || fflush(f) != 0)
		check(-CS_ERR_IO, "make_crl");
	buf_clear(&b);
	return f;
}

/* In a process of its own, so that the peak is the list's. */
static void
bench_crl(const char *path)
{
	struct crl_set *set = crl_set_new();
	struct cert_set *leaf = load("leaf"), *ca = load("int");
	struct crl_answer answer;
	struct err e = ERR_INIT;
	long before = peak_kib();
	double start = cpu_us();

	check(crl_set_add_file(set, path, &e), path);
	crl_set_check(set, cert_set_get(leaf, 0), cert_set_get(ca, 0), WHEN,
	    false, &answer);
	printf("CRL of %d entries   %8.0f us, peak %ld KiB over %ld\n",
	    CRL_ENTRIES, cpu_us() - start, peak_kib() - before, before);
	crl_set_free(set);
	cert_set_free(leaf);
	cert_set_free(ca);
}

int
main(int argc, char **argv)
{
	struct cert_set *ca;
	char command[512];
	FILE *f;

	check(alg_init(NULL), "alg_init");
	if (argc == 2) {
		bench_crl(argv[1]);
		return 0;
	}
	bench_decode("leaf");
	bench_decode("leaf-rsa2048");
	bench_decode("int");
	bench_path();
	ca = load("int");
	f = make_crl(cert_get_subject(cert_set_get(ca, 0)));
	fflush(stdout);
	snprintf(
	    command, sizeof(command), "%.300s /dev/fd/%d", argv[0], fileno(f));
	if (system(command) != 0)
		return 1;
	fclose(f);
	cert_set_free(ca);
	return 0;
}
