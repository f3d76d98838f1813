/* Judging a signature, and telling of it as gpgsm does. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/gpgsm/gpgsm.h"

#define DATE_SIZE 32
#define NODATA_NO_SIGNATURE 4 /* GnuPG's doc/DETAILS */
#define ERRSIG_NO_CERTIFICATE 9
#define ERRSIG_OTHER 0

/* A name, so that it stays in one line of status. NULL: no memory. */
static char *
escape(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *escaped = malloc(3 * strlen(text) + 1), *to = escaped;
	unsigned char c;

	for (; escaped != NULL && (c = (unsigned char)*text) != '\0'; text++)
		if (c < ' ' || c == '%' || c == 0x7f) {
			*to++ = '%';
			*to++ = hex[c >> 4];
			*to++ = hex[c & 15];
		} else {
			*to++ = (char)c;
		}
	if (escaped != NULL)
		*to = '\0';
	return escaped;
}

/* As VALIDSIG has them: the day alone, or ISO 8601. "0": there is none. */
static const char *
format_time(char dst[DATE_SIZE], bool is_day, int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;
	size_t n;

	if (t == 0 || gmtime_r(&seconds, &tm) == NULL)
		return "0";
	n = is_day ? strftime(dst, DATE_SIZE, "%Y-%m-%d", &tm)
		   : strftime(dst, DATE_SIZE, "%Y%m%dT%H%M%S", &tm);
	return n != 0 ? dst : "0";
}

/* It fits, and its signer is trusted. */
static void
tell_good(const struct gpgsm *g, const struct cardseal_signer *signer,
    const char *print, const char *name)
{
	char date[DATE_SIZE], created[DATE_SIZE], expires[DATE_SIZE];

	gpgsm_status(g, "GOODSIG %s %s", print, name);
	gpgsm_status(g, "VALIDSIG %s %s %s %s 0 0 %d %d 00 %s", print,
	    format_time(date, true, signer->signing_time),
	    format_time(created, false, signer->signing_time),
	    format_time(expires, false, signer->not_after),
	    gpgsm_key_number(signer), gpgsm_digest_number(signer), print);
	gpgsm_status(g, "TRUST_FULLY 0 shell");
}

/*
 * It fits, but nothing says that it is the signer's: never GOODSIG, which git
 * takes for success unless gpg.minTrustLevel is set.
 */
static void
tell_untrusted(const struct gpgsm *g, const struct cardseal_signer *signer,
    const char *print, const char *name)
{
	const char *why = cardseal_code_name(signer->code);

	if (strcmp(why, "EXPIRED") == 0)
		gpgsm_status(g, "EXPKEYSIG %s %s", print, name);
	else if (strcmp(why, "REVOKED") == 0)
		gpgsm_status(g, "REVKEYSIG %s %s", print, name);
	else
		gpgsm_status(g, "ERRSIG %s %d %d 00 %lld %d", print,
		    gpgsm_key_number(signer), gpgsm_digest_number(signer),
		    (long long)signer->signing_time, ERRSIG_OTHER);
	gpgsm_status(g, "TRUST_NEVER 0 shell");
}

static void
tell_bad(const struct gpgsm *g, const struct cardseal_signer *signer,
    const char *print, const char *name)
{
	if (signer->certificate_sha1[0] != '\0')
		gpgsm_status(g, "BADSIG %s %s", print, name);
	else
		gpgsm_status(g, "ERRSIG %s 0 %d 00 %lld %d", print,
		    gpgsm_digest_number(signer),
		    (long long)signer->signing_time, ERRSIG_NO_CERTIFICATE);
}

/* is_good: the whole verdict is; a countersigner may spoil it. */
static void
tell_signer(
    const struct gpgsm *g, const struct cardseal_signer *signer, bool is_good)
{
	char print[GPGSM_FINGERPRINT_SIZE];
	const char *id = gpgsm_fingerprint(print, signer->certificate_sha1);
	char *name = escape(signer->subject);

	gpgsm_status(g, "NEWSIG");
	if (name != NULL && signer->integrity != 0)
		tell_bad(g, signer, id, name);
	else if (name != NULL && (signer->code != 0 || !is_good))
		tell_untrusted(g, signer, id, name);
	else if (name != NULL)
		tell_good(g, signer, id, name);
	free(name);
}

static int
tell_verdict(const struct gpgsm *g, struct cardseal_verdict *verdict)
{
	const struct cardseal_signer *signer;
	int code = cardseal_verdict_get_code(verdict);
	size_t i;

	for (i = 0; (signer = cardseal_verdict_get_signer(verdict, i)) != NULL;
	     i++)
		tell_signer(g, signer, code == 0);
	if (i == 0)
		gpgsm_status(g, "NODATA %d", NODATA_NO_SIGNATURE);
	if (!g->is_quiet || code != 0)
		fputs(
		    cardseal_verdict_get_text(verdict, g->is_verbose), stderr);
	return code == 0 && i != 0 ? 0 : GPGSM_EXIT_BAD;
}

/* What is opaque is given out, if somebody says where to. */
static int
verify(struct gpgsm *g, struct cardseal_verdict **verdict)
{
	const char *path = g->operands_len > 0 ? g->operands[0] : "-";
	const char *content_path = g->operands_len > 1 ? g->operands[1] : NULL;
	struct cardseal_input *in = cardseal_input_open(g->job, path);
	struct cardseal_input *content = NULL;
	struct cardseal_output *out = NULL;
	int r = in != NULL ? 0 : cardseal_job_get_code(g->job);

	if (r == 0 && content_path != NULL) {
		content = cardseal_input_open(g->job, content_path);
		if (content == NULL)
			r = cardseal_job_get_code(g->job);
	}
	if (r == 0 && g->output != NULL) {
		out = cardseal_output_open(g->job, g->output);
		if (out == NULL)
			r = cardseal_job_get_code(g->job);
	}
	if (r == 0)
		r = cardseal_verify(g->job, in, content, out, verdict);
	cardseal_output_free(out);
	cardseal_input_free(content);
	cardseal_input_free(in);
	return r;
}

int
gpgsm_verify(struct gpgsm *g)
{
	struct cardseal_verdict *verdict = NULL;
	int r, status;

	if (g->operands_len > 2) {
		gpgsm_error("--verify wants a signature and its content");
		return GPGSM_EXIT_USAGE;
	}
	if (g->operands_len == 2 && strcmp(g->operands[0], "-") == 0 &&
	    strcmp(g->operands[1], "-") == 0) {
		gpgsm_error("signature and content cannot both come from "
			    "standard input");
		return GPGSM_EXIT_USAGE;
	}
	r = verify(g, &verdict);
	if (verdict == NULL) {
		gpgsm_status(g, "NODATA %d", NODATA_NO_SIGNATURE);
		gpgsm_status(g, "FAILURE verify %d", -r);
		return gpgsm_fail(g, r);
	}
	status = tell_verdict(g, verdict);
	cardseal_verdict_free(verdict);
	return status;
}
