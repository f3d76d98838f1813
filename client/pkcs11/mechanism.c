/* mechanism.c: what can be asked of the agent, as PKCS#11 mechanisms. */
#include "client/pkcs11/p11.h"

static const struct p11_mechanism table[] = {
    {CKM_RSA_PKCS, CKK_RSA, CKF_SIGN | CKF_DECRYPT, ALG_NONE, false},
    {CKM_SHA1_RSA_PKCS, CKK_RSA, CKF_SIGN, ALG_SHA1, false},
    {CKM_SHA224_RSA_PKCS, CKK_RSA, CKF_SIGN, ALG_SHA224, false},
    {CKM_SHA256_RSA_PKCS, CKK_RSA, CKF_SIGN, ALG_SHA256, false},
    {CKM_SHA384_RSA_PKCS, CKK_RSA, CKF_SIGN, ALG_SHA384, false},
    {CKM_SHA512_RSA_PKCS, CKK_RSA, CKF_SIGN, ALG_SHA512, false},
    {CKM_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_NONE, true},
    {CKM_SHA1_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_SHA1, true},
    {CKM_SHA224_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_SHA224, true},
    {CKM_SHA256_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_SHA256, true},
    {CKM_SHA384_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_SHA384, true},
    {CKM_SHA512_RSA_PKCS_PSS, CKK_RSA, CKF_SIGN, ALG_SHA512, true},
    {CKM_RSA_PKCS_OAEP, CKK_RSA, CKF_DECRYPT, ALG_NONE, true},
    {CKM_ECDSA, CKK_EC, CKF_SIGN, ALG_NONE, false},
    {CKM_ECDSA_SHA1, CKK_EC, CKF_SIGN, ALG_SHA1, false},
    {CKM_ECDSA_SHA224, CKK_EC, CKF_SIGN, ALG_SHA224, false},
    {CKM_ECDSA_SHA256, CKK_EC, CKF_SIGN, ALG_SHA256, false},
    {CKM_ECDSA_SHA384, CKK_EC, CKF_SIGN, ALG_SHA384, false},
    {CKM_ECDSA_SHA512, CKK_EC, CKF_SIGN, ALG_SHA512, false},
    {CKM_ECDH1_DERIVE, CKK_EC, CKF_DERIVE, ALG_NONE, true},
    {CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, CKF_DERIVE, ALG_NONE, true},
    {CKM_EDDSA, CKK_EC_EDWARDS, CKF_SIGN, ALG_NONE, false},
};

#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

const struct p11_mechanism *
p11_mechanism_next(const struct p11_mechanism *m)
{
	m = m != NULL ? m + 1 : table;
	return m < table + TABLE_LEN ? m : NULL;
}

const struct p11_mechanism *
p11_mechanism_find(CK_MECHANISM_TYPE type)
{
	const struct p11_mechanism *m = NULL;

	while ((m = p11_mechanism_next(m)) != NULL)
		if (m->type == type)
			return m;
	return NULL;
}

enum alg
p11_hash_alg(CK_MECHANISM_TYPE hash)
{
	switch (hash) {
	case CKM_SHA_1:
		return ALG_SHA1;
	case CKM_SHA224:
		return ALG_SHA224;
	case CKM_SHA256:
		return ALG_SHA256;
	case CKM_SHA384:
		return ALG_SHA384;
	case CKM_SHA512:
		return ALG_SHA512;
	default:
		return ALG_NONE;
	}
}

enum alg
p11_mgf_alg(CK_RSA_PKCS_MGF_TYPE mgf)
{
	switch (mgf) {
	case CKG_MGF1_SHA1:
		return ALG_SHA1;
	case CKG_MGF1_SHA224:
		return ALG_SHA224;
	case CKG_MGF1_SHA256:
		return ALG_SHA256;
	case CKG_MGF1_SHA384:
		return ALG_SHA384;
	case CKG_MGF1_SHA512:
		return ALG_SHA512;
	default:
		return ALG_NONE;
	}
}
