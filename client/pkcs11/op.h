/*
 * op.h: operations with a private key: begun in a session, done by the agent.
 */
#ifndef CLIENT_PKCS11_OP_H
#define CLIENT_PKCS11_OP_H

#include "client/pkcs11/p11.h"

/*
 * Enters, finds the session and checks that no operation is under way and
 * that the key may do this (usage is CKA_SIGN ...) with the mechanism (flag is
 * CKF_SIGN ...). The lock is held on CKR_OK only. op->mechanism, key_id and
 * spki are set.
 */
CK_RV CS_MUST_USE op_begin(CK_SESSION_HANDLE session,
    const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_FLAGS flag,
    CK_ATTRIBUTE_TYPE usage, struct p11_session **s,
    const struct p11_mechanism **m);
/* Enters and finds a session with an operation of that kind under way, which
 * no other thread is at. */
CK_RV CS_MUST_USE op_continue(
    CK_SESSION_HANDLE session, enum p11_op_kind kind, struct p11_session **s);
/* Leaves; the operation ends unless rv is CKR_OK and keep, or the caller's
 * room was too small. */
CK_RV op_leave(struct p11_session *s, CK_RV rv, bool keep);
/*
 * Sends the request with the session's key and gives the lock up meanwhile;
 * *s is NULL afterwards if the session was closed. out gets the answer's
 * output.
 */
CK_RV CS_MUST_USE op_ask(
    struct p11_session **s, struct agt_msg *request, struct buf *out);
/* Gives result to the caller as 5.2 wants: the length where out is NULL or
 * too small. */
CK_RV CS_MUST_USE op_give(
    struct bytes result, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
/* The key's public half, decoded from op->spki. */
int CS_MUST_USE op_get_spki(const struct p11_op *op, struct spki *spki);

#endif
