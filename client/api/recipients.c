#include "client/api/job.h"
#include "asn1/attrs.h"
#include "client/pkix/store.h"

#include <string.h>
#include <time.h>

#define EXPIRY_WARN_SECONDS 2592000 /* 30 days */

/* The newest certificate of a set that may be encrypted to for an address. */
static struct cert *
recipient_find(const struct cert_set *set, struct bytes address, int64_t now,
    struct err *why)
{
	struct cert *best = NULL, *c;
	size_t i;

	for (i = 0; i < cert_set_get_len(set); i++) {
		c = cert_set_get(set, i);
		if (address_match_cert(c, address) != ADDRESS_MATCH ||
		    cert_may_encrypt(c, now, why) != 0)
			continue;
		if (best == NULL ||
		    cert_get_not_before(c) > cert_get_not_before(best))
			best = c;
	}
	return best;
}

/* Says for one address why it has no certificate, into the list. */
static int
recipient_miss(
    struct strings *missing, const char *address, const struct err *why)
{
	char quoted[ADDRESS_LEN_MAX];

	err_quote(quoted, sizeof(quoted), address, strlen(address));
	if (why->code != 0)
		return strings_printf(
		    missing, "%s (%s)", quoted, err_get_text(why));
	return strings_printf(missing, "%s", quoted);
}

static int
recipients_report(struct cardseal_job *job, const struct strings *missing)
{
	struct buf text = {.max = ERR_TEXT_MAX - 200};
	size_t i;

	for (i = 0; i < missing->len; i++)
		if (buf_printf(&text, "%s%s", i != 0 ? ", " : "",
			missing->items[i]) != 0)
			break;
	err_set(&job->err, -CS_ERR_NO_CERT,
	    "no certificate to encrypt to is known for %zu of the recipients: "
	    "%.*s%s; give each certificate with -R FILE, or put it into the "
	    "store with cardseal certs import FILE",
	    missing->len, (int)text.len, (const char *)text.data,
	    i < missing->len ? " ..." : "");
	buf_clear(&text);
	return -CS_ERR_NO_CERT;
}

/* Whether the certificate files name someone who is no correspondent for
 * mail is the caller's decision; whether the key can do it is ours. */
static int
recipients_add_files(struct cardseal_job *job, struct cert_set *files,
    struct cert_set *recipients, bool with_files, int64_t now)
{
	const struct strings *names = &job->options[CARDSEAL_RECIPIENT_FILE];
	struct cert_set *one;
	size_t i, j;
	int r = 0;

	for (i = 0; r == 0 && i < names->len; i++) {
		one = cert_set_new();
		if (one == NULL)
			return -CS_ERR_NO_MEMORY;
		r = cert_set_add_file(one, names->items[i], &job->err);
		for (j = 0; r == 0 && j < cert_set_get_len(one); j++) {
			struct cert *c = cert_set_get(one, j);

			r = cert_set_add(files, c);
			if (r != 0 || !with_files)
				continue;
			r = cert_may_encrypt(c, now, &job->err);
			if (r != 0)
				err_context(&job->err, "%s", names->items[i]);
			else
				r = cert_set_add(recipients, c);
		}
		cert_set_free(one);
	}
	return r;
}

/*
 * What is chosen from, the best first, where nothing says what to take: every
 * S/MIME program in use opens AES-256-CBC, few open GCM (doc/architecture.md).
 */
static const enum alg auto_ciphers[] = {
    ALG_AES256_GCM, ALG_AES256_CBC, ALG_AES128_GCM, ALG_AES128_CBC};
#define AUTO_CIPHERS_LEN (sizeof(auto_ciphers) / sizeof(auto_ciphers[0]))
#define AUTO_CIPHERS_CBC (1U << 1 | 1U << 3)
#define AUTO_CIPHERS_KNOWN (1U << 31) /* somebody said something */

enum alg
job_choose_cipher(unsigned ciphers)
{
	size_t i;

	if ((ciphers & AUTO_CIPHERS_KNOWN) == 0)
		ciphers &= AUTO_CIPHERS_CBC;
	for (i = 0; i < AUTO_CIPHERS_LEN; i++)
		if ((ciphers & 1U << i) != 0)
			return auto_ciphers[i];
	return ALG_AES256_CBC;
}

/* What a certificate's owner can read, by what came with his mails. */
static unsigned
get_ciphers(struct store *store, const struct cert *c)
{
	struct buf list = {0};
	struct alg_id id;
	struct der d;
	unsigned ciphers = AUTO_CIPHERS_KNOWN;
	size_t i;

	if (!store_get_capabilities(store, c, &list)) {
		buf_clear(&list);
		return AUTO_CIPHERS_CBC;
	}
	der_init(&d, buf_get(&list));
	while (capabilities_next(&d, &id))
		for (i = 0; i < AUTO_CIPHERS_LEN; i++)
			if (id.known == alg_get(auto_ciphers[i])->oid)
				ciphers |= 1U << i;
	buf_clear(&list);
	return ciphers;
}

/* Where certificates are looked for; each opened when it is needed first. */
struct finder {
	struct cardseal_job *job;
	int64_t now;
	struct cert_set *files; /* those given by hand */
	bool has_own, has_store;
	struct own_keys own;
	struct store *store; /* NULL: empty */
	bool has_trust, has_lookup;
	struct job_trust trust;
	struct lookup *lookup; /* NULL: nothing is looked up */
};

/* The agent's own certificates help if there is an agent; else not. */
static struct cert *
find_own(struct finder *f, struct bytes address, struct err *why)
{
	if (!f->has_own && own_keys_load(f->job, &f->own) != 0) {
		f->own = (struct own_keys){0};
		err_clear(&f->job->err);
	}
	f->has_own = true;
	return f->own.certs != NULL
		   ? recipient_find(f->own.certs, address, f->now, why)
		   : NULL;
}

static int
finder_load_trust(struct finder *f)
{
	int r;

	if (f->has_trust)
		return 0;
	r = job_trust_load(f->job, &f->trust);
	f->trust.trust.path.purpose = PATH_ENCRYPT;
	f->has_trust = r == 0;
	return r;
}

static int
finder_open_store(struct finder *f)
{
	int r;

	if (f->has_store)
		return 0;
	r = store_open(false, &f->store, &f->job->err);
	if (r == 0 && f->store != NULL)
		r = finder_load_trust(f);
	f->has_store = r == 0;
	return r;
}

int
job_note_refused(struct cardseal_job *job, const char *kind,
    struct bytes address, const struct err *refused, struct err *why)
{
	/* The newest is the one that was meant. */
	if (why->code == 0)
		err_set(why, refused->code, "%s", err_get_text(refused));
	return strings_printf(&job->notes,
	    "a %s certificate for %.*s is passed over: %s", kind,
	    (int)address.len, (const char *)address.p, err_get_text(refused));
}

/*
 * May a stored certificate be encrypted to now? One that a person imported is
 * good without a path to an anchor, but not against one: expired, revoked or
 * broken paths count.
 */
static int
judge_stored(struct finder *f, struct cert *c, struct err *why)
{
	struct store_entry entry;
	struct path_result path;
	struct buf name = {0};
	int r = cert_may_encrypt(c, f->now, why);

	if (r != 0)
		return r;
	r = path_find(c, &f->trust.trust.path, &path);
	if (r == -CS_ERR_NO_PATH && store_get_entry(f->store, c, &entry) &&
	    entry.source == STORE_IMPORTED) {
		cert_describe(c, &name);
		r = strings_printf(&f->job->warnings,
		    "no path leads from the certificate of %.*s to a trust "
		    "anchor; it is used because it was imported",
		    (int)name.len, name.len != 0 ? (char *)name.data : "");
		buf_clear(&name);
	} else if (r != 0) {
		err_set(why, r, "%s", path.text);
	}
	path_result_clear(&path);
	return r;
}

/* The newest one in the store that is good. Those refused are noted. */
static int
find_stored(struct finder *f, struct bytes address, struct cert_set *recipients,
    bool *is_found, struct err *why)
{
	struct cert_set *stored = cert_set_new();
	struct err refused;
	struct cert *c;
	size_t i;
	int r = stored == NULL ? -CS_ERR_NO_MEMORY : finder_open_store(f);

	if (r == 0)
		r = store_find_address(f->store, address, stored, &f->job->err);
	for (i = 0; r == 0 && !*is_found && i < cert_set_get_len(stored); i++) {
		c = cert_set_get(stored, i);
		err_clear(&refused);
		if (judge_stored(f, c, &refused) == 0) {
			*is_found = true;
			r = cert_set_add(recipients, c);
		} else {
			r = job_note_refused(
			    f->job, "stored", address, &refused, why);
		}
	}
	cert_set_free(stored);
	return r;
}

/* Where nothing at hand is good. */
static int
find_elsewhere(struct finder *f, struct bytes address,
    struct cert_set *recipients, bool *is_found, struct err *why)
{
	int r = 0;

	if (!f->has_lookup)
		r = lookup_new(f->job, &f->trust, &f->lookup);
	f->has_lookup = r == 0;
	if (r != 0 || f->lookup == NULL)
		return r;
	r = finder_load_trust(f);
	return r != 0
		   ? r
		   : lookup_find(f->lookup, address, recipients, is_found, why);
}

static int
find_one(struct finder *f, const char *text, struct cert_set *recipients,
    struct strings *missing)
{
	struct bytes address = bytes_of_str(text);
	struct err why = ERR_INIT;
	struct cert *c = recipient_find(f->files, address, f->now, &why);
	bool is_found = false;
	int r;

	if (c == NULL)
		c = find_own(f, address, &why);
	if (c != NULL)
		return cert_set_add(recipients, c);
	r = find_stored(f, address, recipients, &is_found, &why);
	if (r == 0 && !is_found)
		r = find_elsewhere(f, address, recipients, &is_found, &why);
	if (r != 0 || is_found)
		return r;
	return recipient_miss(missing, text, &why);
}

/* Our own certificates are read here, where all of it can be, and say nothing
 * about the others. */
static void
finder_get_ciphers(
    struct finder *f, const struct cert_set *recipients, unsigned *ciphers)
{
	unsigned known = *ciphers & AUTO_CIPHERS_KNOWN, can;
	const struct cert *c;
	size_t i;

	/* One that cannot be opened tells nothing. */
	if (f->store == NULL && store_open(false, &f->store, NULL) != 0)
		f->store = NULL;
	for (i = 0; i < cert_set_get_len(recipients); i++) {
		c = cert_set_get(recipients, i);
		if (f->own.certs != NULL && cert_set_has(f->own.certs, c))
			continue;
		can = get_ciphers(f->store, c);
		known |= can & AUTO_CIPHERS_KNOWN;
		*ciphers &= can;
	}
	*ciphers = (*ciphers & JOB_CIPHERS_ALL) | known;
}

/* In time to ask for the next one. */
static int
finder_warn_expiry(struct finder *f, const struct cert_set *recipients)
{
	char date[TIME_TEXT_MAX];
	struct buf name = {0};
	const struct cert *c;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < cert_set_get_len(recipients); i++) {
		c = cert_set_get(recipients, i);
		if (cert_get_not_after(c) - f->now > EXPIRY_WARN_SECONDS)
			continue;
		r = cert_describe(c, &name);
		if (r == 0)
			r = strings_printf(&f->job->warnings,
			    "the certificate of %.*s expires on %.10s",
			    (int)name.len, (const char *)name.data,
			    time_format(date, cert_get_not_after(c)));
		buf_clear(&name);
	}
	return r;
}

int
job_find_recipients(struct cardseal_job *job, const struct strings *addresses,
    bool with_files, struct cert_set *recipients, unsigned *ciphers)
{
	struct finder f = {
	    .job = job, .now = (int64_t)time(NULL), .files = cert_set_new()};
	struct strings missing = {0};
	size_t i;
	int r = -CS_ERR_NO_MEMORY;

	if (f.files != NULL)
		r = recipients_add_files(
		    job, f.files, recipients, with_files, f.now);
	for (i = 0; r == 0 && i < addresses->len; i++)
		r = find_one(&f, addresses->items[i], recipients, &missing);
	if (r == 0 && missing.len != 0)
		r = recipients_report(job, &missing);
	if (r == 0)
		r = finder_warn_expiry(&f, recipients);
	if (r == 0 && ciphers != NULL)
		finder_get_ciphers(&f, recipients, ciphers);
	strings_clear(&missing);
	own_keys_clear(&f.own);
	store_free(f.store);
	lookup_free(f.lookup);
	job_trust_clear(&f.trust);
	cert_set_free(f.files);
	return job_end(job, r);
}
