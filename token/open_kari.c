/*
 * KeyAgreeRecipientInfo (RFC 5652 6.2.2): ephemeral-static ECDH on the token,
 * then KDF and key unwrap here (RFC 5753 7.2, RFC 8418).
 */
#include "asn1/alg/keywrap.h"
#include "asn1/kari.h"
#include "token/open.h"

CK_RV
open_kari(struct open *o)
{
	struct secret *shared = NULL, *kek = NULL;
	struct recipient_key wrapped;
	struct use *u = o->u;
	struct kari_algs algs;
	CK_RV rv;

	u->code = recipient_info_get_key(&o->info, u->req->index, &wrapped);
	if (u->code != 0) {
		err_set(u->e, u->code, "the recipient has no key %u",
		    u->req->index);
		return CKR_FUNCTION_FAILED;
	}
	u->code = kari_algs_decode(&o->info.key_enc_alg, &algs, u->e);
	if (u->code != 0)
		return CKR_FUNCTION_FAILED;
	if (o->info.originator_key.len == 0) {
		u->code = err_set(u->e, -CS_ERR_UNSUPPORTED,
		    "key agreement with a certificate's key (static-static) "
		    "is not supported");
		return CKR_FUNCTION_FAILED;
	}
	rv = use_derive(u, o->info.originator_key, &shared);
	if (rv == CKR_ENCRYPTED_DATA_INVALID)
		return open_fault(u);
	if (rv != CKR_OK)
		return rv;
	kek = kari_derive(&algs, &o->info, shared);
	secret_free(shared);
	if (kek == NULL)
		return CKR_HOST_MEMORY;
	o->key = key_unwrap(algs.wrap, kek, wrapped.encrypted_key);
	secret_free(kek);
	return o->key == NULL ? open_fault(u) : CKR_OK;
}
