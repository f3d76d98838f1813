/* doctor: the agent, its modules and tokens, and the keys on them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/doctor.h"

#define EXIT_NO_TOKEN 4
#define EXIT_PIN 5
#define EXIT_UNTRUSTED 6
#define EXIT_DEVICE 9

/* --- the agent --- */

static void
tell_socket(struct doctor *d, const char *path)
{
	struct doctor_finding f = {
	    .topic = N_("socket"), .level = DOCTOR_GOOD, .about = path};
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if (st.st_uid != geteuid()) {
		f.level = DOCTOR_NOTE;
		doctor_tell(
		    d, &f, "the agent's socket %s is another user's", path);
	} else if ((st.st_mode & 0077) != 0) {
		f.level = DOCTOR_WARNING;
		f.advice =
		    N_("have it made by systemd's cardseal-agent.socket, "
		       "or by the agent");
		doctor_tell(
		    d, &f, "others may open the agent's socket %s", path);
	} else {
		doctor_tell(d, &f, "the agent listens at %s", path);
	}
}

static void
tell_agent(struct doctor *d, const struct cardseal_status *s)
{
	struct doctor_finding f = {.topic = N_("agent"), .level = DOCTOR_GOOD};
	const char *version = cardseal_status_get_version(s);

	if (strcmp(version, cardseal_version()) != 0) {
		f.level = DOCTOR_WARNING;
		f.advice = N_("start it anew: \"systemctl --user restart "
			      "cardseal-agent\"");
		doctor_tell(d, &f,
		    "the agent (process %u) is version %s, and this %s",
		    cardseal_status_get_pid(s), version, cardseal_version());
	} else {
		doctor_tell(d, &f, "the agent %s runs as process %u", version,
		    cardseal_status_get_pid(s));
	}
	tell_socket(d, cardseal_status_get_socket(s));
}

static bool
has_token_of(const struct cardseal_status *s, const struct cardseal_module *m)
{
	size_t i;

	for (i = 0; i < cardseal_status_get_tokens_len(s); i++)
		if (strcmp(cardseal_status_get_token(s, i)->module, m->name) ==
		    0)
			return true;
	return false;
}

static void
tell_module(struct doctor *d, const struct cardseal_status *s,
    const struct cardseal_module *m)
{
	bool has_tokens = cardseal_status_get_tokens_len(s) != 0;
	struct doctor_finding f = {
	    .topic = N_("module"), .level = DOCTOR_GOOD, .about = m->path};

	if (strcmp(m->state, "ready") != 0) {
		/* Its tokens, as they were last seen, cannot be used. */
		f.level =
		    has_token_of(s, m) ||
			    (!has_tokens && strcmp(m->state, "failed") == 0)
			? DOCTOR_WRONG
			: DOCTOR_WARNING;
		f.status = EXIT_DEVICE;
		f.advice =
		    N_("see the agent's log: \"journalctl --user -u "
		       "cardseal-agent\"; a module that is not wanted is "
		       "kept away by \"disable-in: cardseal\" in its file "
		       "(pkcs11.conf(5))");
	} else if (m->restarts != 0) {
		f.level = DOCTOR_NOTE;
	}
	doctor_tell(d, &f, "%s (%s) is %s%s%s%s", m->name, m->path, m->state,
	    m->restarts != 0 ? cli_say(", after it was started again") : "",
	    m->last_error[0] != '\0' ? cli_say("; last error: ") : "",
	    m->last_error);
}

static void
tell_pin(struct doctor *d, const struct cardseal_token *t)
{
	struct doctor_finding f = {
	    .topic = N_("PIN"), .level = DOCTOR_GOOD, .about = t->uri};
	char tries[32] = "";

	if (t->tries_left >= 0)
		snprintf(tries, sizeof(tries), cli_say(", tries left: %d"),
		    t->tries_left);
	if (t->is_pin_locked || t->tries_left == 0) {
		f.level = DOCTOR_WRONG;
		f.status = EXIT_PIN;
		f.advice = N_("\"cardseal pin unblock\" with the PUK, or go to "
			      "who issued the card");
		doctor_tell(
		    d, &f, "the PIN of \"%s\" is locked%s", t->label, tries);
	} else if (t->is_final_try || t->is_count_low || t->tries_left == 1) {
		f.level = DOCTOR_WARNING;
		f.advice = N_("be sure of the PIN before you type it: "
			      "\"cardseal unlock\" with the right one sets the "
			      "count back");
		doctor_tell(d, &f, "%s for the PIN of \"%s\"%s",
		    t->is_final_try || t->tries_left == 1
			? cli_say("only one try is left")
			: cli_say("few tries are left"),
		    t->label, tries);
	} else if (!t->needs_login) {
		doctor_tell(d, &f, "\"%s\" needs no PIN", t->label);
	} else {
		doctor_tell(d, &f, "the PIN of \"%s\" is %s%s", t->label,
		    t->is_unlocked ? cli_say("known to the agent")
				   : cli_say("not typed yet"),
		    tries);
	}
}

/* OpenSC names its driver as the token's manufacturer: "piv_II". */
static void
tell_token(struct doctor *d, const struct cardseal_token *t)
{
	struct doctor_finding f = {.topic = N_("token"),
	    .level = DOCTOR_GOOD,
	    .about = t->uri,
	    .reader = t->reader};

	doctor_tell(d, &f, "\"%s\", serial %s, driver \"%s\" (%s) of %s",
	    t->label, t->serial, t->manufacturer, t->model, t->module);
	tell_pin(d, t);
	f.topic = N_("padding");
	f.level = DOCTOR_NOTE;
	f.reader = NULL;
	if (t->has_own_unpadding)
		doctor_tell(d, &f,
		    "\"%s\" takes the padding of RSA off by itself, whose "
		    "timing is not in our hands",
		    t->label);
}

static void
tell_status(struct doctor *d, const struct cardseal_status *s)
{
	static const struct doctor_finding
	    no_module = {.topic = N_("module"),
		.level = DOCTOR_WRONG,
		.status = EXIT_NO_TOKEN,
		.advice =
		    N_("install opensc-pkcs11, or the module of the card's "
		       "maker with its file for p11-kit")},
	    no_token = {.topic = N_("card"),
		.level = DOCTOR_WRONG,
		.status = EXIT_NO_TOKEN,
		.advice = N_("put a card in")};
	size_t i, tokens = cardseal_status_get_tokens_len(s),
		  modules = cardseal_status_get_modules_len(s);

	tell_agent(d, s);
	for (i = 0; i < modules; i++)
		tell_module(d, s, cardseal_status_get_module(s, i));
	for (i = 0; i < tokens; i++)
		tell_token(d, cardseal_status_get_token(s, i));
	if (modules == 0)
		doctor_tell(d, &no_module, "no PKCS#11 module is configured");
	else if (tokens == 0)
		doctor_tell(d, &no_token, "the agent has no token");
}

/* An agent that has just been started does not know its tokens. It answers
 * with the keys when it has asked every module, or seconds later. */
static void
wait_for_modules(struct doctor *d)
{
	struct cardseal_keys *keys;

	if (cardseal_keys_get(d->cli->job, &keys) == 0)
		cardseal_keys_free(keys);
}

void
doctor_examine_agent(struct doctor *d)
{
	struct doctor_finding f = {.topic = N_("agent"),
	    .level = DOCTOR_WRONG,
	    .advice = N_("\"systemctl --user enable --now "
			 "cardseal-agent.socket\", or run \"cardseal agent\"")};
	struct cardseal_status *s;
	unsigned pid = 0;
	int r;

	wait_for_modules(d);
	r = cardseal_status_get(d->cli->job, &s);
	if (r == 0) {
		tell_status(d, s);
		pid = cardseal_status_get_pid(s);
	} else {
		f.status = cardseal_exit_status(r);
		doctor_tell(d, &f, "%s", cardseal_job_get_error(d->cli->job));
	}
	doctor_examine_pinentry(d, pid);
	if (r == 0 && cardseal_status_get_tokens_len(s) != 0)
		doctor_examine_keys(d);
	cardseal_status_free(s);
}

/* --- keys --- */

/* Does a path lead to a trust anchor? Nothing is fetched for it. */
static void
tell_chain(struct doctor *d, const struct cardseal_key *k)
{
	struct doctor_finding f = {.topic = N_("chain"),
	    .level = DOCTOR_GOOD,
	    .about = k->certificate_sha256,
	    .status = EXIT_UNTRUSTED};
	struct cardseal_job *job = cardseal_job_new();
	struct cardseal_path *path = NULL;
	char file[32];
	int r, fd = memfd_create("certificate", MFD_CLOEXEC);

	if (job == NULL || fd < 0 || dprintf(fd, "%s", k->pem) < 0)
		goto out;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	cardseal_job_set(job, CARDSEAL_FETCH, "off");
	r = cardseal_certificate_verify(job, file, &path);
	if (r == 0) {
		doctor_tell(d, &f,
		    "the certificate of \"%s\" leads to a trust anchor",
		    k->label);
	} else {
		f.level = DOCTOR_WRONG;
		f.advice =
		    N_("install the authority's certificates: \"cardseal "
		       "setup anchors FILE\", and those between in "
		       "intermediates.pem (cardseal(1), FILES)");
		doctor_tell(d, &f, "the certificate of \"%s\": %s", k->label,
		    cardseal_job_get_error(job));
	}
out:
	cardseal_path_free(path);
	if (fd >= 0)
		close(fd);
	cardseal_job_free(job);
}

static void
tell_expiry(struct doctor *d, const struct cardseal_key *k, int64_t now)
{
	struct doctor_finding f = {.topic = N_("expiry"),
	    .level = DOCTOR_WARNING,
	    .about = k->certificate_sha256};
	char date[CLI_DATE_SIZE];

	if (k->not_before > now) {
		f.advice = N_("if that day is over, the clock is wrong");
		doctor_tell(d, &f,
		    "the certificate of \"%s\" is not valid before %s",
		    k->label, cli_format_date(date, k->not_before));
	} else if (k->not_after < now) {
		f.level = DOCTOR_NOTE;
		doctor_tell(d, &f,
		    "the certificate of \"%s\" expired on %s; its key still "
		    "opens old mail",
		    k->label, cli_format_date(date, k->not_after));
	} else if (k->not_after - now < CLI_EXPIRY_DAYS * CLI_DAY_SECONDS) {
		f.advice = N_("get a new one from who issued it");
		doctor_tell(d, &f, "the certificate of \"%s\" expires on %s",
		    k->label, cli_format_date(date, k->not_after));
	}
}

static void
tell_key(struct doctor *d, const struct cardseal_key *k, int64_t now)
{
	bool is_useful =
	    k->sign_refused[0] == '\0' || k->encrypt_refused[0] == '\0';
	struct doctor_finding f = {.topic = N_("key"),
	    .level = is_useful ? DOCTOR_GOOD : DOCTOR_NOTE,
	    .about = k->key_id};
	char date[CLI_DATE_SIZE];

	if (k->certificate_sha256[0] == '\0') {
		f.level = DOCTOR_NOTE;
		doctor_tell(d, &f, "\"%s\" (%s) on \"%s\" has no certificate",
		    k->label, k->type, k->token_label);
		return;
	}
	doctor_tell(d, &f,
	    "\"%s\"%s%s (%s%s) on \"%s\": %s, until %s; signs mail: %s%s; "
	    "gets encrypted mail: %s%s",
	    k->label, k->role[0] != '\0' ? cli_say(", role ") : "", k->role,
	    k->type, k->always_authenticate ? cli_say(", PIN each time") : "",
	    k->token_label, k->addresses[0] != '\0' ? k->addresses : k->subject,
	    cli_format_date(date, k->not_after),
	    k->sign_refused[0] == '\0' ? cli_say("yes") : cli_say("no, "),
	    k->sign_refused,
	    k->encrypt_refused[0] == '\0' ? cli_say("yes") : cli_say("no, "),
	    k->encrypt_refused);
	tell_expiry(d, k, now);
	if (is_useful)
		tell_chain(d, k);
}

static void
tell_roles(struct doctor *d, const struct cardseal_keys *keys)
{
	static const struct doctor_finding
	    no_sign = {.topic = N_("sign"),
		.level = DOCTOR_WRONG,
		.status = EXIT_NO_TOKEN,
		.advice =
		    N_("see above why each key may not; a card may need its "
		       "PIN before it shows a key: \"cardseal unlock\"")},
	    no_encrypt = {.topic = N_("encrypt"),
		.level = DOCTOR_WARNING,
		.advice = N_("others cannot encrypt to "
			     "this person: see above why "
			     "each key may not")};
	const struct cardseal_key *k;
	size_t i, sign = 0, encrypt = 0;

	for (i = 0; i < cardseal_keys_get_len(keys); i++) {
		k = cardseal_keys_get_key(keys, i);
		if (k->certificate_sha256[0] == '\0')
			continue;
		sign += k->can_sign && k->sign_refused[0] == '\0';
		encrypt += k->can_decrypt && k->encrypt_refused[0] == '\0';
	}
	if (sign == 0)
		doctor_tell(d, &no_sign, "no key may sign mail");
	if (encrypt == 0)
		doctor_tell(
		    d, &no_encrypt, "no key is there to be encrypted to");
}

void
doctor_examine_keys(struct doctor *d)
{
	struct doctor_finding f = {.topic = N_("key"), .level = DOCTOR_WRONG};
	int64_t now = (int64_t)time(NULL);
	struct cardseal_keys *keys;
	const char *warning;
	size_t i;
	int r = cardseal_keys_get(d->cli->job, &keys);

	if (r != 0) {
		f.status = cardseal_exit_status(r);
		doctor_tell(d, &f, "%s", cardseal_job_get_error(d->cli->job));
		return;
	}
	f.level = DOCTOR_WARNING;
	for (i = 0;
	     (warning = cardseal_job_get_warning(d->cli->job, i)) != NULL; i++)
		doctor_tell(d, &f, "%s", warning);
	for (i = 0; i < cardseal_keys_get_len(keys); i++)
		tell_key(d, cardseal_keys_get_key(keys, i), now);
	tell_roles(d, keys);
	cardseal_keys_free(keys);
}
