/*
 * fuzz_pkix.c: hostile octets as an OCSP answer, a CRL, a certificate, or a
 * record of the DNS about one; the first octet chooses which. Beside memory
 * errors it finds broken promises:
 * - no answer and no list that was not signed makes a certificate good (none in
 *   the corpus does, so that a mutation that does is a forgery);
 * - what is taken ends where it ends: one octet more is refused;
 * - what is taken is so by the standard's module, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/tree.h"
#include "client/pkix/general_name.h"
#include "client/pkix/ocsp_int.h"
#include "client/pkix/path.h"
#include "client/pkix/smimea.h"
#include "client/pkix/urls.h"
#include "tests/fuzz/fuzz.h"

/* 2027-06-15 12:00 UTC, as in tests/unit */
#define FUZZ_TIME INT64_C(1813060800)

const char fuzz_name[] = "pkix";
bool fuzz_is_planted;

const char *const fuzz_words[] = {"\x30\x80", "\x30\x84\x7f\xff\xff\xff",
    "\xa0\x03\x0a\x01\x06", "\x80", "\x82", "\xa1\x00", "\x0a\x01", "\x02\x01",
    "\x05", "\xff", "\x03\x02\x07\x80", "\x06\x03\x55\x1d\x1f",
    "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02",
    "\x18\x0f"
    "20270615120000Z",
    "\x17\x0d"
    "270615120000Z",
    "http://", "a@b", NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* One of tests/vectors; it stays. */
static struct cert *
vector(const char *name)
{
	const char *top = getenv("CS_SRCDIR");
	struct cert_set *set = cert_set_new();
	char path[1024];

	snprintf(path, sizeof(path), "%s/tests/vectors/%s.pem",
	    top != NULL ? top : ".", name);
	require(set != NULL && cert_set_add_file(set, path, NULL) == 0);
	return cert_set_get(set, 0);
}

static void
add_octet(struct buf *longer, struct bytes in)
{
	buf_add_bytes(longer, in);
	buf_add_byte(longer, 0);
	require(longer->err == 0);
}

static void
check_singles(struct ocsp_response *r)
{
	struct ocsp_single single;
	struct der list;
	size_t n = 0;

	der_init(&list, r->singles);
	for (; der_has_more(&list); n++)
		der_get_ocsp_single(&list, &single);
	require(der_end(&list) == 0 && n <= OCSP_SINGLES_MAX);
}

static void
fuzz_ocsp(struct bytes in)
{
	static struct cert *ca, *leaf;
	struct ocsp_set *set = ocsp_set_new();
	struct ocsp_response *r;
	struct crl_answer answer;
	struct buf longer = {0};
	bool has_any;

	if (ca == NULL) {
		ca = vector("ocsp/ca");
		leaf = vector("ocsp/leaf");
	}
	if (ocsp_response_decode(in, &r, NULL) == 0) {
		check_singles(r);
		ocsp_response_free(r);
		require(tree_check(TREE_OCSP, "OCSPResponse", in, NULL) == 0);
		add_octet(&longer, in);
		require(ocsp_response_decode(buf_get(&longer), &r, NULL) != 0);
		require(set != NULL &&
			ocsp_set_add_der(set, in, BYTES_NONE, NULL) == 0);
		ocsp_set_check(
		    set, leaf, ca, FUZZ_TIME, true, NULL, &answer, &has_any);
		require(answer.status != CRL_GOOD);
		require(!fuzz_is_planted || answer.status != CRL_REVOKED);
	}
	buf_clear(&longer);
	ocsp_set_free(set);
}

static void
fuzz_crl(struct bytes in)
{
	static struct cert *ca, *leaf;
	struct crl_set *set = crl_set_new();
	struct crl_answer answer;

	if (ca == NULL) {
		ca = vector("pkix/int");
		leaf = vector("pkix/leaf-revoked");
	}
	require(set != NULL);
	if (crl_set_add_der(set, in, NULL) == 0) {
		crl_set_check(set, leaf, ca, FUZZ_TIME, true, &answer);
		require(answer.status != CRL_GOOD);
	}
	crl_set_free(set);
}

static int
add_address(void *ctx, struct bytes address)
{
	require(utf8_is_valid(address) && !bytes_has_control(address));
	++*(size_t *)ctx;
	return 0;
}

static void
fuzz_cert(struct bytes in)
{
	struct cert_set *set = cert_set_new();
	struct path_params params = {.time = FUZZ_TIME};
	struct path_result result;
	struct buf text = {0};
	struct cert *c;
	size_t i, n = 0;
	int kind;

	require(set != NULL);
	if (cert_set_add_der(set, in, NULL) == 0) {
		c = cert_set_get(set, 0);
		(void)!cert_walk_addresses(c, add_address, &n);
		require(cert_describe(c, &text) == 0);
		require(utf8_is_valid(buf_get(&text)));
		for (kind = CERT_URL_OCSP; kind <= CERT_URL_CRL; kind++)
			for (i = 0;
			     cert_get_url(c, (enum cert_url)kind, i).len != 0;
			     i++)
				;
		params.intermediates = set;
		require(path_find(c, &params, &result) != 0);
		path_result_clear(&result);
		params.anchors = set;
		(void)!path_find(c, &params, &result);
		path_result_clear(&result);
	}
	buf_clear(&text);
	cert_set_free(set);
}

/* As a record's RDATA, and as an address whose records are asked for. */
static void
fuzz_smimea(struct bytes in)
{
	static struct cert *leaf;
	struct smimea record;
	struct buf name = {0};
	size_t i;

	if (leaf == NULL)
		leaf = vector("pkix/leaf");
	if (smimea_decode(in, &record) == 0) {
		require(record.data.len + 3 == in.len);
		require(!smimea_matches(&record, leaf));
	}
	if (smimea_put_name(&name, in) == 0)
		require(name.len > 68 && name.len <= 253);
	for (i = 0; i < name.len; i++)
		require(name.data[i] > ' ' && name.data[i] < 0x7f &&
			strchr("?/%#\\", name.data[i]) == NULL);
	buf_clear(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const fuzz_decoder decoders[] = {
	    fuzz_ocsp, fuzz_crl, fuzz_cert, fuzz_smimea};

	return fuzz_choose(
	    decoders, sizeof(decoders) / sizeof(decoders[0]), data, len);
}
