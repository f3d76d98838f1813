/* A card from its file; see piv.h. */
#include "tests/card/piv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/card/words.h"

#define LOAD_FILE_MAX 65536
#define LOAD_PATH_MAX 1024
#define LOAD_TRIES_MAX 15 /* what a status word can tell */

struct load {
	struct piv_card *card;
	const char *folder; /* of the file */
	struct err *e;
};

/* Beside the file, unless it begins at the root. */
static bool
load_path(const struct load *l, const char *name, char *path, size_t size)
{
	int n = name[0] == '/' ? snprintf(path, size, "%s", name)
			       : snprintf(path, size, "%s/%s", l->folder, name);

	return n > 0 && (size_t)n < size;
}

static bool
load_policy(struct piv_key *k, const char *text)
{
	static const char *const names[] = {"never", "once", "always"};
	unsigned i;

	k->policy = PIV_POLICY_ONCE;
	if (k->ref == PIV_REF_SIGN)
		k->policy = PIV_POLICY_ALWAYS;
	else if (k->ref == PIV_REF_CARD)
		k->policy = PIV_POLICY_NEVER;
	if (text == NULL)
		return true;
	for (i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			k->policy = (enum piv_policy)i;
			return true;
		}
	}
	return false;
}

static bool
load_is_key_ref(unsigned ref)
{
	return (ref >= PIV_REF_RETIRED_FIRST && ref <= PIV_REF_RETIRED_LAST) ||
	       (ref >= PIV_REF_AUTH && ref <= PIV_REF_CARD &&
		   ref != PIV_REF_ADMIN);
}

/* key REF KEY [CERT [gzip]] [pin=...] */
static bool
load_key(struct load *l, char **words, size_t len)
{
	char path[LOAD_PATH_MAX];
	struct piv_key *k;
	unsigned ref;

	if (len < 3 || l->card->keys_len == PIV_KEYS_MAX ||
	    !word_get_uint(words[1], 16, 255, &ref) || !load_is_key_ref(ref) ||
	    piv_find_key(l->card, ref) != NULL)
		return false;
	k = &l->card->keys[l->card->keys_len++];
	k->ref = (uint8_t)ref;
	k->cert.max = PIV_CERT_MAX;
	k->is_gzip = len > 4 && strcmp(words[4], "gzip") == 0;
	if (!load_policy(k, words_get(words, len, "pin")) ||
	    !load_path(l, words[2], path, sizeof(path)) ||
	    !piv_key_load(k, path, l->e))
		return false;
	if (len < 4 || strcmp(words[3], "-") == 0 ||
	    strchr(words[3], '=') != NULL)
		return true;
	return load_path(l, words[3], path, sizeof(path)) &&
	       piv_read_file(&k->cert, path, l->e);
}

static bool
load_number(struct load *l, const char *name, const char *text)
{
	struct piv_card *c = l->card;
	unsigned n;

	if (strcmp(name, "yubico") == 0) {
		c->is_yubico = word_get_uint(text, 10, INT32_MAX, &n);
		c->serial = n;
		return c->is_yubico;
	}
	if (!word_get_uint(text, 10, LOAD_TRIES_MAX, &n) || n == 0)
		return false;
	if (strcmp(name, "puk-tries") == 0)
		c->puk.tries = c->puk.tries_max = n;
	else
		c->pin.tries = c->pin.tries_max = c->global_pin.tries =
		    c->global_pin.tries_max = n;
	return true;
}

static bool
load_setting(struct load *l, const char *name, const char *text)
{
	struct piv_card *c = l->card;

	if (strcmp(name, "guid") == 0)
		return word_get_hex(text, c->guid, sizeof(c->guid));
	if (strcmp(name, "pin") == 0)
		return piv_pin_set(&c->pin, text);
	if (strcmp(name, "global-pin") == 0)
		return piv_pin_set(&c->global_pin, text);
	if (strcmp(name, "puk") == 0)
		return piv_pin_set(&c->puk, text);
	if (strcmp(name, "atr") == 0)
		return piv_set_atr(c, text);
	if (strcmp(name, "fresh") == 0) {
		c->is_strict = strcmp(text, "strict") == 0;
		return c->is_strict || strcmp(text, "use") == 0;
	}
	if (strcmp(name, "discovery") == 0)
		c->has_discovery = strcmp(text, "no") != 0;
	else if (strcmp(name, "history") == 0)
		c->has_history = strcmp(text, "no") != 0;
	else if (strcmp(name, "pin-tries") == 0 ||
		 strcmp(name, "puk-tries") == 0 || strcmp(name, "yubico") == 0)
		return load_number(l, name, text);
	else
		return false;
	return true;
}

static bool
load_line(struct load *l, char *line)
{
	char *words[WORDS_MAX];
	size_t len = words_split(line, words);

	if (len == 0 || words[0][0] == '#')
		return true;
	if (strcmp(words[0], "key") == 0)
		return load_key(l, words, len);
	return len == 2 && load_setting(l, words[0], words[1]);
}

static void
load_defaults(struct piv_card *c)
{
	c->has_discovery = c->has_history = c->is_strict = true;
	(void)piv_set_atr(c, "piv");
	(void)piv_pin_set(&c->pin, "123456");
	(void)piv_pin_set(&c->puk, "12345678");
	c->pin.tries = c->pin.tries_max = 3;
	c->global_pin.tries = c->global_pin.tries_max = 3;
	c->puk.tries = c->puk.tries_max = 3;
}

static bool
load_lines(struct load *l, char *text, const char *path)
{
	char *line = text, *next;
	unsigned number = 0;

	while (line != NULL) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		number++;
		if (!load_line(l, line)) {
			if (l->e->code == 0)
				(void)!err_set(
				    l->e, -CS_ERR_ENCODING, "not understood");
			err_context(l->e, "%s, line %u", path, number);
			return false;
		}
		line = next;
	}
	return true;
}

bool
piv_load(struct piv_card *c, const char *path, struct err *e)
{
	struct load l = {c, ".", e};
	struct buf text = {.max = LOAD_FILE_MAX};
	char *folder = strdup(path), *copy = NULL, *slash;
	bool done = false;

	load_defaults(c);
	if (folder == NULL || !piv_read_file(&text, path, e))
		goto out;
	slash = strrchr(folder, '/');
	if (slash != NULL) {
		*slash = '\0';
		l.folder = folder;
	}
	copy = bytes_dup_str(buf_get(&text));
	done = copy != NULL && load_lines(&l, copy, path);
out:
	free(folder);
	free(copy);
	buf_clear(&text);
	return done;
}

void
piv_clear(struct piv_card *c)
{
	size_t i;

	for (i = 0; i < c->keys_len; i++) {
		gcry_sexp_release(c->keys[i].secret);
		buf_clear(&c->keys[i].cert);
	}
	buf_clear(&c->chain);
	buf_clear(&c->rest);
	*c = (struct piv_card){0};
}
