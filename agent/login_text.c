#include <stdio.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

/*
 * The words of the prompts. What the kernel knows about the program and what
 * the program says about itself stand apart; what strangers chose (labels,
 * claims) is quoted, and cut before it could push the rest out of sight.
 */
#define TEXT_PART_MAX 160

static void
text_quote(char dst[TEXT_PART_MAX], struct bytes text)
{
	char *p;

	err_quote(dst, TEXT_PART_MAX, text.p, text.len);
	/* What ends a quotation is ours alone. */
	for (p = dst; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
}

static void
text_add_program(
    struct buf *b, const struct request *r, const struct agt_context *context)
{
	char exe[TEXT_PART_MAX], claim[TEXT_PART_MAX], purpose[TEXT_PART_MAX];
	char other[TEXT_PART_MAX];
	const struct conn *c = r->conn;

	text_quote(exe, bytes_of_str(c->exe));
	text_quote(claim, bytes_of_str(c->program));
	text_quote(purpose, context->purpose);
	text_quote(other, context->on_behalf_of);
	buf_printf(b, "\n\nProgram: %s (process %ld)",
	    exe[0] != '\0' ? exe : "unknown", (long)c->pid);
	if (claim[0] != '\0')
		buf_printf(b, "\nIt calls itself \"%s\"", claim);
	if (other[0] != '\0')
		buf_printf(b, "%s acts for \"%s\"",
		    claim[0] != '\0' ? " and" : "\nIt", other);
	if (purpose[0] != '\0')
		buf_printf(b, "\nIt says what for: \"%s\"", purpose);
}

static void
text_add_key(struct buf *b, struct login *l, const struct agt_msg *msg)
{
	char label[TEXT_PART_MAX], role[TEXT_PART_MAX];
	struct key *k;

	if (msg->key_id.len != AGT_KEY_ID_LEN)
		return;
	k = inventory_find_key(l->token->module->agent, msg->key_id.p);
	if (k == NULL)
		return;
	text_quote(label, k->label);
	text_quote(role, k->role);
	buf_printf(b, "\nKey: \"%s\"", label);
	if (role[0] != '\0')
		buf_printf(b, " (%s)", role);
	if (msg->type == AGT_SIGN)
		buf_add_str(b, ", to sign");
	else if (msg->type == AGT_OPEN)
		buf_add_str(b, ", to decrypt");
}

static void
text_add_tries(struct buf *b, const struct token *t)
{
	if (t->flags & TOK_PIN_FINAL_TRY)
		buf_add_str(b, "\nThis is the last try.");
	else if (t->tries_left > 0)
		buf_printf(b, "\n%d tries are left.", t->tries_left);
	else if (t->flags & TOK_PIN_COUNT_LOW)
		buf_add_str(b, "\nA wrong PIN was typed before; few tries "
			       "are left.");
}

static void
text_describe(struct buf *b, struct login *l, const struct request *r,
    const struct agt_msg *msg, bool is_confirm)
{
	struct token *t = l->token;
	char label[TEXT_PART_MAX], serial[TEXT_PART_MAX];

	text_quote(label, bytes_of_str(t->label));
	text_quote(serial, bytes_of_str(t->serial));
	buf_add_str(b, is_confirm ? "Only one try is left for the PIN of"
				  : "Please enter the PIN of");
	buf_printf(b, " the token \"%s\"", label);
	if (serial[0] != '\0')
		buf_printf(b, " (serial %s)", serial);
	buf_add_str(b, is_confirm ? ". If it is wrong, the token locks itself. "
				    "Go on?"
				  : ".");
	if (r != NULL) {
		text_add_key(b, l, msg);
		text_add_program(b, r, &msg->context);
	}
	if (!is_confirm)
		text_add_tries(b, t);
}

static struct bytes
text_get_error(struct login *l)
{
	switch (l->pin.asks > 1 ? l->err.code : 0) {
	case -CS_ERR_PIN_WRONG:
		return BYTES_LIT("The PIN was wrong");
	case -CS_ERR_PIN_LENGTH:
		return BYTES_LIT("The PIN had a length that the token does "
				 "not take");
	case -CS_ERR_PIN_INVALID:
		return BYTES_LIT("The PIN had characters that the token does "
				 "not take");
	default:
		return BYTES_NONE;
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

	if (r != NULL)
		request_decode(r, &msg);
	text_describe(&text, l, r, &msg, is_confirm);
	if (text.err == -CS_ERR_TOO_LARGE)
		text.err = 0; /* what fits is there */
	request = (struct dialog_request){
	    .kind = is_confirm ? DIALOG_CONFIRM : DIALOG_PIN,
	    .timeout_s = a->settings.prompt_timeout_ms / 1000,
	    .description = buf_get(&text),
	    .prompt = BYTES_LIT("PIN:"),
	    .error = text_get_error(l),
	    .display = msg.context.display,
	    .tty_name = msg.context.tty_name,
	    .tty_type = msg.context.tty_type,
	    .lc_ctype = msg.context.lc_ctype,
	    .lc_messages = msg.context.lc_messages,
	    .xauthority = msg.context.xauthority,
	};
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
