#include "config.h"

#include "agent/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proto.h"

#define SETTINGS_FILE_MAX ((off_t)65536)

struct settings_key {
	const char *section;
	const char *name;
	size_t offset; /* of an unsigned, or of pinentry */
	unsigned scale;
	unsigned long min, max; /* max 0: a path */
};

#define KEY(section, name, member, scale, min, max)                           \
	{                                                                     \
		section, name, offsetof(struct settings, member), scale, min, \
		    max                                                       \
	}

static const struct settings_key settings_keys[] = {
    KEY("agent", "pinentry", pinentry, 0, 0, 0),
    KEY("agent", "restricted-socket", restricted, 0, 0, 0),
    KEY("agent", "deadline", deadline_ms, 1000, 1, 3600),
    KEY("agent", "workers", workers, 1, 1, SETTINGS_WORKERS_MAX),
    KEY("pin", "prompt-timeout", prompt_timeout_ms, 1000, 5, 3600),
    KEY("pin", "cache-ttl", cache_ttl_s, 1, 0, 86400),
    KEY("pin", "cache-max", cache_max_s, 1, 0, 86400),
    KEY("pin", "lock-on-sleep", lock_on_sleep, 1, 0, 1),
    KEY("pin", "lock-on-session-lock", lock_on_session, 1, 0, 1),
    KEY("audit", "keep", audit_keep, 1, 0, 10000),
    KEY("audit", "size", audit_size_kib, 1, 16, 1048576),
    KEY("audit", "journal", audit_journal, 1, 0, 1),
};

struct settings_parse {
	struct settings *c;
	struct err *e; /* the first fault */
	bool has_failed;
};

static int
settings_number(const char *text, unsigned long min, unsigned long max,
    unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    *value < min || *value > max)
		return -CS_ERR_CONFIG;
	return 0;
}

static int
settings_put(struct settings *c, const struct settings_key *key,
    const char *text, struct err *e)
{
	char *at = (char *)c + key->offset;
	unsigned long value;
	unsigned scaled;
	char quoted[128];

	if (key->max == 0) {
		if (text[0] == '\0' || strlen(text) >= SETTINGS_PATH_MAX)
			return err_set(e, -CS_ERR_CONFIG,
			    "%s: a program must be named", key->name);
		snprintf(at, SETTINGS_PATH_MAX, "%s", text);
		return 0;
	}
	if (settings_number(text, key->min, key->max, &value) != 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "%s: \"%s\" is not a number from %lu to %lu", key->name,
		    err_quote(quoted, sizeof(quoted), text, strlen(text)),
		    key->min, key->max);
	scaled = (unsigned)value * key->scale;
	*(unsigned *)(void *)at = scaled;
	return 0;
}

/* Sections that have readers of their own; false: it is none of them. */
static bool
settings_part(struct settings_parse *parse, const char *section,
    const char *name, const char *text, bool *has_failed)
{
	struct settings *c = parse->c;
	bool are_users = strcmp(name, "users") == 0;
	int r;

	if (policy_has_section(section))
		r = policy_set(&c->policy, section, name, text, parse->e);
	else if (pin_sources_has_section(section))
		r = pin_sources_set(
		    &c->pin_sources, section, name, text, parse->e);
	else if (strcmp(section, "service") == 0 &&
		 (are_users || strcmp(name, "groups") == 0))
		r = admit_add(&c->admit, !are_users, text, parse->e);
	else
		return false;
	*has_failed = r != 0;
	return true;
}

static int
settings_line(
    void *user, const char *section, const char *name, const char *text)
{
	struct settings_parse *parse = user;
	const struct settings_key *key;
	char quoted[2][128];
	size_t i;

	if (!parse->has_failed &&
	    settings_part(parse, section, name, text, &parse->has_failed))
		return !parse->has_failed;
	for (i = 0; i < sizeof(settings_keys) / sizeof(settings_keys[0]); i++) {
		key = &settings_keys[i];
		if (strcmp(section, key->section) != 0 ||
		    strcmp(name, key->name) != 0)
			continue;
		if (parse->has_failed)
			return 1;
		parse->has_failed =
		    settings_put(parse->c, key, text, parse->e) != 0;
		return !parse->has_failed;
	}
	if (!parse->has_failed)
		err_set(parse->e, -CS_ERR_CONFIG,
		    "%s: no such key in section [%s]",
		    err_quote(quoted[0], sizeof(quoted[0]), name, strlen(name)),
		    err_quote(quoted[1], sizeof(quoted[1]), section,
			strlen(section)));
	parse->has_failed = true;
	return 0;
}

/* Without waiting where it is a FIFO. */
static FILE *
settings_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && f == NULL)
		(void)close(fd);
	return f;
}

/* is_needed: a file that is not there is an error. */
static int
settings_file(
    struct settings *c, const char *path, bool is_needed, struct err *e)
{
	struct settings_parse parse = {c, e, false};
	struct stat st;
	FILE *f = settings_open(path);
	int line;

	if (f == NULL && (errno == ENOENT || errno == ENOTDIR) && !is_needed)
		return 0;
	if (f == NULL)
		return err_set_errno(e, errno, path);
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SETTINGS_FILE_MAX) {
		(void)fclose(f);
		return err_set(e, -CS_ERR_CONFIG,
		    "%s: not a configuration file, or too large", path);
	}
	err_clear(e);
	policy_next_file(&c->policy);
	line = ini_parse_file(f, settings_line, &parse);
	(void)fclose(f);
	if (line == 0 && !parse.has_failed)
		return 0;
	if (!parse.has_failed)
		return err_set(e, -CS_ERR_CONFIG,
		    "%s, line %d: neither a [section] nor KEY = VALUE", path,
		    line);
	err_context(e, "%s, line %d", path, line);
	return -CS_ERR_CONFIG;
}

static int
settings_files(struct settings *c, const char *given, struct err *e)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char path[SETTINGS_PATH_MAX];
	int r;

	if (given != NULL)
		return settings_file(c, given, true, e);
	r = settings_file(c, CS_SYSCONFDIR "/cardseal/agent.conf", false, e);
	if (r != 0)
		return r;
	if (base != NULL && base[0] == '/')
		snprintf(path, sizeof(path), "%s/cardseal/agent.conf", base);
	else if (home != NULL && home[0] == '/')
		snprintf(
		    path, sizeof(path), "%s/.config/cardseal/agent.conf", home);
	else
		return 0;
	return settings_file(c, path, false, e);
}

static void
settings_usage(FILE *to)
{
	fputs("usage: cardseal agent [--socket PATH] [--config FILE] "
	      "[--module PATH]...\n"
	      "           [--pinentry PROGRAM] [--workers N]\n"
	      "Holds the tokens and does the private-key operations of "
	      "cardseal's clients,\n"
	      "in the foreground; SIGTERM ends it. See cardseal-agent(8).\n"
	      "  --socket PATH       where to listen\n"
	      "  --config FILE       the only configuration file to read\n"
	      "  --module PATH       this PKCS#11 module, not what p11-kit "
	      "has\n"
	      "  --pinentry PROGRAM  asks for PINs\n"
	      "  --workers N         processes for each module\n"
	      "  --version, --help\n",
	    to);
}

struct settings_args {
	const char *config;
	const char *pinentry;
	const char *workers;
};

static int
settings_option(
    struct settings *c, struct settings_args *args, int option, struct err *e)
{
	switch (option) {
	case 's':
		c->socket = optarg;
		return 0;
	case 'c':
		args->config = optarg;
		return 0;
	case 'p':
		args->pinentry = optarg;
		return 0;
	case 'w':
		args->workers = optarg;
		return 0;
	case 'm':
		if (c->module_count == SETTINGS_MODULES_MAX)
			return err_set(e, -CS_ERR_USAGE, "more than %d modules",
			    SETTINGS_MODULES_MAX);
		if (optarg[0] == '\0' ||
		    !agt_text_is_valid(bytes_of_str(optarg)))
			return err_set(
			    e, -CS_ERR_USAGE, "--module: a path must be named");
		c->modules[c->module_count++] = optarg;
		return 0;
	default:
		return err_set(e, -CS_ERR_USAGE,
		    "wrong options; try cardseal agent --help");
	}
}

static int
settings_args(struct settings *c, struct settings_args *args, int argc,
    char **argv, enum settings_outcome *outcome, struct err *e)
{
	static const struct option options[] = {
	    {"socket", required_argument, NULL, 's'},
	    {"config", required_argument, NULL, 'c'},
	    {"module", required_argument, NULL, 'm'},
	    {"pinentry", required_argument, NULL, 'p'},
	    {"workers", required_argument, NULL, 'w'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'V' || option == 'h') {
			if (option == 'h')
				settings_usage(stdout);
			else
				printf("cardseal-agent %s\n", PACKAGE_VERSION);
			*outcome = SETTINGS_DONE;
			return 0;
		}
		r = settings_option(c, args, option, e);
		if (r != 0)
			return r;
	}
	if (optind != argc)
		return err_set(e, -CS_ERR_USAGE,
		    "an argument that is no option; try cardseal agent --help");
	return 0;
}

int
settings_load(struct settings *c, int argc, char **argv,
    enum settings_outcome *outcome, struct err *e)
{
	static const struct settings_key key_pinentry = KEY("", "--pinentry",
					     pinentry, 0, 0, 0),
					 key_workers =
					     KEY("", "--workers", workers, 1, 1,
						 SETTINGS_WORKERS_MAX);
	struct settings_args args = {0};
	int r;

	*c = (struct settings){
	    .pinentry = "pinentry",
	    .workers = 1,
	    .deadline_ms = 30000,
	    .prompt_timeout_ms = 120000,
	    .cache_ttl_s = 600,
	    .cache_max_s = 7200,
	    .lock_on_sleep = 1,
	    .lock_on_session = 1,
	    .audit_keep = 8,
	    .audit_size_kib = 4096,
	    .audit_journal = 1,
	};
	*outcome = SETTINGS_RUN;
	r = settings_args(c, &args, argc, argv, outcome, e);
	if (r != 0 || *outcome == SETTINGS_DONE)
		return r;
	r = settings_files(c, args.config, e);
	if (r == 0 && args.pinentry != NULL)
		r = settings_put(c, &key_pinentry, args.pinentry, e);
	if (r == 0 && args.workers != NULL)
		r = settings_put(c, &key_workers, args.workers, e);
	return r;
}
