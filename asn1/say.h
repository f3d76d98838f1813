/*
 * say.h: texts for people, in their language.
 *
 * Texts stand in the sources in English, and that is what everything but a
 * person gets: JSON, logs, the protocols. A process that talks to a person
 * turns translation on; then the functions that put such texts together
 * (err_set, err_context, finding_set, verdict_warn, path_fail and others:
 * XGETTEXT_WORDS in po/local.mk) look for their format in the catalogue of
 * gettext(3), and what is put together elsewhere goes through say. Static
 * tables mark their texts with N_, and whoever shows them calls say.
 */
#ifndef ASN1_SAY_H
#define ASN1_SAY_H

#include <stdbool.h>

#include "asn1/buf.h"

/* Marks a text that is translated where it is shown. */
#define N_(text) text

/*
 * On: the language is that of LC_MESSAGES, which the program has set;
 * catalogues are below $CARDSEAL_LOCALEDIR, else where they were installed.
 * Off, as a process begins: English. For the whole process, and not while other
 * threads use anything that says something.
 */
void say_translate(bool on);
bool say_is_translated(void);

/*
 * For a process that speaks with many people and does not translate by itself:
 * until say_end, texts are in the language of that locale ("de_AT.UTF-8@euro"),
 * as far as there is a catalogue of it; false: there is none, and they are
 * English. Whoever chose the name: of it only a language and a country in their
 * letters count, and only a catalogue that is there is ever loaded. Changes
 * LANGUAGE and LC_MESSAGES of the process, which say_end unsets and makes "C";
 * so not while there are other threads.
 */
bool say_begin(struct bytes locale);
void say_end(void);

/* The text in the person's language, or the same where the catalogue has none.
 * Static, in UTF-8, with the same directives in the same places. */
const char *say(const char *text) __attribute__((format_arg(1)));

#endif
