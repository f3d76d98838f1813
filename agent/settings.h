/*
 * settings.h: the agent's settings: defaults, configuration files, command
 * line, in this order of growing weight.
 *
 * Files: /etc/cardseal/agent.conf, then $XDG_CONFIG_HOME/cardseal/agent.conf
 * (else ~/.config/cardseal/agent.conf); with --config only that one. Format:
 *
 *	[agent]
 *	pinentry = /usr/bin/pinentry
 *	deadline = 30
 *	workers = 1
 *	restricted-socket = /run/user/1000/cardseal/restricted
 *	[pin]
 *	cache-ttl = 600
 *	cache-max = 7200
 *	prompt-timeout = 120
 *	lock-on-sleep = 1
 *	lock-on-session-lock = 1
 *
 *	[audit]
 *	keep = 8
 *	size = 4096
 *	journal = 1
 *	[service]
 *	(admit.h)
 *	[pin-of NAME]
 *	(pin_source.h)
 *	[rule NAME]
 *	(policy.h)
 *
 * Times are in seconds, size in KiB. cache-ttl = 0: a PIN is asked for each
 *time that the token has to be unlocked.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "agent/admit.h"
#include "agent/pin_source.h"
#include "agent/policy.h"

#define SETTINGS_MODULES_MAX 32
#define SETTINGS_WORKERS_MAX 16
#define SETTINGS_PATH_MAX 1024

struct settings {
	const char *socket;		  /* NULL: agt_socket_path's rule */
	char pinentry[SETTINGS_PATH_MAX]; /* a path, or a name for $PATH */
	const char *modules[SETTINGS_MODULES_MAX]; /* instead of p11-kit's */
	unsigned module_count;
	unsigned workers;
	unsigned deadline_ms;
	unsigned prompt_timeout_ms;
	unsigned cache_ttl_s;
	unsigned cache_max_s;
	unsigned lock_on_sleep;	  /* 1: when logind says so */
	unsigned lock_on_session; /* the same for a locked session */
	char state_folder[SETTINGS_PATH_MAX];
	unsigned audit_keep; /* files before the present one; 0: no log */
	unsigned audit_size_kib;
	unsigned audit_journal; /* 1: the journal too, where there is one */
	char restricted[SETTINGS_PATH_MAX]; /* socket; "": none */
	struct admit admit;
	struct pin_sources pin_sources;
	struct policy policy; /* of all files together */
};

enum settings_outcome { SETTINGS_RUN, SETTINGS_DONE };

/*
 * Fills c from files and argv; strings borrow from argv. --help and --version
 * print and give SETTINGS_DONE. CS_ERR_USAGE: wrong options. CS_ERR_CONFIG: a
 * file is wrong; the text names file, line, key. CS_ERR_NO_FILE: --config's
 * file can't be read.
 */
int CS_MUST_USE settings_load(struct settings *s, int argc, char **argv,
    enum settings_outcome *outcome, struct err *e);

#endif
