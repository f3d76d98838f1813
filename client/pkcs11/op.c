#include "client/pkcs11/op.h"

#include <string.h>

void
p11_op_clear(struct p11_op *op)
{
	digest_free(op->digest);
	buf_clear(&op->spki);
	buf_clear(&op->data);
	buf_clear(&op->parameter);
	buf_clear(&op->result);
	*op = (struct p11_op){0};
}

static bool
has_key_type(const struct p11_object *o, CK_KEY_TYPE type)
{
	struct bytes value;

	return p11_object_get(o, CKA_KEY_TYPE, &value) &&
	       bytes_is_equal(value, bytes_of(&type, sizeof(type)));
}

static CK_RV
check_key(const struct p11_object *o, const struct p11_mechanism *m,
    CK_ATTRIBUTE_TYPE usage)
{
	if (o == NULL || o->class != CKO_PRIVATE_KEY)
		return CKR_KEY_HANDLE_INVALID;
	if (!has_key_type(o, m->key))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!p11_object_get_bool(o, usage))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	return CKR_OK;
}

CK_RV
op_begin(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
    CK_OBJECT_HANDLE key, CK_FLAGS flag, CK_ATTRIBUTE_TYPE usage,
    struct p11_session **s, const struct p11_mechanism **m)
{
	struct p11_object *o;
	CK_RV rv;

	*s = NULL;
	/* Ending an operation so is v3.0's; C_SessionCancel is there too. */
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	*m = p11_mechanism_find(mechanism->mechanism);
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	*s = p11_session_get(session);
	if (*s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if ((*s)->op.kind != P11_NONE || (*s)->is_busy)
		return p11_leave(CKR_OPERATION_ACTIVE);
	if (*m == NULL || !((*m)->flags & flag))
		return p11_leave(CKR_MECHANISM_INVALID);
	if (!(*m)->has_parameter &&
	    (mechanism->pParameter != NULL || mechanism->ulParameterLen != 0))
		return p11_leave(CKR_MECHANISM_PARAM_INVALID);
	o = p11_object_find(*s, key);
	rv = check_key(o, *m, usage);
	if (rv != CKR_OK)
		return p11_leave(rv);
	p11_op_clear(&(*s)->op);
	(*s)->op.mechanism = mechanism->mechanism;
	memcpy((*s)->op.key_id, o->key_id, sizeof((*s)->op.key_id));
	if (buf_add(&(*s)->op.spki, o->data.data + o->spki_at, o->spki_len) !=
	    0)
		return p11_leave(CKR_HOST_MEMORY);
	return CKR_OK;
}

CK_RV
op_continue(
    CK_SESSION_HANDLE session, enum p11_op_kind kind, struct p11_session **s)
{
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	*s = p11_session_get(session);
	if (*s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if ((*s)->op.kind != kind)
		return p11_leave(CKR_OPERATION_NOT_INITIALIZED);
	if ((*s)->is_busy)
		return p11_leave(CKR_OPERATION_ACTIVE);
	return CKR_OK;
}

CK_RV
op_leave(struct p11_session *s, CK_RV rv, bool keep)
{
	if (s != NULL && !(rv == CKR_OK && keep) && rv != CKR_BUFFER_TOO_SMALL)
		p11_op_clear(&s->op);
	return p11_leave(rv);
}

int
op_get_spki(const struct p11_op *op, struct spki *spki)
{
	return spki_decode(buf_get(&op->spki), spki, NULL);
}

CK_RV
op_give(struct bytes result, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	CK_ULONG room = *out_len;

	*out_len = result.len;
	if (out == NULL)
		return CKR_OK;
	if (room < result.len)
		return CKR_BUFFER_TOO_SMALL;
	if (result.len > 0)
		memcpy(out, result.p, result.len);
	return CKR_OK;
}

static int
ask(struct agt_msg *request, struct buf *out)
{
	struct agt_msg answer;
	struct link *link;
	int r = p11_link_take(&link, NULL);

	if (r != 0)
		return r;
	p11_fill_context(link, request, 0);
	r = link_call(link, request, &answer, NULL);
	if (r == 0)
		r = buf_add_bytes(out, answer.output);
	p11_link_put(link);
	return r;
}

CK_RV
op_ask(struct p11_session **s, struct agt_msg *request, struct buf *out)
{
	struct p11_session *held = *s;
	int r;

	request->key_id = bytes_of(held->op.key_id, sizeof(held->op.key_id));
	p11_session_hold(held);
	pthread_mutex_unlock(&p11.lock);
	r = ask(request, out);
	pthread_mutex_lock(&p11.lock);
	if (p11_session_release(held))
		return p11_rv(r);
	*s = NULL;
	return r == 0 ? CKR_SESSION_HANDLE_INVALID : p11_rv(r);
}
