#include "agent/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/policy.h"
#include "agent/prompt_text.h"
#include "asn1/alg/digest.h"

#define CONSENT_CERTS_MAX 16

/* --- what is remembered --- */

static void
consent_kept_free(struct consents *cs, struct consent_kept *kept)
{
	TAILQ_REMOVE(&cs->kept, kept, link);
	cs->kept_count--;
	free(kept->subject.exe);
	free(kept);
}

static bool
consent_is_same(
    const struct consent_subject *a, const struct consent_subject *b)
{
	return bytes_is_equal(bytes_of(a->key_id, sizeof(a->key_id)),
		   bytes_of(b->key_id, sizeof(b->key_id))) &&
	       a->verb == b->verb && a->uid == b->uid &&
	       strcmp(a->exe, b->exe) == 0;
}

static bool
consent_is_kept(struct agent *a, const struct consent_subject *subject)
{
	struct consents *cs = &a->consents;
	struct consent_kept *kept, *next;
	uint64_t now = timers_now(&a->timers);
	bool found = false;

	for (kept = TAILQ_FIRST(&cs->kept); kept != NULL; kept = next) {
		next = TAILQ_NEXT(kept, link);
		if (kept->until_us <= now)
			consent_kept_free(cs, kept);
		else if (consent_is_same(&kept->subject, subject))
			found = true;
	}
	return found;
}

/* If there is no memory, the person is asked again: no harm. */
static void
consent_keep(struct agent *a, const struct consent *c)
{
	struct consents *cs = &a->consents;
	struct consent_kept *kept = calloc(1, sizeof(*kept));

	if (kept == NULL)
		return;
	kept->subject = c->subject;
	kept->subject.exe = strdup(c->subject.exe);
	if (kept->subject.exe == NULL) {
		free(kept);
		return;
	}
	kept->until_us = timers_now(&a->timers) + c->window_us;
	if (cs->kept_count == CONSENTS_KEPT_MAX)
		consent_kept_free(cs, TAILQ_FIRST(&cs->kept));
	TAILQ_INSERT_TAIL(&cs->kept, kept, link);
	cs->kept_count++;
}

void
consents_forget(struct agent *a)
{
	struct consents *cs = &a->consents;
	struct consent_kept *kept;

	while ((kept = TAILQ_FIRST(&cs->kept)) != NULL)
		/* The analyzer does not follow TAILQ_REMOVE. */
		consent_kept_free(cs, kept); /* NOLINT(*unix.Malloc) */
}

/* --- asking --- */

static void
consent_free(struct consent *c)
{
	prompt_close(&c->prompt);
	TAILQ_REMOVE(&c->agent->consents.open, c, link);
	free(c->subject.exe);
	free(c);
}

static void
consent_fail_text(
    unsigned verb, struct err *e, const struct dialog_answer *answer)
{
	const char *what = verb == POLICY_WRITE ? "this change of the token"
						: "this use of "
						  "the key";

	if (answer->code == -CS_ERR_CANCELLED)
		err_set(e, -CS_ERR_REFUSED,
		    "the person who was asked did not allow %s", what);
	else if (answer->code == -CS_ERR_TIMEOUT)
		err_set(e, answer->code, "nobody allowed %s in time", what);
	else
		err_set(e, answer->code,
		    "%s has to be allowed by a person: %.*s", what,
		    (int)answer->text.len,
		    answer->text.len != 0 ? (const char *)answer->text.p : "");
}

static void
consent_answered(struct prompt *p, const struct dialog_answer *answer)
{
	struct consent *c =
	    (void *)((char *)p - offsetof(struct consent, prompt));
	struct request_waits ready = TAILQ_HEAD_INITIALIZER(ready);
	bool is_yes = answer->code == 0;
	struct err e = ERR_INIT;
	struct request *r;

	if (is_yes && c->is_shared)
		consent_keep(c->agent, c);
	if (!is_yes)
		consent_fail_text(c->subject.verb, &e, answer);
	while ((r = TAILQ_FIRST(&c->waiting)) != NULL) {
		TAILQ_REMOVE(&c->waiting, r, wait);
		r->consent = NULL;
		r->is_allowed = is_yes;
		TAILQ_INSERT_TAIL(&ready, r, wait);
	}
	consent_free(c);
	while ((r = TAILQ_FIRST(&ready)) != NULL) {
		TAILQ_REMOVE(&ready, r, wait);
		if (is_yes)
			request_resume(r);
		else
			request_fail(r, &e, NULL);
	}
}

static void
consent_prompt(
    struct consent *c, struct request *r, struct token *t, struct key *k)
{
	struct buf text = {.max = DIALOG_TEXT_MAX};
	char name[PROMPT_TOKEN_MAX];
	struct dialog_request request;
	struct agt_msg msg;

	request_decode(r, &msg);
	prompt_begin(r, &msg.context);
	prompt_name_token(name, t);
	if (k != NULL)
		buf_say(&text, "Allow a program to use a key of the token %s?",
		    name);
	else
		buf_say(
		    &text, "Allow a program to write to the token %s?", name);
	if (c->is_shared)
		buf_say(&text, "\nThe answer is good for %llu seconds.",
		    (unsigned long long)(c->window_us / 1000000));
	prompt_add_holder(&text, t, k);
	prompt_add_key(&text, c->agent, &msg);
	prompt_add_objects(&text, r, &msg);
	prompt_add_program(&text, r, &msg.context);
	request = prompt_place(c->agent, DIALOG_CONSENT, r, &msg.context);
	request.description = prompt_get_text(&text);
	prompt_end();
	prompt_open(&c->prompt, &request);
	buf_clear(&text);
}

static struct consent *
consent_new(struct request *r, const struct consent_subject *subject,
    const struct policy_verdict *v)
{
	struct agent *a = r->conn->agent;
	struct consent *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->agent = a;
	c->subject = *subject;
	c->subject.exe = strdup(subject->exe);
	if (c->subject.exe == NULL) {
		free(c);
		return NULL;
	}
	c->is_shared = v->confirm == POLICY_CONFIRM_ONCE;
	c->window_us = (uint64_t)v->window_s * 1000000;
	TAILQ_INIT(&c->waiting);
	prompt_init(&c->prompt, a);
	c->prompt.done = consent_answered;
	TAILQ_INSERT_TAIL(&a->consents.open, c, link);
	return c;
}

static struct consent *
consent_find_open(struct agent *a, const struct consent_subject *subject)
{
	struct consent *c;

	TAILQ_FOREACH (c, &a->consents.open, link)
		if (c->is_shared && consent_is_same(&c->subject, subject))
			return c;
	return NULL;
}

/* k NULL: it is about the token as such. */
static enum consent_answer
consent_ask(struct request *r, struct token *t, struct key *k,
    const struct policy_verdict *v, struct err *e)
{
	struct agent *a = r->conn->agent;
	bool is_once = v->confirm == POLICY_CONFIRM_ONCE;
	struct consent_subject subject = {
	    .verb = request_verb(r), .uid = r->conn->uid, .exe = r->conn->exe};
	struct consent *c = NULL;

	if (k != NULL)
		memcpy(subject.key_id, k->id, sizeof(subject.key_id));
	else
		(void)digest_of(
		    ALG_SHA256, bytes_of_str(t->uri), subject.key_id);
	if (is_once && consent_is_kept(a, &subject))
		return CONSENT_YES;
	if (is_once)
		c = consent_find_open(a, &subject);
	if (c == NULL) {
		c = consent_new(r, &subject, v);
		if (c == NULL) {
			err_set(e, -CS_ERR_NO_MEMORY, NULL);
			return CONSENT_NO;
		}
		consent_prompt(c, r, t, k);
	}
	request_hold(r);
	r->consent = c;
	TAILQ_INSERT_TAIL(&c->waiting, r, wait);
	return CONSENT_WAITS;
}

/* --- judging --- */

/* The digests of the key's certificates, one behind the other. */
static struct bytes
consent_digests(const struct key *k, uint8_t *out)
{
	uint8_t digest[DIGEST_LEN_MAX];
	struct tok_key key;
	struct bytes cert;
	struct der d, certs;
	size_t n = 0;

	der_init(&d, k->element);
	if (!agt_key_next(&d, &key))
		return BYTES_NONE;
	der_init(&certs, key.certificates);
	while (n < CONSENT_CERTS_MAX && agt_cert_next(&certs, &cert))
		if (digest_of(ALG_SHA256, cert, digest) == POLICY_HASH_LEN)
			memcpy(out + POLICY_HASH_LEN * n++, digest,
			    POLICY_HASH_LEN);
	return bytes_of(out, POLICY_HASH_LEN * n);
}

static struct bytes
consent_uri(const struct key *k)
{
	struct tok_key key;
	struct der d;

	der_init(&d, k->element);
	return agt_key_next(&d, &key) ? key.uri : BYTES_NONE;
}

/* The PIN prompt of such a key tells the same and asks the same. */
static bool
consent_is_the_pin(const struct key *k, const struct policy_verdict *v)
{
	return (k->flags & TOK_KEY_ALWAYS_AUTHENTICATE) &&
	       !v->takes_cached_pin && !(k->token->flags & TOK_PROTECTED_PATH);
}

enum consent_answer
consent_check(struct request *r, struct key *k, struct err *e)
{
	static uint8_t digests[CONSENT_CERTS_MAX * POLICY_HASH_LEN];
	const struct policy *policy = &r->conn->agent->settings.policy;
	struct policy_query q = {
	    .verb = request_verb(r),
	    .exe = r->conn->exe,
	    .uid = r->conn->uid,
	    .key_id = bytes_of(k->id, sizeof(k->id)),
	    .role = k->role,
	    .uri = consent_uri(k),
	    .always_authenticates =
		(k->flags & TOK_KEY_ALWAYS_AUTHENTICATE) != 0,
	    .is_restricted = r->conn->is_restricted,
	};
	struct policy_verdict v;

	if (policy_wants_digests(policy))
		q.certificates = consent_digests(k, digests);
	policy_judge(policy, &q, &v);
	r->takes_cached_pin = v.takes_cached_pin;
	if (policy_err(&v, &q, e) != 0)
		return CONSENT_NO;
	if (r->is_allowed || v.confirm == POLICY_CONFIRM_NEVER ||
	    consent_is_the_pin(k, &v))
		return CONSENT_YES;
	return consent_ask(r, k->token, k, &v, e);
}

enum consent_answer
consent_check_token(struct request *r, struct token *t, struct err *e)
{
	struct policy_query q = {
	    .verb = request_verb(r),
	    .exe = r->conn->exe,
	    .uid = r->conn->uid,
	    .uri = bytes_of_str(t->uri),
	    .is_restricted = r->conn->is_restricted,
	};
	struct policy_verdict v;

	policy_judge(&r->conn->agent->settings.policy, &q, &v);
	if (policy_err(&v, &q, e) != 0)
		return CONSENT_NO;
	if (r->is_allowed || v.confirm == POLICY_CONFIRM_NEVER)
		return CONSENT_YES;
	return consent_ask(r, t, NULL, &v, e);
}

void
consent_leave(struct request *r)
{
	struct consent *c = r->consent;

	TAILQ_REMOVE(&c->waiting, r, wait);
	r->consent = NULL;
	if (TAILQ_EMPTY(&c->waiting))
		consent_free(c);
}

void
consents_init(struct consents *cs)
{
	TAILQ_INIT(&cs->open);
	TAILQ_INIT(&cs->kept);
}

void
consents_clear(struct agent *a)
{
	consents_forget(a);
}
