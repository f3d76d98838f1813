/* Signing, and which keys there are to sign with. */
#include <string.h>
#include <time.h>

#include "client/gpgsm/gpgsm.h"

/* gpgsm's reasons in INV_SGNR (GnuPG's doc/DETAILS) */
#define REASON_NONE 0
#define REASON_NO_SECRET_KEY 9
/* The class of a signature, which CMS does not have. */
#define SIGNATURE_CLASS "00"

/* SIG_CREATED <D|S> <key> <hash> <class> <time> <fingerprint> */
static void
tell_signers(const struct gpgsm *g)
{
	const struct cardseal_signer *signer;
	char print[GPGSM_FINGERPRINT_SIZE];
	size_t i;

	for (i = 0; (signer = cardseal_job_get_signer(g->job, i)) != NULL; i++)
		gpgsm_status(g, "SIG_CREATED %c %d %d %s %lld %s",
		    g->is_detached ? 'D' : 'S', gpgsm_key_number(signer),
		    gpgsm_digest_number(signer), SIGNATURE_CLASS,
		    (long long)signer->signing_time,
		    gpgsm_fingerprint(print, signer->certificate_sha1));
}

static void
tell_failure(const struct gpgsm *g, int code)
{
	bool has_no_key = strcmp(cardseal_code_name(code), "NO_KEY") == 0;

	gpgsm_status(
	    g, "INV_SGNR %d", has_no_key ? REASON_NO_SECRET_KEY : REASON_NONE);
	gpgsm_status(g, "FAILURE sign %d", -code);
}

static void
tell_messages(const struct gpgsm *g)
{
	const char *line;
	size_t i;

	for (i = 0; !g->is_quiet &&
		    (line = cardseal_job_get_warning(g->job, i)) != NULL;
	     i++)
		gpgsm_error("warning: %s", line);
	for (i = 0;
	     g->is_verbose && (line = cardseal_job_get_note(g->job, i)) != NULL;
	     i++)
		gpgsm_error("%s", line);
}

int
gpgsm_sign(struct gpgsm *g)
{
	struct cardseal_input *in;
	struct cardseal_output *out = NULL;
	int r;

	if (g->operands_len > 1) {
		gpgsm_error("one file is signed at a time");
		return GPGSM_EXIT_USAGE;
	}
	cardseal_job_set(
	    g->job, CARDSEAL_FORM, g->is_detached ? "detach" : "opaque");
	cardseal_job_set(g->job, CARDSEAL_ARMOR, g->is_armored ? "gpgsm" : "0");
	/* git of before 2.22 wants a line ahead of SIG_CREATED. */
	gpgsm_status(g, "BEGIN_SIGNING");
	in = cardseal_input_open(
	    g->job, g->operands_len != 0 ? g->operands[0] : "-");
	if (in != NULL)
		out = cardseal_output_open(g->job, g->output);
	r = out != NULL ? cardseal_sign(g->job, in, out)
			: cardseal_job_get_code(g->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	if (r != 0) {
		tell_failure(g, r);
		return gpgsm_fail(g, r);
	}
	tell_messages(g);
	tell_signers(g);
	return 0;
}

static void
print_key(const struct cardseal_key *key)
{
	char print[GPGSM_FINGERPRINT_SIZE], date[16] = "";
	time_t end = (time_t)key->not_after;
	struct tm tm;

	if (gmtime_r(&end, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	printf("       ID: %s\n      S/N: %s\n  Subject: %s\n   Issuer: %s\n"
	       "    Email: %s\n      Key: %s\n    Until: %s\n    Token: %s\n\n",
	    gpgsm_fingerprint(print, key->certificate_sha1), key->serial,
	    key->subject, key->issuer, key->addresses, key->type, date,
	    key->token_label);
}

int
gpgsm_list_keys(struct gpgsm *g)
{
	const struct cardseal_key *key;
	struct cardseal_keys *keys;
	size_t i;
	int r = cardseal_keys_get(g->job, &keys);

	if (r != 0)
		return gpgsm_fail(g, r);
	for (i = 0; i < cardseal_keys_get_len(keys); i++) {
		key = cardseal_keys_get_key(keys, i);
		if (key->can_sign && key->sign_refused[0] == '\0')
			print_key(key);
	}
	cardseal_keys_free(keys);
	return 0;
}
