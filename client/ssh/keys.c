/* keys.c: which keys there are for SSH, and their public form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/pkix/cert.h"
#include "client/ssh/ssh.h"

#define KEY_NAME_MIN 8 /* digits of a key id that tell it from others */

int
ssh_put_public_key(struct buf *b, const struct spki *spki)
{
	const char *curve;
	char name[32];

	switch (spki->alg) {
	case ALG_RSA:
		ssh_put_string(b, BYTES_LIT("ssh-rsa"));
		ssh_put_mpint(b, spki->exponent);
		ssh_put_mpint(b, spki->modulus);
		return b->err;
	case ALG_EC:
		curve = spki->curve == OID_P256	  ? "nistp256"
			: spki->curve == OID_P384 ? "nistp384"
						  : "nistp521";
		snprintf(name, sizeof(name), "ecdsa-sha2-%s", curve);
		ssh_put_string(b, bytes_of_str(name));
		ssh_put_string(b, bytes_of_str(curve));
		ssh_put_string(b, spki->point);
		return b->err;
	case ALG_ED25519_KEY:
		ssh_put_string(b, BYTES_LIT("ssh-ed25519"));
		ssh_put_string(b, spki->point);
		return b->err;
	default:
		return -CS_ERR_UNSUPPORTED;
	}
}

/* --- which of them --- */

static bool
key_is_named(const struct tok_key *key, const char *name)
{
	char hex[2 * AGT_KEY_ID_LEN + 1];
	size_t len = strlen(name);

	if (bytes_is_equal(key->role, bytes_of_str(name)))
		return true;
	bytes_to_hex(key->key_id, hex, sizeof(hex));
	return len >= KEY_NAME_MIN && strncasecmp(hex, name, len) == 0;
}

/* Is there a certificate that is for what SSH does? */
static bool
certificates_allow(struct bytes certificates)
{
	bool result, has_any = false;
	struct cert *cert;
	struct bytes der;
	struct der d;

	der_init(&d, certificates);
	while (agt_cert_next(&d, &der)) {
		has_any = true;
		if (cert_decode(der, &cert, NULL) != 0)
			continue;
		result = cert_allows_purpose(cert, OID_KP_CLIENT_AUTH);
		cert_free(cert);
		if (result)
			return true;
	}
	return !has_any;
}

/* A PIV card has a key for this; elsewhere the certificates tell. */
static bool
key_is_usual(const struct tok_key *key)
{
	if ((key->flags & TOK_KEY_ALWAYS_AUTHENTICATE) != 0)
		return false;
	if (key->role.len != 0)
		return bytes_is_equal(key->role, BYTES_LIT("9a"));
	return certificates_allow(key->certificates);
}

static bool
key_is_chosen(const struct ssh_choice *choice, const struct tok_key *key)
{
	size_t i;

	if ((key->flags & TOK_KEY_SIGN) == 0)
		return false;
	for (i = 0; i < choice->len; i++)
		if (key_is_named(key, choice->names[i]))
			return true;
	return choice->len == 0 && key_is_usual(key);
}

static struct bytes
token_label(const struct ssh *s, struct bytes uri)
{
	struct agt_token token;
	struct der d;

	der_init(&d, buf_get(&s->list.tokens));
	while (agt_token_next(&d, &token))
		if (bytes_is_equal(token.uri, uri))
			return token.label;
	return BYTES_NONE;
}

static int
key_take(struct ssh *s, const struct tok_key *from)
{
	struct ssh_key *to = &s->keys[s->keys_len];
	struct bytes token = token_label(s, from->token);
	int r;

	*to = (struct ssh_key){0};
	if (spki_decode(from->spki, &to->spki, NULL) != 0)
		return 0;
	r = ssh_put_public_key(&to->blob, &to->spki);
	if (r != 0) {
		buf_clear(&to->blob);
		return r == -CS_ERR_UNSUPPORTED ? 0 : r;
	}
	memcpy(to->id, from->key_id.p, AGT_KEY_ID_LEN);
	/* Whole or not at all, since a cut character would be none. */
	if (from->label.len + token.len + 4 < sizeof(to->comment))
		snprintf(to->comment, sizeof(to->comment), "%.*s (%.*s)",
		    (int)from->label.len, (const char *)from->label.p,
		    (int)token.len, (const char *)token.p);
	else
		snprintf(to->comment, sizeof(to->comment), "key on a token");
	s->keys_len++;
	return 0;
}

void
ssh_forget(struct ssh *s)
{
	size_t i;

	for (i = 0; i < s->keys_len; i++)
		buf_clear(&s->keys[i].blob);
	free(s->keys);
	s->keys = NULL;
	s->keys_len = 0;
	link_list_clear(&s->list);
}

/* Those for authentication (PIV's 9A), or all others. */
static int
take_keys(struct ssh *s, bool wants_authentication)
{
	struct tok_key key;
	struct der d;
	int r = 0;

	der_init(&d, buf_get(&s->list.keys));
	while (r == 0 && agt_key_next(&d, &key))
		if (key_is_chosen(s->choice, &key) &&
		    bytes_is_equal(key.role, BYTES_LIT("9a")) ==
			wants_authentication)
			r = key_take(s, &key);
	return r;
}

int
ssh_list(struct ssh *s, struct err *e)
{
	struct agt_msg request = {.has_context = true};
	int r = 0;

	ssh_forget(s);
	if (s->link == NULL)
		r = link_new(NULL, SSH_PROGRAM, &s->link, e);
	if (r != 0)
		return r;
	link_fill_context(s->link, &request.context, NULL);
	r = link_list_ask(s->link, &request, &s->list, e);
	if (r != 0 || s->list.keys_len == 0)
		return r;
	s->keys = calloc(s->list.keys_len, sizeof(*s->keys));
	r = s->keys != NULL ? take_keys(s, true) : -CS_ERR_NO_MEMORY;
	if (r == 0)
		r = take_keys(s, false);
	if (r != 0)
		ssh_forget(s);
	return r == 0 ? 0 : err_set(e, r, NULL);
}

int
ssh_find(
    struct ssh *s, struct bytes blob, const struct ssh_key **key, struct err *e)
{
	size_t i;
	int r = ssh_list(s, e);

	if (r != 0)
		return r;
	for (i = 0; i < s->keys_len; i++)
		if (bytes_is_equal(buf_get(&s->keys[i].blob), blob)) {
			*key = &s->keys[i];
			return 0;
		}
	return err_set(e, -CS_ERR_NO_KEY,
	    "no token that is in has the key; insert the card and try again");
}
