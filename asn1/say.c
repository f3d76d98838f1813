#include "asn1/say.h"

#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SAY_DOMAIN "cardseal"

static bool say_is_on;

static const char *
get_folder(void)
{
	const char *folder = secure_getenv("CARDSEAL_LOCALEDIR");

	return folder != NULL ? folder : CS_LOCALEDIR;
}

void
say_translate(bool on)
{
	say_is_on = on;
	if (!on)
		return;
	(void)bindtextdomain(SAY_DOMAIN, get_folder());
	(void)bind_textdomain_codeset(SAY_DOMAIN, "UTF-8");
}

/* --- in somebody's language --- */

#define LANGUAGE_MIN 2 /* letters: ISO 639 */
#define LANGUAGE_MAX 3
#define COUNTRY_LEN 2 /* ISO 3166 */
#define PATH_LEN_MAX 1024

static size_t
count_letters(struct bytes s, size_t from, char first, char last)
{
	size_t n = 0;

	while (
	    from + n < s.len && s.p[from + n] >= first && s.p[from + n] <= last)
		n++;
	return n;
}

/* How much of the name is "de_AT", and of that "de"; 0: it is no such name. */
static size_t
language_find(struct bytes locale, size_t *short_len)
{
	size_t n = count_letters(locale, 0, 'a', 'z');

	*short_len = n;
	if (n < LANGUAGE_MIN || n > LANGUAGE_MAX)
		return 0;
	if (n < locale.len && locale.p[n] == '_') {
		if (count_letters(locale, n + 1, 'A', 'Z') != COUNTRY_LEN)
			return 0;
		n += 1 + COUNTRY_LEN;
	}
	return n == locale.len || locale.p[n] == '.' || locale.p[n] == '@' ? n
									   : 0;
}

static bool
has_catalogue(const char *language)
{
	char path[PATH_LEN_MAX];
	int fd, n = snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/%s.mo",
		    get_folder(), language, SAY_DOMAIN);

	if (n <= 0 || n >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

bool
say_begin(struct bytes locale)
{
	char language[LANGUAGE_MAX + 1 + COUNTRY_LEN + 1];
	size_t short_len, len = language_find(locale, &short_len);

	if (len == 0)
		return false;
	snprintf(language, sizeof(language), "%.*s", (int)len,
	    (const char *)locale.p);
	if (!has_catalogue(language))
		language[short_len] = '\0';
	/* LANGUAGE counts in any locale but C's own; setlocale tells gettext
	 * that it is another one (gettext(3) keeps what it found). */
	if (!has_catalogue(language) || setenv("LANGUAGE", language, 1) != 0 ||
	    setlocale(LC_MESSAGES, "C.UTF-8") == NULL)
		return false;
	say_translate(true);
	return true;
}

void
say_end(void)
{
	say_translate(false);
	(void)setlocale(LC_MESSAGES, "C");
	(void)unsetenv("LANGUAGE");
}

bool
say_is_translated(void)
{
	return say_is_on;
}

const char *
say(const char *text)
{
	/* The empty text's translation is the catalogue's header. */
	return say_is_on && text[0] != '\0' ? dgettext(SAY_DOMAIN, text) : text;
}
