#include "client/pkix/strength.h"

static int
check_alg(enum alg alg, bool is_legacy)
{
	switch (alg_get(alg)->strength) {
	case ALG_GOOD:
		return 0;
	case ALG_WEAK:
		return is_legacy ? 0 : -CS_ERR_WEAK;
	case ALG_BROKEN:
		break;
	}
	return -CS_ERR_WEAK;
}

int
strength_check_key(const struct spki *key, bool is_legacy)
{
	unsigned least =
	    is_legacy ? STRENGTH_RSA_BITS_LEGACY_MIN : STRENGTH_RSA_BITS_MIN;

	if (key->alg == ALG_NONE)
		return -CS_ERR_ALGORITHM;
	if (key->alg == ALG_RSA || key->alg == ALG_RSA_PSS_KEY ||
	    key->alg == ALG_RSA_OAEP_KEY) {
		if (key->exponent.len > STRENGTH_RSA_EXPONENT_LEN_MAX)
			return -CS_ERR_ALGORITHM;
		if (key->bits < least)
			return -CS_ERR_WEAK;
	}
	return check_alg(key->alg, is_legacy);
}

int
strength_check(
    const struct sig_scheme *scheme, const struct spki *key, bool is_legacy)
{
	int r = check_alg(scheme->alg, is_legacy);

	if (r == 0 && scheme->digest != ALG_NONE)
		r = check_alg(scheme->digest, is_legacy);
	if (r == 0)
		r = strength_check_key(key, is_legacy);
	return r;
}
