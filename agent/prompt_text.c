#include "agent/prompt_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/name.h"
#include "asn1/say.h"

void
prompt_quote(char dst[PROMPT_PART_MAX], struct bytes text)
{
	char *p;

	err_quote(dst, PROMPT_PART_MAX, text.p, text.len);
	for (p = dst; *p != '\0'; p++)
		if (*p == '"')
			*p = '\'';
}

/* --- the language --- */

/* Only a client of the agent's own user, at this computer. */
static bool
may_choose(const struct request *r)
{
	return r != NULL && !r->conn->is_restricted && admit_is_owner(r->conn);
}

static struct bytes
own_locale(const char *category)
{
	struct bytes value = bytes_of_str(getenv("LC_ALL"));

	if (value.len == 0)
		value = bytes_of_str(getenv(category));
	return value.len != 0 ? value : bytes_of_str(getenv("LANG"));
}

static bool
is_ascii_only(struct bytes ctype)
{
	return ctype.len == 0 || bytes_is_equal(ctype, BYTES_LIT("C")) ||
	       bytes_is_equal(ctype, BYTES_LIT("POSIX"));
}

void
prompt_begin(const struct request *r, const struct agt_context *context)
{
	bool is_theirs = may_choose(r);

	if (!is_ascii_only(
		is_theirs ? context->lc_ctype : own_locale("LC_CTYPE")))
		(void)say_begin(is_theirs ? context->lc_messages
					  : own_locale("LC_MESSAGES"));
}

void
prompt_end(void)
{
	say_end();
}

/* --- the words --- */

void
prompt_name_token(char dst[PROMPT_TOKEN_MAX], const struct token *t)
{
	char label[PROMPT_PART_MAX], serial[PROMPT_PART_MAX];

	prompt_quote(label, bytes_of_str(t->label));
	prompt_quote(serial, bytes_of_str(t->serial));
	if (serial[0] == '\0')
		snprintf(dst, PROMPT_TOKEN_MAX, "\"%s\"", label);
	else
		snprintf(dst, PROMPT_TOKEN_MAX, say("\"%s\" (serial %s)"),
		    label, serial);
}

/* The subject's common name; false if it has none. */
static bool
prompt_common_name(struct bytes cert, struct buf *name)
{
	struct der d, whole, tbs;
	struct bytes skipped;
	int i;

	der_init(&d, cert);
	whole = der_enter(&d, DER_SEQUENCE);
	tbs = der_enter(&whole, DER_SEQUENCE);
	(void)der_get_opt(&tbs, DER_CONTEXT_C(0), &skipped); /* version */
	(void)der_get_integer(&tbs);			     /* serialNumber */
	for (i = 0; i < 3; i++) /* signature, issuer, validity */
		(void)der_get(&tbs, DER_SEQUENCE);
	return name_get_last(der_get_raw(&tbs, DER_SEQUENCE), OID_AT_CN, name);
}

static bool
prompt_key_holder(const struct key *k, struct buf *name)
{
	struct tok_key key;
	struct bytes cert;
	struct der d, certs;

	der_init(&d, k->element);
	if (!agt_key_next(&d, &key))
		return false;
	der_init(&certs, key.certificates);
	return agt_cert_next(&certs, &cert) && prompt_common_name(cert, name);
}

void
prompt_add_holder(struct buf *b, struct token *t, struct key *k)
{
	struct buf name = {.max = 4096};
	struct module *m = t->module;
	char quoted[PROMPT_PART_MAX];
	bool has_name = k != NULL && prompt_key_holder(k, &name);
	size_t i;

	for (i = 0; !has_name && i < m->key_count; i++)
		has_name = m->keys[i].token == t &&
			   prompt_key_holder(&m->keys[i], &name);
	if (has_name) {
		prompt_quote(quoted, buf_get(&name));
		buf_say(b, "\nCard holder: \"%s\"", quoted);
	}
	buf_clear(&name);
}

void
prompt_add_key(struct buf *b, struct agent *a, const struct agt_msg *msg)
{
	static const char *const raw[] = {"sign", "decrypt", "derive"};
	char label[PROMPT_PART_MAX], role[PROMPT_PART_MAX];
	struct key *k;

	if (msg->key_id.len != AGT_KEY_ID_LEN)
		return;
	k = inventory_find_key(a, msg->key_id.p);
	if (k == NULL)
		return;
	prompt_quote(label, k->label);
	prompt_quote(role, k->role);
	buf_say(b, "\nKey: \"%s\"", label);
	if (role[0] != '\0')
		buf_printf(b, " (%s)", role);
	if (msg->type == AGT_SIGN)
		buf_say(b, ", to sign");
	else if (msg->type == AGT_OPEN)
		buf_say(b, ", to decrypt");
	else if (msg->type == AGT_RAW && msg->operation <= TOK_RAW_DERIVE)
		buf_say(b, ", for a raw operation (%s)", raw[msg->operation]);
}

void
prompt_add_objects(
    struct buf *b, const struct request *r, const struct agt_msg *msg)
{
	static const char *const what[] = {
	    [TOK_WRITE_GENERATE] = N_("Makes a new key"),
	    [TOK_WRITE_INSTALL] = N_("Puts a certificate there"),
	    [TOK_WRITE_IMPORT] = N_("Puts a private key there"),
	};
	char label[PROMPT_PART_MAX], type[PROMPT_PART_MAX];
	struct tok_object o;
	unsigned n = 0;
	struct der d;

	if (msg->type != AGT_WRITE)
		return;
	der_init(
	    &d, r->objects != NULL ? secret_get_bytes(r->objects) : BYTES_NONE);
	while (n < PROMPT_OBJECTS_MAX && tok_object_next(&d, &o)) {
		n++;
		prompt_quote(label, o.label);
		prompt_quote(type, o.key_type);
		buf_printf(b, "\n%s%s%s%s%s%s", say(what[msg->operation]),
		    type[0] != '\0' ? ", " : "", type,
		    label[0] != '\0' ? ": \"" : "", label,
		    label[0] != '\0' ? "\"" : "");
	}
	if (der_has_more(&d))
		buf_say(b, "\nand more");
}

void
prompt_add_program(
    struct buf *b, const struct request *r, const struct agt_context *context)
{
	char exe[PROMPT_PART_MAX], claim[PROMPT_PART_MAX];
	char other[PROMPT_PART_MAX], purpose[PROMPT_PART_MAX];
	const struct conn *c = r->conn;

	prompt_quote(exe, bytes_of_str(c->exe));
	prompt_quote(claim, bytes_of_str(c->program));
	prompt_quote(purpose, context->purpose);
	prompt_quote(other, context->on_behalf_of);
	buf_say(b, "\n\nProgram: %s (process %ld)",
	    exe[0] != '\0' ? exe : say("unknown"), (long)c->pid);
	if (c->uid != geteuid())
		buf_say(b, " of user %lu", (unsigned long)c->uid);
	if (c->is_restricted)
		buf_say(b, ", which may act for another computer");
	if (claim[0] != '\0')
		buf_say(b, "\nIt calls itself \"%s\"", claim);
	if (claim[0] != '\0' && other[0] != '\0')
		buf_say(b, " and acts for \"%s\"", other);
	else if (other[0] != '\0')
		buf_say(b, "\nIt acts for \"%s\"", other);
	if (purpose[0] != '\0')
		buf_say(b, "\nIt says what for: \"%s\"", purpose);
}

void
prompt_add_tries(struct buf *b, const struct token *t)
{
	if (t->flags & TOK_PIN_FINAL_TRY)
		buf_say(b, "\nThis is the last try.");
	else if (t->tries_left > 0)
		buf_say(b, "\n%d tries are left.", t->tries_left);
	else if (t->flags & TOK_PIN_COUNT_LOW)
		buf_say(b, "\nA wrong PIN was typed before; few tries are "
			   "left.");
}

struct dialog_request
prompt_place(struct agent *a, enum dialog_kind kind, const struct request *r,
    const struct agt_context *context)
{
	struct dialog_request place = {
	    .kind = kind,
	    .timeout_s = a->settings.prompt_timeout_ms / 1000,
	    .lc_ctype = own_locale("LC_CTYPE"),
	    .lc_messages = own_locale("LC_MESSAGES"),
	};

	if (kind != DIALOG_PIN) {
		place.ok = bytes_of_str(
		    kind == DIALOG_CONSENT ? say("Allow") : say("Go on"));
		place.cancel = bytes_of_str(
		    kind == DIALOG_CONSENT ? say("Refuse") : say("Cancel"));
	}
	if (!may_choose(r)) {
		place.display = bytes_of_str(getenv("DISPLAY"));
		return place;
	}
	place.lc_ctype = context->lc_ctype;
	place.lc_messages = context->lc_messages;
	place.display = context->display;
	place.tty_name = context->tty_name;
	place.tty_type = context->tty_type;
	place.xauthority = context->xauthority;
	return place;
}

struct bytes
prompt_get_text(struct buf *b)
{
	if (b->err == -CS_ERR_TOO_LARGE)
		b->err = 0; /* what fits is there */
	return buf_get(b);
}
