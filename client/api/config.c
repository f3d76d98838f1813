/* cardseal.conf: what the client does unless an option says otherwise. */
#include "asn1/say.h"
#include "client/api/job.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/fetch/proto.h"
#include "client/pkix/file.h"

#define CONFIG_NAME "cardseal.conf"
#define FETCH_SECONDS_DEFAULT 5
#define FETCH_SECONDS_MAX 600

struct config_parse {
	struct job_config *config;
	struct err *e;
};

/* Which of the words it is; a negative code: none. */
static int
find_word(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -CS_ERR_CONFIG;
}

static int
set_fetch(struct job_config *c, const char *text)
{
	static const char *const words[] = {"off", "public", "all", NULL};
	int i = find_word(words, text);

	if (i < 0)
		return i;
	c->fetch = (enum fetch_rule)i;
	return 0;
}

static int
set_fetch_seconds(struct job_config *c, const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 ||
	    n > FETCH_SECONDS_MAX)
		return -CS_ERR_CONFIG;
	c->fetch_timeout_ms = (unsigned)n * 1000;
	return 0;
}

static int
set_yes_no(bool *is_on, const char *text)
{
	*is_on = strcmp(text, "yes") == 0;
	return *is_on || strcmp(text, "no") == 0 ? 0 : -CS_ERR_CONFIG;
}

static int
set_harvest(struct job_config *c, const char *text)
{
	return set_yes_no(&c->harvests, text);
}

static int
set_lookup(struct job_config *c, const char *text)
{
	return set_yes_no(&c->lookup.is_on, text);
}

static int
set_smimea(struct job_config *c, const char *text)
{
	return set_yes_no(&c->lookup.has_dns, text);
}

static int
set_legacy_display(struct job_config *c, const char *text)
{
	return set_yes_no(&c->has_legacy_display, text);
}

static int
set_text(char dst[LOOKUP_TEXT_MAX], const char *text, const char *allowed)
{
	size_t len = strlen(text);

	if (len == 0 || len >= LOOKUP_TEXT_MAX ||
	    (allowed != NULL && strspn(text, allowed) != len))
		return -CS_ERR_CONFIG;
	memcpy(dst, text, len + 1);
	return 0;
}

/* "ldap://HOST[/BASE]": what is searched for is ours to say. */
static int
set_ldap(struct job_config *c, const char *text)
{
	struct lookup_config *l = &c->lookup;
	const char *rest = strstr(text, "://");

	if (l->ldap_len == LOOKUP_LDAP_MAX || rest == NULL ||
	    !fetch_is_ldap(bytes_of_str(text)) || rest[3] == '\0' ||
	    rest[3] == '/' || strpbrk(text, "? \t") != NULL ||
	    set_text(l->ldap[l->ldap_len], text, NULL) != 0)
		return -CS_ERR_CONFIG;
	l->ldap_len++;
	return 0;
}

static int
set_dns_server(struct job_config *c, const char *text)
{
	return set_text(
	    c->lookup.dns_server, text, "0123456789abcdefABCDEF.:[]");
}

static int
set_dns_anchor(struct job_config *c, const char *text)
{
	return text[0] != '/' ? -CS_ERR_CONFIG
			      : set_text(c->lookup.dns_anchor, text, NULL);
}

static int
set_system_anchors(struct job_config *c, const char *text)
{
	static const char *const words[] = {"off", "email", "all", NULL};
	int i = find_word(words, text);

	if (i < 0)
		return i;
	c->system_anchors = (enum system_anchors_rule)i;
	return 0;
}

static const struct config_key {
	const char *section, *name;
	int (*set)(struct job_config *c, const char *text);
	const char *values; /* for people */
} config_keys[] = {
    {"trust", "fetch", set_fetch, N_("off, public or all")},
    {"store", "harvest", set_harvest, N_("yes or no")},
    {"mail", "legacy-display", set_legacy_display, "yes or no"},
    {"trust", "p11-kit", set_system_anchors, N_("off, email or all")},
    {"trust", "fetch-seconds", set_fetch_seconds, "1 to 600"},
    {"lookup", "lookup", set_lookup, "yes or no"},
    {"lookup", "ldap", set_ldap,
	"ldap://HOST/BASE or ldaps://HOST/BASE, four times at most"},
    {"lookup", "smimea", set_smimea, "yes or no"},
    {"lookup", "dns-server", set_dns_server, "ADDRESS or ADDRESS:PORT"},
    {"lookup", "dns-anchor", set_dns_anchor, "the path of a file"},
};

static const struct config_key *
find_key(const char *section, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(config_keys) / sizeof(*config_keys); i++)
		if (strcmp(section, config_keys[i].section) == 0 &&
		    strcmp(name, config_keys[i].name) == 0)
			return &config_keys[i];
	return NULL;
}

/* For inih: 0 stops. */
static int
config_line(void *user, const char *section, const char *name, const char *text)
{
	struct config_parse *parse = user;
	const struct config_key *key = find_key(section, name);
	char quoted[2][128];

	if (key == NULL)
		return err_set(parse->e, -CS_ERR_CONFIG,
			   "%s: no such key in section [%s]",
			   err_quote(quoted[0], sizeof(quoted[0]), name,
			       strlen(name)),
			   err_quote(quoted[1], sizeof(quoted[1]), section,
			       strlen(section))) == 0;
	if (key->set(parse->config, text) == 0)
		return 1;
	return err_set(parse->e, -CS_ERR_CONFIG, "%s = %s: it takes %s",
		   key->name,
		   err_quote(quoted[0], sizeof(quoted[0]), text, strlen(text)),
		   say(key->values)) == 0;
}

static int
config_file(struct job_config *config, const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	struct config_parse parse = {config, &why};
	FILE *f;
	bool has_failed;
	int line, r = pkix_settings_open(path, &f, e);

	if (r != 0 || f == NULL)
		return r;
	line = ini_parse_file(f, config_line, &parse);
	has_failed = ferror(f) != 0;
	(void)fclose(f);
	if (has_failed)
		return err_set(e, -CS_ERR_IO, "%s cannot be read", path);
	if (line == 0)
		return 0;
	return err_set(e, -CS_ERR_CONFIG, "%s, line %d: %s", path, line,
	    why.code != 0 ? err_get_text(&why)
			  : say("neither a [section] nor KEY = VALUE"));
}

int
job_config_load(struct job_config *config, struct err *e)
{
	struct buf path = {0};
	int r;

	*config = (struct job_config){
	    .fetch = FETCH_OFF,
	    .harvests = true,
	    .system_anchors = SYSTEM_ANCHORS_EMAIL,
	    .fetch_timeout_ms = FETCH_SECONDS_DEFAULT * 1000,
	    .lookup = {.has_dns = true},
	    .has_legacy_display = true,
	};
	r = config_file(config, CS_SYSCONFDIR "/cardseal/" CONFIG_NAME, e);
	if (r == 0 && pkix_config_path(&path, CONFIG_NAME, NULL) == 0)
		r = config_file(config, (const char *)path.data, e);
	buf_clear(&path);
	return r;
}
