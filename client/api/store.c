/* The certificates of correspondents. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/pem.h"
#include "client/api/certs.h"
#include "client/cms/detect.h"
#include "client/pkix/store.h"
#include "client/smime/smime.h"

struct cardseal_certificates {
	struct cardseal_certificate *items;
	size_t len;
	struct strings texts; /* what the items' fields point to */
};

static void
fill(struct cardseal_certificates *list, struct cardseal_certificate *item,
    const struct cert *c)
{
	struct strings *texts = &list->texts;
	struct buf pem = {0};
	struct err why = ERR_INIT;
	char type[64];

	pem_write(&pem, "CERTIFICATE", cert_get_raw(c));
	spki_describe(type, sizeof(type), cert_get_spki(c));
	*item = (struct cardseal_certificate){
	    .sha256 = strings_keep_hex(texts, bytes_of(cert_get_sha256(c), 32)),
	    .sha1 = strings_keep_sha1(texts, c),
	    .subject = strings_keep_name(texts, cert_get_subject(c)),
	    .issuer = strings_keep_name(texts, cert_get_issuer(c)),
	    .serial = strings_keep_hex(texts, cert_get_serial(c)),
	    .type = strings_keep(texts, bytes_of_str(type)),
	    .addresses = strings_keep_addresses(texts, c),
	    .pem = strings_keep(texts, buf_get(&pem)),
	    .source = "",
	    .encrypt_refused = "",
	    .not_before = cert_get_not_before(c),
	    .not_after = cert_get_not_after(c),
	};
	if (cert_may_encrypt(c, (int64_t)time(NULL), &why) != 0)
		item->encrypt_refused =
		    strings_keep(texts, bytes_of_str(err_get_text(&why)));
	buf_clear(&pem);
}

static const char *
path_of(const char *file)
{
	return strcmp(file, "-") == 0 ? "/dev/stdin" : file;
}

/* KEY's forms (cardseal(1)): a fingerprint or an address. */
static int
is_wanted(const struct cert *c, const char *which, struct err *e)
{
	struct choose_candidate candidate = {.cert = (struct cert *)c,
	    .key_id = bytes_of(cert_get_key_hash(c), SPKI_FINGERPRINT_LEN)};

	return which == NULL ? 1
			     : choose_matches(&candidate, which, BYTES_NONE, e);
}

/* The certificates that which means; NULL: all. CS_ERR_NO_CERT: none. */
static int
find_wanted(struct cardseal_job *job, struct store *store, const char *which,
    struct cert_set *wanted)
{
	struct cert_set *all = cert_set_new();
	char quoted[128];
	size_t i;
	int r = all == NULL ? -CS_ERR_NO_MEMORY : 0;

	if (r == 0)
		r = store_get_all(store, all, &job->err);
	for (i = 0; r >= 0 && i < cert_set_get_len(all); i++) {
		r = is_wanted(cert_set_get(all, i), which, &job->err);
		if (r == 1)
			r = cert_set_add(wanted, cert_set_get(all, i));
	}
	cert_set_free(all);
	if (r == 0 && which != NULL && cert_set_get_len(wanted) == 0)
		r = err_set(&job->err, -CS_ERR_NO_CERT,
		    "no certificate in the store is \"%s\"",
		    err_quote(quoted, sizeof(quoted), which, strlen(which)));
	return r;
}

static int
list_fill(struct cardseal_certificates *list, struct store *store,
    const struct cert_set *wanted)
{
	struct store_entry entry;
	size_t i;

	list->items =
	    calloc(cert_set_get_len(wanted) + 1, sizeof(*list->items));
	if (list->items == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; i < cert_set_get_len(wanted); i++) {
		fill(list, &list->items[i], cert_set_get(wanted, i));
		if (!store_get_entry(store, cert_set_get(wanted, i), &entry))
			continue;
		list->items[i].added = entry.added;
		list->items[i].source =
		    entry.source == STORE_MAIL ? "mail" : "import";
	}
	list->len = cert_set_get_len(wanted);
	return 0;
}

int
cardseal_certificates_get(struct cardseal_job *job, const char *which,
    struct cardseal_certificates **result)
{
	struct cardseal_certificates *list = calloc(1, sizeof(*list));
	struct cert_set *wanted = cert_set_new();
	struct store *store = NULL;
	int r = -CS_ERR_NO_MEMORY;

	*result = NULL;
	job_start(job);
	if (list != NULL && wanted != NULL)
		r = store_open(false, &store, &job->err);
	if (r == 0)
		r = find_wanted(job, store, which, wanted);
	if (r == 0)
		r = list_fill(list, store, wanted);
	store_free(store);
	cert_set_free(wanted);
	if (r == 0)
		*result = list;
	else
		cardseal_certificates_free(list);
	return job_end(job, r);
}

int
cardseal_certificates_load(struct cardseal_job *job, const char *file,
    struct cardseal_certificates **result)
{
	struct cardseal_certificates *list = calloc(1, sizeof(*list));
	struct cert_set *certs = cert_set_new();
	int r = -CS_ERR_NO_MEMORY;

	*result = NULL;
	job_start(job);
	if (list != NULL && certs != NULL)
		r = cert_set_add_file(certs, path_of(file), &job->err);
	if (r == 0)
		r = list_fill(list, NULL, certs);
	cert_set_free(certs);
	if (r == 0)
		*result = list;
	else
		cardseal_certificates_free(list);
	return job_end(job, r);
}

void
cardseal_certificates_free(struct cardseal_certificates *list)
{
	if (list == NULL)
		return;
	strings_clear(&list->texts);
	free(list->items);
	free(list);
}

size_t
cardseal_certificates_get_len(const struct cardseal_certificates *list)
{
	return list->len;
}

const struct cardseal_certificate *
cardseal_certificates_get_item(
    const struct cardseal_certificates *list, size_t i)
{
	return i < list->len ? &list->items[i] : NULL;
}

static int
store_add_set(struct cardseal_job *job, struct store *store,
    const struct cert_set *certs, size_t *added)
{
	int64_t now = (int64_t)time(NULL);
	bool is_new;
	size_t i;
	int end, r = store_begin(store, &job->err);

	if (r != 0)
		return r;
	for (i = 0; r == 0 && i < cert_set_get_len(certs); i++) {
		r = store_add(store, cert_set_get(certs, i), STORE_IMPORTED,
		    now, &is_new, &job->err);
		*added += r == 0 && is_new;
	}
	end = store_end(store, r == 0, r == 0 ? &job->err : NULL);
	return r != 0 ? r : end;
}

/* From a file of certificates; else from a mail of them. */
static int
load_certs(struct cardseal_job *job, const char *file, struct cert_set *certs)
{
	struct err why = ERR_INIT;
	enum input_form form;
	struct input *in;
	int got, r;

	if (strcmp(file, "-") == 0)
		return cert_set_add_file(certs, path_of(file), &job->err);
	r = cert_set_add_file(certs, file, &job->err);
	if (r == 0 || r == -CS_ERR_NO_MEMORY ||
	    input_open(file, &in, &why) != 0)
		return r;
	if (input_detect(in, &form, &why) == 0 && form == INPUT_MESSAGE) {
		got = smime_read_certs_only(in, certs, &why);
		if (got == 0)
			err_clear(&job->err);
		if (got == 0 || got == -CS_ERR_NO_CERT)
			r = got;
		if (got == -CS_ERR_NO_CERT)
			job->err = why;
	}
	input_free(in);
	return r;
}

int
cardseal_certificates_import(
    struct cardseal_job *job, const char *file, size_t *added)
{
	struct cert_set *certs = cert_set_new();
	struct store *store = NULL;
	int r = -CS_ERR_NO_MEMORY;

	*added = 0;
	job_start(job);
	if (certs != NULL)
		r = load_certs(job, file, certs);
	if (r == 0)
		r = store_open(true, &store, &job->err);
	if (r == 0)
		r = store_add_set(job, store, certs, added);
	store_free(store);
	cert_set_free(certs);
	if (r != 0)
		*added = 0;
	return job_end(job, r);
}

int
cardseal_certificates_remove(
    struct cardseal_job *job, const char *which, size_t *removed)
{
	struct cert_set *wanted = cert_set_new();
	struct store *store = NULL;
	size_t i;
	int end, r = -CS_ERR_NO_MEMORY;

	*removed = 0;
	job_start(job);
	if (wanted != NULL)
		r = store_open(false, &store, &job->err);
	if (r == 0)
		r = find_wanted(job, store, which, wanted);
	if (r == 0 && store != NULL) {
		r = store_begin(store, &job->err);
		for (i = 0; r == 0 && i < cert_set_get_len(wanted); i++)
			r = store_remove(
			    store, cert_set_get(wanted, i), &job->err);
		end = store_end(store, r == 0, r == 0 ? &job->err : NULL);
		r = r != 0 ? r : end;
	}
	if (r == 0)
		*removed = cert_set_get_len(wanted);
	store_free(store);
	cert_set_free(wanted);
	return job_end(job, r);
}

int
cardseal_certificates_find(struct cardseal_job *job, const char *address,
    struct cardseal_certificates **result)
{
	struct cardseal_certificates *list = calloc(1, sizeof(*list));
	struct cert_set *found = cert_set_new();
	struct strings addresses = {0};
	struct store *store = NULL;
	bool keeps = job_is_set(job, CARDSEAL_KEEP);
	size_t added = 0;
	int r = -CS_ERR_NO_MEMORY;

	*result = NULL;
	job_start(job);
	if (list != NULL && found != NULL)
		r = strings_add(&addresses, address);
	if (r == 0)
		r = job_find_recipients(job, &addresses, false, found, NULL);
	if (r == 0)
		r = store_open(keeps, &store, &job->err);
	if (r == 0 && keeps)
		r = store_add_set(job, store, found, &added);
	if (r == 0)
		r = list_fill(list, store, found);
	store_free(store);
	strings_clear(&addresses);
	cert_set_free(found);
	if (r == 0)
		*result = list;
	else
		cardseal_certificates_free(list);
	return job_end(job, r);
}
