/* labels.conf: which security labels are cleared, and which ask for more. */
#include "asn1/say.h"
#include "client/api/labels.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/pkix/file.h"

#define LABELS_NAME "labels.conf"
#define SECTION_POLICY "policy "
/* inih cuts what is longer: a policy cut short would be another one. */
#define SECTION_LEN_MAX 48
#define NAME_LEN_MAX 64
#define LIST_MAX 300 /* names, or categories, of a policy */

struct job_labels {
	struct label_rules system, user;
	const struct label_rules *rules; /* what counts; NULL: no file */
};

/* What the lines of a policy have said so far. */
enum {
	SAID_NAME = 1,
	SAID_CLEARANCE = 2,
	SAID_EQUIVALENTS = 4,
	SAID_ENCRYPT = 8,
};

/* Where the lines come from. */
struct labels_stream {
	FILE *f;
	int line;	/* the present one, from 1 */
	int fault_line; /* of what e tells; 0: of none */
	struct err *e;
	struct labels_parse *parse; /* into which the lines go */
};

struct labels_parse {
	struct labels_stream *from;
	struct label_rules *rules;
	struct label_policy *policy; /* whose section it is; or NULL */
	unsigned *said;		     /* one per policy */
	struct err *e;
};

static int
refuse(struct labels_parse *parse, const char *what, const char *text)
{
	char quoted[128];

	return err_set(parse->e, -CS_ERR_CONFIG, "\"%s\": %s",
	    err_quote(quoted, sizeof(quoted), text, strlen(text)), say(what));
}

/* Shown to people, and asked for as POLICY:CLASS, where numbers stand, too. */
static bool
is_name(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
		    text[i] == ':' || text[i] == ',')
			return false;
	return i != 0 && i <= NAME_LEN_MAX &&
	       !isdigit((unsigned char)text[0]) &&
	       utf8_is_valid(bytes_of_str(text));
}

/* --- values --- */

static int
set_unknown(struct labels_parse *parse, const char *text)
{
	if (parse->rules->unknown != LABEL_UNKNOWN_UNSAID)
		return refuse(parse, N_("unknown was said before"), text);
	if (strcmp(text, "withhold") == 0)
		parse->rules->unknown = LABEL_UNKNOWN_WITHHOLD;
	else if (strcmp(text, "show") == 0)
		parse->rules->unknown = LABEL_UNKNOWN_SHOW;
	else
		return refuse(
		    parse, N_("unknown takes withhold or show"), text);
	return 0;
}

static int
set_name(struct labels_parse *parse, const char *text)
{
	const struct label_rules own = {
	    .policies = parse->rules->policies,
	    .policies_len = parse->rules->policies_len,
	};

	if (!is_name(text))
		return refuse(parse,
		    N_("a policy's name is 1 to 64 octets without comma and "
		       "colon, and does not begin with a digit"),
		    text);
	if (label_find_policy_name(&own, text) != NULL)
		return refuse(parse, N_("another policy has that name"), text);
	parse->policy->name = strdup(text);
	return parse->policy->name != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* "4 secret" */
static int
add_class(struct labels_parse *parse, char *text)
{
	struct label_policy *p = parse->policy;
	struct label_class *classes;
	char *name = text + strcspn(text, " \t");
	int value;

	if (*name != '\0')
		*name++ = '\0';
	name += strspn(name, " \t");
	value = text[0] >= '0' && text[0] <= '9' ? label_class_find(NULL, text)
						 : -1;
	if (value < 0 || !is_name(name))
		return refuse(parse,
		    N_("names are NUMBER NAME, with commas between; a number "
		       "is "
		       "0 to 256, and no name begins with a digit"),
		    text);
	if (p->classes_len != 0 && (label_class_name(p, value) != NULL ||
				       label_class_find(p, name) != -1))
		return refuse(
		    parse, N_("that number or name has another"), name);
	if (p->classes_len == LIST_MAX)
		return refuse(parse, N_("these are too many names"), name);
	classes =
	    reallocarray(p->classes, p->classes_len + 1, sizeof(*classes));
	if (classes == NULL)
		return -CS_ERR_NO_MEMORY;
	p->classes = classes;
	classes[p->classes_len] = (struct label_class){value, strdup(name)};
	if (classes[p->classes_len].name == NULL)
		return -CS_ERR_NO_MEMORY;
	p->classes_len++;
	return 0;
}

static int
add_category(struct labels_parse *parse, char *text)
{
	struct label_policy *p = parse->policy;
	struct buf *categories, oid = {0};

	if (oid_parse(&oid, text) != 0) {
		buf_clear(&oid);
		return refuse(
		    parse, N_("a category is an object identifier"), text);
	}
	categories = p->categories_len == LIST_MAX
			 ? NULL
			 : reallocarray(p->categories, p->categories_len + 1,
			       sizeof(*categories));
	if (categories == NULL) {
		buf_clear(&oid);
		return p->categories_len == LIST_MAX
			   ? refuse(parse, N_("these are too many categories"),
				 text)
			   : -CS_ERR_NO_MEMORY;
	}
	p->categories = categories;
	categories[p->categories_len++] = oid;
	return 0;
}

/* What stands between commas, without blanks around it. */
static int
set_list(struct labels_parse *parse, const char *text,
    int (*add)(struct labels_parse *parse, char *text))
{
	char *copy = strdup(text), *rest = copy, *one;
	size_t len;
	int r = copy != NULL ? 0 : -CS_ERR_NO_MEMORY;

	while (r == 0 && (one = strsep(&rest, ",")) != NULL) {
		one += strspn(one, " \t");
		len = strlen(one);
		while (len > 0 && (one[len - 1] == ' ' || one[len - 1] == '\t'))
			one[--len] = '\0';
		/* a comma at the end of a line goes on in the next */
		if (len != 0 || rest != NULL)
			r = add(parse, one);
	}
	free(copy);
	return r;
}

static int
set_names(struct labels_parse *parse, const char *text)
{
	size_t at = (size_t)(parse->policy - parse->rules->policies);

	if ((parse->said[at] & (SAID_CLEARANCE | SAID_ENCRYPT)) != 0)
		return refuse(parse,
		    N_("names stand before clearance and encrypt-from, which "
		       "may "
		       "use them"),
		    text);
	return set_list(parse, text, add_class);
}

static int
set_categories(struct labels_parse *parse, const char *text)
{
	return set_list(parse, text, add_category);
}

static int
set_clearance(struct labels_parse *parse, const char *text)
{
	struct label_policy *p = parse->policy;

	if (strcmp(text, "none") == 0)
		p->clearance = LABEL_CLEARANCE_NONE;
	else if (strcmp(text, "any") == 0)
		p->clearance = LABEL_CLEARANCE_ANY;
	else
		p->clearance = label_class_find(p, text);
	if (p->clearance == -1 && strcmp(text, "none") != 0)
		return refuse(parse,
		    N_("clearance takes none, any, or the number or name of a "
		       "classification"),
		    text);
	return 0;
}

static int
set_equivalents(struct labels_parse *parse, const char *text)
{
	parse->policy->takes_equivalents = strcmp(text, "yes") == 0;
	if (!parse->policy->takes_equivalents && strcmp(text, "no") != 0)
		return refuse(parse, N_("equivalents takes yes or no"), text);
	return 0;
}

static int
set_encrypt_from(struct labels_parse *parse, const char *text)
{
	struct label_policy *p = parse->policy;

	p->encrypt_from = label_class_find(p, text);
	if (p->encrypt_from >= 0)
		return 0;
	return refuse(parse,
	    N_("encrypt-from takes the number or name of a classification"),
	    text);
}

/* --- lines --- */

static const struct labels_key {
	const char *name;
	int (*set)(struct labels_parse *parse, const char *text);
	unsigned said; /* 0: it may go on in another line */
} labels_keys[] = {
    {"name", set_name, SAID_NAME},
    {"names", set_names, 0},
    {"clearance", set_clearance, SAID_CLEARANCE},
    {"categories", set_categories, 0},
    {"equivalents", set_equivalents, SAID_EQUIVALENTS},
    {"encrypt-from", set_encrypt_from, SAID_ENCRYPT},
};

/* The policy of a section, made where it is new. */
static int
find_section(struct labels_parse *parse, const char *section)
{
	struct label_rules *rules = parse->rules;
	struct buf oid = {0};
	unsigned *said;
	size_t i;
	int r = 0;

	parse->policy = NULL;
	if (strncmp(section, SECTION_POLICY, strlen(SECTION_POLICY)) != 0 ||
	    strlen(section) > SECTION_LEN_MAX ||
	    oid_parse(&oid, section + strlen(SECTION_POLICY)) != 0) {
		buf_clear(&oid);
		return refuse(parse,
		    N_("a section is [labels], or [policy OID] of 48 octets at "
		       "most"),
		    section);
	}
	for (i = 0; parse->policy == NULL && i < rules->policies_len; i++)
		if (bytes_is_equal(
			buf_get(&rules->policies[i].oid), buf_get(&oid)))
			parse->policy = &rules->policies[i];
	if (parse->policy == NULL) {
		said = reallocarray(
		    parse->said, rules->policies_len + 1, sizeof(*parse->said));
		if (said != NULL) {
			parse->said = said;
			said[rules->policies_len] = 0;
			parse->policy = label_rules_add(rules, buf_get(&oid));
		}
		if (parse->policy == NULL)
			r = -CS_ERR_NO_MEMORY;
	}
	buf_clear(&oid);
	return r;
}

static int
policy_line(struct labels_parse *parse, const char *section, const char *name,
    const char *text)
{
	const struct labels_key *key = NULL;
	unsigned *said;
	size_t i;
	int r = find_section(parse, section);

	for (i = 0; i < sizeof(labels_keys) / sizeof(*labels_keys); i++)
		if (strcmp(name, labels_keys[i].name) == 0)
			key = &labels_keys[i];
	if (r != 0)
		return r;
	if (key == NULL)
		return refuse(parse, N_("no such key in a policy"), name);
	said = &parse->said[parse->policy - parse->rules->policies];
	if ((*said & key->said) != 0)
		return refuse(parse, N_("that key was there before"), name);
	*said |= key->said;
	return key->set(parse, text);
}

/* For inih: 0 is a fault; it goes on, and the first is told. */
static int
labels_line(void *user, const char *section, const char *name, const char *text)
{
	struct labels_parse *parse = user;
	int r;

	if (parse->e->code != 0)
		return 0;
	if (strcmp(section, "labels") != 0)
		r = policy_line(parse, section, name, text);
	else if (strcmp(name, "unknown") == 0)
		r = set_unknown(parse, text);
	else
		r = refuse(parse, N_("no such key in section [labels]"), name);
	if (r == 0)
		return 1;
	parse->from->fault_line = parse->from->line;
	if (parse->e->code == 0)
		err_set(parse->e, r, NULL);
	return 0;
}

/* inih tells of a section with its first key: one that has none counts, too. */
static void
see_section(struct labels_stream *s, const char *line)
{
	char section[SECTION_LEN_MAX + 2] = "";
	size_t len;

	if (s->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3; /* a byte order mark */
	while (isspace((unsigned char)line[0]))
		line++;
	if (line[0] != '[' || strchr(line, ']') == NULL)
		return;
	len = strcspn(line + 1, "]");
	if (len > sizeof(section) - 1)
		len = sizeof(section) - 1; /* too long all the same */
	memcpy(section, line + 1, len);
	if (strcmp(section, "labels") == 0 ||
	    find_section(s->parse, section) == 0)
		return;
	s->fault_line = s->line;
	if (s->e->code == 0)
		err_set(s->e, -CS_ERR_NO_MEMORY, NULL);
}

/* For inih, in place of fgets: it would take what is left of a long line for
 * another line. */
static char *
labels_gets(char *line, int size, void *stream)
{
	struct labels_stream *s = stream;
	char *got = fgets(line, size, s->f);

	s->line++;
	if (got != NULL && s->e->code == 0)
		see_section(s, got);
	if (got == NULL || strchr(got, '\n') != NULL || feof(s->f) ||
	    s->e->code != 0)
		return got;
	err_set(s->e, -CS_ERR_CONFIG, "the line is longer than %d octets",
	    size - 2);
	s->fault_line = s->line;
	return got;
}

/* inih tells the first line that is none, and goes on. */
static int
tell_line(
    const struct labels_stream *s, int line, const char *path, struct err *e)
{
	if (line != 0 && (s->fault_line == 0 || line < s->fault_line))
		return err_set(e, -CS_ERR_CONFIG,
		    "%s, line %d: neither a [section] nor KEY = VALUE", path,
		    line);
	if (s->fault_line == 0)
		return 0;
	return err_set(e, s->e->code, "%s, line %d: %s", path, s->fault_line,
	    err_get_text(s->e));
}

/* *is_there: is there such a file? */
static int
labels_file(
    struct label_rules *rules, const char *path, bool *is_there, struct err *e)
{
	struct err why = ERR_INIT;
	struct labels_stream s = {.e = &why};
	struct labels_parse parse = {.from = &s, .rules = rules, .e = &why};
	bool has_failed;
	int line, r = pkix_settings_open(path, &s.f, e);

	s.parse = &parse;
	*is_there = s.f != NULL;
	if (r != 0 || s.f == NULL)
		return r;
	line = ini_parse_stream(labels_gets, &s, labels_line, &parse);
	free(parse.said);
	has_failed = ferror(s.f) != 0;
	(void)fclose(s.f);
	if (has_failed)
		return err_set(e, -CS_ERR_IO, "%s cannot be read", path);
	return tell_line(&s, line, path, e);
}

int
job_labels_load(struct job_labels **result, struct err *e)
{
	struct job_labels *labels = calloc(1, sizeof(*labels));
	struct buf path = {0};
	bool has_system = false, has_user = false;
	int r;

	*result = NULL;
	if (labels == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = labels_file(&labels->system, CS_SYSCONFDIR "/cardseal/" LABELS_NAME,
	    &has_system, e);
	if (r == 0 && pkix_config_path(&path, LABELS_NAME, NULL) == 0)
		r = labels_file(
		    &labels->user, (const char *)path.data, &has_user, e);
	buf_clear(&path);
	if (r != 0) {
		job_labels_free(labels);
		return r;
	}
	if (has_system)
		labels->rules = labels->user.above = &labels->system;
	if (has_user)
		labels->rules = &labels->user;
	*result = labels;
	return 0;
}

const struct label_rules *
job_labels_get(const struct job_labels *labels)
{
	return labels != NULL ? labels->rules : NULL;
}

void
job_labels_free(struct job_labels *labels)
{
	if (labels == NULL)
		return;
	label_rules_clear(&labels->system);
	label_rules_clear(&labels->user);
	free(labels);
}
