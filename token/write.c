/*
 * WRITE: keys made on the token, keys and certificates put there. Whatever
 * fails, the token has what it had before: objects that were made are taken
 * away again. Nothing that is there is written over.
 */
#include "token/write.h"

#include "token/x509.h"

/* --- templates --- */

void
template_add(struct template *t, CK_ATTRIBUTE_TYPE type, struct bytes value)
{
	t->attributes[t->len++] =
	    (CK_ATTRIBUTE){type, (void *)value.p, (CK_ULONG)value.len};
}

void
template_add_ulong(
    struct template *t, CK_ATTRIBUTE_TYPE type, const CK_ULONG *value)
{
	template_add(t, type, bytes_of(value, sizeof(*value)));
}

void
template_add_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
	static const CK_BBOOL bools[] = {CK_FALSE, CK_TRUE};

	template_add(t, type, bytes_of(&bools[value], sizeof(bools[0])));
}

void
template_add_names(struct template *t, struct bytes id, struct bytes label)
{
	template_add_bool(t, CKA_TOKEN, true);
	template_add(t, CKA_ID, id);
	if (label.len != 0)
		template_add(t, CKA_LABEL, label);
}

void
template_add_private(struct template *t, unsigned flags)
{
	template_add_bool(t, CKA_PRIVATE, true);
	template_add_bool(t, CKA_SENSITIVE, true);
	template_add_bool(t, CKA_EXTRACTABLE, false);
	template_add_bool(t, CKA_SIGN, (flags & TOK_KEY_SIGN) != 0);
	if ((flags & TOK_KEY_DECRYPT) != 0)
		template_add_bool(t, CKA_DECRYPT, true);
	if ((flags & TOK_KEY_DERIVE) != 0)
		template_add_bool(t, CKA_DERIVE, true);
}

void
template_add_public(struct template *t, unsigned flags)
{
	template_add_bool(t, CKA_PRIVATE, false);
	template_add_bool(t, CKA_VERIFY, (flags & TOK_KEY_SIGN) != 0);
	if ((flags & TOK_KEY_DECRYPT) != 0)
		template_add_bool(t, CKA_ENCRYPT, true);
}

/* --- objects --- */

void
write_note(struct writing *w, CK_OBJECT_HANDLE object)
{
	w->made[w->made_len++] = object;
}

CK_RV
write_create(struct writing *w, struct template *t)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv = w->u->w->module.f->C_CreateObject(
	    w->session, t->attributes, t->len, &object);

	if (rv == CKR_OK)
		write_note(w, object);
	return rv;
}

/* A place-holder that key tools make, until there is a real one. Others stay:
 * mail names them by issuer and number. */
static bool
write_is_place_holder(const struct object *obj, const struct spki *spki)
{
	struct x509 x;

	return obj->class == OBJECT_CERT &&
	       bytes_is_equal(obj->spki.key_bits, spki->key_bits) &&
	       x509_peek(buf_get(&obj->value), &x) == 0 &&
	       bytes_is_equal(x.issuer, x.subject);
}

/* They stay while another object may yet fail: undoing could not bring them
 * back. */
static void
write_note_place_holders(struct writing *w, const struct spki *spki)
{
	const struct objects *objects = &w->u->slot->keys.objects;
	size_t i;

	for (i = 0; i < objects->n && w->old_len < WRITE_MADE_MAX; i++)
		if (write_is_place_holder(&objects->all[i], spki))
			w->old[w->old_len++] = objects->all[i].handle;
}

/* A token that keeps them has two certificates; no harm. */
static void
write_drop_place_holders(struct writing *w)
{
	while (w->old_len > 0)
		(void)w->u->w->module.f->C_DestroyObject(
		    w->session, w->old[--w->old_len]);
}

static bool
write_has_certificate(const struct writing *w, struct bytes cert)
{
	const struct objects *objects = &w->u->slot->keys.objects;
	size_t i;

	for (i = 0; i < objects->n; i++)
		if (objects->all[i].class == OBJECT_CERT &&
		    bytes_is_equal(buf_get(&objects->all[i].value), cert))
			return true;
	return false;
}

CK_RV
write_certificate(struct writing *w, const struct key *key, struct bytes id,
    struct bytes label, struct bytes cert, unsigned *flags)
{
	static const CK_ULONG class = CKO_CERTIFICATE, type = CKC_X_509;
	struct template t = {.len = 0};
	struct x509 x;
	CK_RV rv;

	if (write_has_certificate(w, cert))
		return CKR_OK;
	if (x509_peek(cert, &x) != 0)
		return use_refuse(w->u, -CS_ERR_CERTIFICATE,
		    "the certificate to be written is broken");
	if (label.len == 0 && key != NULL)
		label = key_get_label(key);
	template_add_ulong(&t, CKA_CLASS, &class);
	template_add_ulong(&t, CKA_CERTIFICATE_TYPE, &type);
	template_add_names(&t, id, label);
	template_add_bool(&t, CKA_PRIVATE, false);
	template_add(&t, CKA_SUBJECT, x.subject);
	template_add(&t, CKA_ISSUER, x.issuer);
	template_add(&t, CKA_SERIAL_NUMBER, x.serial);
	template_add(&t, CKA_VALUE, cert);
	rv = write_create(w, &t);
	if (rv == CKR_OK)
		*flags |= TOK_WRITTEN_CERTIFICATE;
	if (rv == CKR_OK && key != NULL)
		write_note_place_holders(w, &key->spki);
	return rv;
}

/* --- operations --- */

static CK_RV
write_install(struct writing *w, const struct tok_object *o)
{
	struct tok_written written = {.flags = 0};
	struct spki spki;
	struct key *key;
	struct x509 x;
	CK_RV rv;

	if (x509_peek(o->certificate, &x) != 0 ||
	    spki_decode(x.spki, &spki, NULL) != 0)
		return use_refuse(
		    w->u, -CS_ERR_CERTIFICATE, "the certificate is broken");
	key = keys_find_private(&w->u->slot->keys, &spki);
	if (key == NULL)
		return use_refuse(w->u, -CS_ERR_NO_KEY,
		    "it has no private key for the certificate");
	rv = write_certificate(
	    w, key, key_get_id(key), o->label, o->certificate, &written.flags);
	written.key_id = bytes_of(key->key_id, sizeof(key->key_id));
	written.spki = key->spki.raw;
	tok_written_put(&w->u->w->result, &written);
	return rv;
}

static CK_RV
write_all(struct writing *w)
{
	static CK_RV (*const operations[])(
	    struct writing * w, const struct tok_object *o) = {
	    [TOK_WRITE_GENERATE] = write_generate,
	    [TOK_WRITE_INSTALL] = write_install,
	    [TOK_WRITE_IMPORT] = write_import,
	};
	struct worker *worker = w->u->w;
	struct tok_object o;
	size_t n = 0;
	struct der d;
	CK_RV rv = CKR_OK;

	buf_reset(&worker->result);
	der_init(&d, worker->objects != NULL ? secret_get_bytes(worker->objects)
					     : BYTES_NONE);
	while (rv == CKR_OK && tok_object_next(&d, &o)) {
		if (n++ == WRITE_OBJECTS_MAX)
			return use_refuse(w->u, -CS_ERR_TOO_LARGE,
			    "more than %d objects at once", WRITE_OBJECTS_MAX);
		rv = operations[w->u->req->operation](w, &o);
	}
	if (rv == CKR_OK && (der_end(&d) != 0 || n == 0))
		return use_refuse(w->u, -CS_ERR_ENCODING,
		    "what is to be written is no list of objects");
	if (rv == CKR_OK && worker->result.err != 0)
		return CKR_HOST_MEMORY;
	return rv;
}

/* Is it the user's session, and yet the token says nobody is logged in? */
static bool
write_wants_officer(const struct writing *w, CK_RV rv)
{
	CK_SESSION_INFO info;

	return rv == CKR_USER_NOT_LOGGED_IN &&
	       w->u->w->module.f->C_GetSessionInfo(w->session, &info) ==
		   CKR_OK &&
	       info.state == CKS_RW_USER_FUNCTIONS;
}

/* Values that say that the token does not do this at all. */
static bool
write_is_not_done(CK_RV rv)
{
	switch (rv) {
	case CKR_ACTION_PROHIBITED:
	case CKR_ATTRIBUTE_READ_ONLY:
	case CKR_ATTRIBUTE_TYPE_INVALID:
	case CKR_ATTRIBUTE_VALUE_INVALID:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_KEY_SIZE_RANGE:
	case CKR_MECHANISM_INVALID:
	case CKR_TEMPLATE_INCONSISTENT:
	case CKR_TEMPLATE_INCOMPLETE:
	case CKR_DOMAIN_PARAMS_INVALID:
	case CKR_CURVE_NOT_SUPPORTED:
		return true;
	default:
		return false;
	}
}

/* Says what a refusal means; others are left to use.h. */
static CK_RV
write_explain(struct writing *w, CK_RV rv)
{
	static const char *const what[] = {
	    [TOK_WRITE_GENERATE] = "does not make such keys",
	    [TOK_WRITE_INSTALL] = "does not take the certificate",
	    [TOK_WRITE_IMPORT] = "does not take the key",
	};

	if (w->u->code != 0)
		return rv;
	if (write_wants_officer(w, rv))
		return use_refuse(w->u, -CS_ERR_MECHANISM,
		    "only its security officer (a PIV card: who has the "
		    "management key) may do this: use the card's own tool");
	if (write_is_not_done(rv))
		return use_refuse(w->u, -CS_ERR_MECHANISM, "it %s (%s)",
		    what[w->u->req->operation], ckr_name(rv));
	return rv;
}

static void
write_undo(struct writing *w)
{
	while (w->made_len > 0)
		(void)w->u->w->module.f->C_DestroyObject(
		    w->session, w->made[--w->made_len]);
}

static CK_RV
write_op(struct use *u)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	struct writing w = {.u = u};
	CK_RV rv;

	slot_refresh_flags(&u->w->slots, u->slot);
	if ((u->slot->info.flags & CKF_WRITE_PROTECTED) != 0)
		return use_refuse(
		    u, -CS_ERR_READ_ONLY, "it is write-protected");
	rv = f->C_OpenSession(u->slot->id, CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &w.session);
	if (rv != CKR_OK)
		return rv;
	rv = write_all(&w);
	if (rv == CKR_OK) {
		write_drop_place_holders(&w);
	} else {
		rv = write_explain(&w, rv);
		write_undo(&w);
	}
	(void)f->C_CloseSession(w.session);
	u->slot->has_keys = false;
	return rv;
}

int
worker_write(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, struct err *e)
{
	int r = use_slot(w, req, answer, write_op, e);

	if (r == 0)
		answer->written = buf_get(&w->result);
	return r;
}
