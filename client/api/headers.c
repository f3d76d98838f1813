/* headers.c: what becomes of a mail's header while it is sealed. */
#include "client/api/job.h"
#include "client/smime/smime.h"

enum smime_headers
job_get_headers(const struct cardseal_job *job)
{
	if (job_is(job, CARDSEAL_HEADERS, "hide"))
		return SMIME_HEADERS_HIDE;
	return job_is(job, CARDSEAL_HEADERS, "protect") ? SMIME_HEADERS_PROTECT
							: SMIME_HEADERS_PLAIN;
}

/* Does the text say again what is hidden? */
static int
get_legacy_display(struct cardseal_job *job, bool *is_on)
{
	struct job_config config;
	int r;

	*is_on = job_is(job, CARDSEAL_LEGACY_DISPLAY, "yes");
	if (job_get(job, CARDSEAL_LEGACY_DISPLAY) != NULL)
		return 0;
	r = job_config_load(&config, &job->err);
	if (r == 0)
		*is_on = config.has_legacy_display;
	return r;
}

int
job_set_headers(
    struct cardseal_job *job, struct smime_mail *mail, bool is_encrypted)
{
	enum smime_headers headers = job_get_headers(job);
	bool has_legacy;
	int r;

	if (headers == SMIME_HEADERS_HIDE && !is_encrypted)
		headers = SMIME_HEADERS_PROTECT;
	if (headers == SMIME_HEADERS_HIDE) {
		r = get_legacy_display(job, &has_legacy);
		if (r != 0)
			return r;
		smime_mail_set_legacy(mail, has_legacy);
	}
	smime_mail_set_headers(mail, headers);
	if (headers == SMIME_HEADERS_PLAIN || smime_mail_can_protect(mail))
		return 0;
	return err_set(&job->err, -CS_ERR_ARGUMENT,
	    "the header cannot be protected, since the mail's Content-Type "
	    "cannot be understood; leave --headers out");
}
