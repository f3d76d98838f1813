/*
 * pin_source.h: PINs from a file, for an agent that runs as a service and has
 * nobody to ask:
 *
 *	[pin-of NAME]
 *	token = pkcs11:token=Gateway;serial=0123
 *	credential = gateway	; $CREDENTIALS_DIRECTORY/gateway
 *	file = /etc/cardseal/gateway.pin	; or this
 *
 * The rules for PINs are the same as for a person's (pin.h). Since a file
 * does not know that it was wrong, it is remembered: before the PIN goes to
 * the token a mark is made in the state folder, which goes away when the PIN
 * succeeded. While the mark is there, over restarts too, that PIN is not sent
 * to that token again. At the final try there is nobody to say yes.
 */
#ifndef AGENT_PIN_SOURCE_H
#define AGENT_PIN_SOURCE_H

#include "agent/proto.h"
#include "asn1/secret.h"

#define PIN_SOURCES_MAX 16
#define PIN_SOURCE_NAME_MAX 48
#define PIN_SOURCE_PATH_MAX 512
#define PIN_SOURCE_PIN_MAX 255

struct pin_source {
	char name[PIN_SOURCE_NAME_MAX];
	char token[PIN_SOURCE_PATH_MAX]; /* URI */
	char path[PIN_SOURCE_PATH_MAX];
	bool is_credential; /* path is a name */
};

struct pin_sources {
	struct pin_source list[PIN_SOURCES_MAX];
	unsigned len;
};

/* Is that section, and this one of its lines, ours? CS_ERR_CONFIG. */
bool pin_sources_has_section(const char *section);
int CS_MUST_USE pin_sources_set(struct pin_sources *s, const char *section,
    const char *name, const char *text, struct err *e);
/* For that token; NULL: a person is asked. */
const struct pin_source *pin_sources_find(
    const struct pin_sources *s, struct bytes token_uri);

/*
 * The PIN. CS_ERR_NO_FILE, IO; CS_ERR_CONFIG: the file is not ours or root's,
 * can be read by others, or is too long; CS_ERR_PIN_WRONG: it failed before,
 * or might have. key: what the marks are made with. The caller frees it.
 */
int CS_MUST_USE pin_source_get(const struct pin_source *s,
    const char *state_folder, const struct secret *key, struct bytes token_uri,
    struct secret **pin, struct err *e);
/* Makes the mark, to the disk; without one the PIN must not go. */
int CS_MUST_USE pin_source_mark(const char *state_folder,
    const struct secret *key, struct bytes token_uri, const struct secret *pin,
    struct err *e);
/* It succeeded. */
void pin_source_unmark(const char *state_folder, const struct secret *key,
    struct bytes token_uri, const struct secret *pin);

#endif
