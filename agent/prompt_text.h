/*
 * prompt_text.h: the words of prompts. What the kernel knows about the
 * program and what the program says about itself stand apart; what strangers
 * chose (labels, claims) is quoted, and cut before it could push the rest out
 * of sight. Errors and logs are English; prompts are in the person's language,
 * as far as there is a catalogue of it (asn1/say.h).
 */
#ifndef AGENT_PROMPT_TEXT_H
#define AGENT_PROMPT_TEXT_H

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

#define PROMPT_PART_MAX 160
#define PROMPT_TOKEN_MAX (2 * PROMPT_PART_MAX + 64)
#define PROMPT_OBJECTS_MAX 4

/* What ends a quotation is ours alone. */
void prompt_quote(char dst[PROMPT_PART_MAX], struct bytes text);
/*
 * What is said until prompt_end is in the language of the place that
 * prompt_place chooses; English where its LC_CTYPE knows but ASCII.
 */
void prompt_begin(const struct request *r, const struct agt_context *context);
void prompt_end(void);
/* "LABEL" (serial SERIAL), quoted. */
void prompt_name_token(char dst[PROMPT_TOKEN_MAX], const struct token *t);
/* The name in the certificate of one of the token's keys; k may be NULL. */
void prompt_add_holder(struct buf *b, struct token *t, struct key *k);
/* Which key, and what is to be done with it; nothing if there is none. */
void prompt_add_key(struct buf *b, struct agent *a, const struct agt_msg *msg);
/* What is to be written; nothing if it is no such request. */
void prompt_add_objects(
    struct buf *b, const struct request *r, const struct agt_msg *msg);
void prompt_add_program(
    struct buf *b, const struct request *r, const struct agt_context *context);
/* What is known of the tries left. */
void prompt_add_tries(struct buf *b, const struct token *t);
/*
 * Where the person is, and the names of buttons; without other texts. Borrows
 * from the context. Only a client of the agent's own user, at this computer,
 * chooses the place: another one could answer the question himself there. r
 * may be NULL.
 */
struct dialog_request prompt_place(struct agent *a, enum dialog_kind kind,
    const struct request *r, const struct agt_context *context);
/* The description; what does not fit is left out. */
struct bytes prompt_get_text(struct buf *b);

#endif
