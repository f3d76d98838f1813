/*
 * bench_batch ANCHOR: what libcrypto takes to judge many signed mails in one
 * process, beside `cardseal verify --batch`. Names of mails come on standard
 * input; of each one, the signature and the signer's path to the anchor are
 * judged, for mail's purpose. Says how many were good.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/x509_vfy.h>

static X509_STORE *
store_of(const char *anchor)
{
	X509_STORE *store = X509_STORE_new();

	if (store == NULL || X509_STORE_load_file(store, anchor) != 1 ||
	    X509_STORE_set_purpose(store, X509_PURPOSE_SMIME_SIGN) != 1) {
		fprintf(stderr, "bench_batch: %s: no anchors\n", anchor);
		return NULL;
	}
	return store;
}

static int
is_good(const char *name, X509_STORE *store)
{
	BIO *in = BIO_new_file(name, "rb"), *content = NULL;
	CMS_ContentInfo *cms = NULL;
	int good = 0;

	if (in != NULL)
		cms = SMIME_read_CMS(in, &content);
	if (cms != NULL)
		good = CMS_verify(
			   cms, NULL, store, content, NULL, CMS_BINARY) == 1;
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	BIO_free(in);
	return good;
}

int
main(int argc, char **argv)
{
	X509_STORE *store;
	char name[2048];
	unsigned long good = 0, all = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_batch ANCHOR <NAMES\n");
		return 2;
	}
	store = store_of(argv[1]);
	if (store == NULL)
		return 1;
	while (fgets(name, sizeof(name), stdin) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		good += (unsigned long)is_good(name, store);
		all++;
	}
	X509_STORE_free(store);
	printf("%lu of %lu good\n", good, all);
	return good == all ? 0 : 1;
}
