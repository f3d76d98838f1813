/*
 * module.h: the PKCS#11 modules, each with its workers and with what its
 * tokens hold, as last seen (inventory.h).
 *
 * The workers of a module are started one after the other. One that ends is
 * replaced, at once the first time, later and later when it keeps ending, but
 * soon if somebody waits for it. A module has failed when its workers end, in a
 * row, before they are ready; then clients are told at once, but for those that
 * no start was made for yet. What its tokens hold, and their PINs, are kept for
 * some more attempts.
 */
#ifndef AGENT_MODULE_H
#define AGENT_MODULE_H

#include "agent/proto.h"
#include "agent/settings.h"
#include "agent/worker.h"

/* So young a list is not made anew for a client. */
#define MODULE_FRESH_MS 2000
/* When a key is missing, the card may have come a moment ago. */
#define MODULE_MISSING_MS 200
/* A list does not wait longer for a module that does not answer. */
#define MODULE_SLOW_MS 5000
#define MODULE_ERROR_MAX 256

struct token;
struct key;

struct module {
	TAILQ_ENTRY(module) link;
	struct agent *agent;
	char *name;
	char *path; /* as START takes it */
	unsigned worker_count;
	struct worker *workers; /* worker_count of them */
	enum agt_module_state state;
	uint32_t restarts;
	unsigned failures;   /* workers that ended, in a row */
	unsigned bad_starts; /* those that never were ready */
	char last_error[MODULE_ERROR_MAX];
	uint64_t began_us, ended_us; /* the last start, the last end */
	struct timer rest;	     /* until the next start */
	/* PROBE of a module that is ready already */
	struct job probe;
	unsigned probe_worker; /* index of the one it went to */
	struct timer slow;
	bool is_slow;
	bool is_stale;
	bool uses_pcsc;
	uint64_t probed_us; /* 0: never */
	/* inventory.h */
	TAILQ_HEAD(module_tokens, token) tokens;
	struct module_tokens gone; /* removed, but a worker still has a job */
	struct key *keys;
	size_t key_count;
	struct buf elements;	 /* what keys point into */
	struct buf certificates; /* agt_cert_put */
};

struct modules {
	TAILQ_HEAD(module_list, module) list;
	bool is_known; /* the list is whole */
	struct launch listing;
	int listing_fd, listing_pidfd;
	sd_event_source *listing_source;
	struct timer listing_deadline;
	struct buf listing_text;
};

/* Begins to start all workers, once the modules are known. */
int CS_MUST_USE modules_start(struct agent *a);
void modules_clear(struct agent *a);
void modules_process_ended(struct agent *a, int pid, int status);

/*
 * Was every module asked what it has within that time? Those that were not
 * are being asked when it returns false; requests_resume (request.h) comes
 * after. A module that is slow, or failed a moment ago, holds up nobody.
 */
bool modules_are_fresh(struct agent *a, unsigned age_ms);
/* The worker to give the next job, the one with least to do, of those that
 * know the token (NULL: of all). Where none is there, it waits for the first
 * that is: a module that failed a moment ago is started again in a second. */
struct worker *module_get_worker(struct module *m, const struct token *t);
/* One that cannot be used, which might have what is missing; NULL: none. */
const struct module *modules_find_failed(const struct agent *a);
/* Why the module does not serve; with its failure in e. */
void module_err(const struct module *m, struct err *e);
/* The module's tokens may have changed: ask anew, now or with the next list. */
void module_changed(struct module *m);
void module_set_stale(struct module *m);
/* Has all its workers replaced; its tokens count as removed. */
void module_renew(struct module *m);

/* For modules.c: one more, whose workers begin to start; and its end, when it
 * is off the list. */
int CS_MUST_USE module_add(
    struct agent *a, struct bytes name, struct bytes path);
void module_free(struct module *m);

/* For worker.c */
void module_worker_ready(struct worker *w);
void module_worker_ended(struct worker *w, const struct err *e);
void module_worker_retired(struct worker *w);
void module_start_failed(struct module *m, const struct err *e);

#endif
