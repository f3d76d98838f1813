#include "client/api/job.h"

#include <string.h>
#include <time.h>

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
	    "%.*s%s; give each certificate with -R FILE",
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

/* The agent's own certificates help if there is an agent; else not. */
static void
recipients_load_own(struct cardseal_job *job, struct own_keys *own)
{
	if (own_keys_load(job, own) != 0) {
		*own = (struct own_keys){0};
		err_clear(&job->err);
	}
}

int
job_find_recipients(struct cardseal_job *job, const struct strings *addresses,
    bool with_files, struct cert_set *recipients)
{
	int64_t now = (int64_t)time(NULL);
	struct cert_set *files = cert_set_new();
	struct strings missing = {0};
	struct own_keys own = {0};
	struct cert *c;
	bool has_own = false;
	size_t i;
	int r = -CS_ERR_NO_MEMORY;

	if (files != NULL)
		r = recipients_add_files(
		    job, files, recipients, with_files, now);
	for (i = 0; r == 0 && i < addresses->len; i++) {
		struct bytes address = bytes_of_str(addresses->items[i]);
		struct err why = ERR_INIT;

		c = recipient_find(files, address, now, &why);
		if (c == NULL && !has_own) {
			recipients_load_own(job, &own);
			has_own = true;
		}
		if (c == NULL && own.certs != NULL)
			c = recipient_find(own.certs, address, now, &why);
		r = c != NULL
			? cert_set_add(recipients, c)
			: recipient_miss(&missing, addresses->items[i], &why);
	}
	if (r == 0 && missing.len != 0)
		r = recipients_report(job, &missing);
	strings_clear(&missing);
	own_keys_clear(&own);
	cert_set_free(files);
	return job_end(job, r);
}
