#include "asn1/say.h"

#include <libintl.h>
#include <stdlib.h>

#define SAY_DOMAIN "cardseal"

static bool say_is_on;

void
say_translate(bool on)
{
	const char *folder = secure_getenv("CARDSEAL_LOCALEDIR");

	say_is_on = on;
	if (!on)
		return;
	(void)bindtextdomain(
	    SAY_DOMAIN, folder != NULL ? folder : CS_LOCALEDIR);
	(void)bind_textdomain_codeset(SAY_DOMAIN, "UTF-8");
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
