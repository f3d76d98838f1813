#include <stdio.h>

#include "agent/prompt_text.h"
#include "asn1/say.h"

static void
text_describe(struct buf *b, struct login *l, const struct request *r,
    const struct agt_msg *msg, bool is_confirm)
{
	struct token *t = l->token;
	char name[PROMPT_TOKEN_MAX];

	prompt_name_token(name, t);
	if (is_confirm)
		buf_say(b,
		    "Only one try is left for the PIN of the token %s. If it "
		    "is wrong, the token locks itself. Go on?",
		    name);
	else
		buf_say(b, "Please enter the PIN of the token %s.", name);
	prompt_add_holder(b, t,
	    msg->key_id.len == AGT_KEY_ID_LEN
		? inventory_find_key(t->module->agent, msg->key_id.p)
		: NULL);
	if (!is_confirm)
		prompt_add_tries(b, t);
	/* At the end, where nothing is pushed out of sight by it. */
	if (r != NULL) {
		prompt_add_key(b, t->module->agent, msg);
		prompt_add_program(b, r, &msg->context);
	}
}

static const char *
text_get_error(struct login *l)
{
	switch (l->pin.asks > 1 ? l->err.code : 0) {
	case -CS_ERR_PIN_WRONG:
		return say("The PIN was wrong");
	case -CS_ERR_PIN_LENGTH:
		return say("The PIN had a length that the token does not take");
	case -CS_ERR_PIN_INVALID:
		return say(
		    "The PIN had characters that the token does not take");
	default:
		return NULL;
	}
}

void
login_prompt(struct login *l, bool is_confirm)
{
	struct agent *a = l->token->module->agent;
	struct request *r =
	    TAILQ_FIRST(l->pin.is_for_context ? &l->contexts : &l->logins);
	struct agt_msg msg = {0};
	struct dialog_request request;
	struct buf text = {.max = DIALOG_TEXT_MAX};

	if (login_source_ask(l, is_confirm))
		return;
	if (r != NULL)
		request_decode(r, &msg);
	prompt_begin(r, &msg.context);
	text_describe(&text, l, r, &msg, is_confirm);
	request = prompt_place(
	    a, is_confirm ? DIALOG_CONFIRM : DIALOG_PIN, r, &msg.context);
	request.description = prompt_get_text(&text);
	request.prompt = bytes_of_str(say("PIN:"));
	request.error = bytes_of_str(text_get_error(l));
	prompt_end();
	prompt_open(&l->prompt, &request);
	buf_clear(&text);
}

void
login_prompt_failed(
    struct login *l, const struct dialog_answer *answer, bool is_confirm)
{
	char name[384];
	int code = answer->code;

	token_describe(name, sizeof(name), l->token);
	if (is_confirm && code == -CS_ERR_CANCELLED)
		err_set(&l->err, -CS_ERR_PIN_FINAL,
		    "%s: only one PIN try is left, and it was not to be used",
		    name);
	else if (code == -CS_ERR_CANCELLED)
		err_set(
		    &l->err, code, "%s: the PIN prompt was cancelled", name);
	else if (code == -CS_ERR_TIMEOUT)
		err_set(
		    &l->err, code, "%s: nobody typed the PIN in time", name);
	else
		err_set(&l->err, code, "%s: %.*s", name, (int)answer->text.len,
		    answer->text.len != 0 ? (const char *)answer->text.p : "");
}
