#include "asn1/recipient_info.h"

#include <stdio.h>

/* The CHOICE's tags (RFC 5652 6.2). */
#define TAG_KARI DER_CONTEXT_C(1)
#define TAG_KEKRI DER_CONTEXT_C(2)
#define TAG_PWRI DER_CONTEXT_C(3)
#define TAG_ORI DER_CONTEXT_C(4)

const char *
recipient_kind_name(enum recipient_kind kind)
{
	switch (kind) {
	case RECIPIENT_KTRI:
		return "key transport";
	case RECIPIENT_KARI:
		return "key agreement";
	case RECIPIENT_KEKRI:
		return "key-encryption key";
	case RECIPIENT_PWRI:
		return "password";
	case RECIPIENT_ORI:
		return "other";
	case RECIPIENT_KEMRI:
		return "key encapsulation";
	case RECIPIENT_NONE:
		break;
	}
	return "none";
}

static void
recipient_get_version(struct der *d, struct recipient_info *info)
{
	info->version = (unsigned)der_get_uint(d, RECIPIENT_VERSION_MAX);
	if (d->err == -CS_ERR_TOO_LARGE)
		d->err = -CS_ERR_UNSUPPORTED;
}

/* An OCTET STRING of 1 to max octets. */
static struct bytes
recipient_get_octets(struct der *d, size_t max)
{
	struct bytes octets = der_get(d, DER_OCTET_STRING);

	if (d->err == 0 && octets.len == 0)
		der_fail(d, -CS_ERR_ENCODING);
	if (octets.len > max)
		der_fail(d, -CS_ERR_TOO_LARGE);
	return octets;
}

static void
recipient_get_ktri(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, DER_SEQUENCE);

	info->kind = RECIPIENT_KTRI;
	recipient_get_version(&in, info);
	der_get_cert_id(&in, &info->rid);
	der_get_alg_id(&in, &info->key_enc_alg);
	info->encrypted_key = recipient_get_octets(&in, RECIPIENT_KEY_MAX);
	der_leave(d, &in);
}

/* [0] EXPLICIT OriginatorIdentifierOrKey. */
static void
kari_get_originator(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, DER_CONTEXT_C(0)), key;
	unsigned unused;

	/* [1] IMPLICIT OriginatorPublicKey */
	if (!der_enter_opt(&in, DER_CONTEXT_C(1), &key)) {
		der_get_cert_id(&in, &info->originator);
		der_leave(d, &in);
		return;
	}
	der_get_alg_id(&key, &info->originator_alg);
	info->originator_key = der_get_bits(&key, &unused);
	if (key.err == 0 && (unused != 0 || info->originator_key.len == 0))
		der_fail(&key, -CS_ERR_ENCODING);
	if (info->originator_key.len > RECIPIENT_ORIGINATOR_MAX)
		der_fail(&key, -CS_ERR_TOO_LARGE);
	der_leave(&in, &key);
	der_leave(d, &in);
}

/* [n] EXPLICIT UserKeyingMaterial OPTIONAL */
static void
recipient_get_ukm(struct der *d, int tag, struct recipient_info *info)
{
	struct der in;

	info->has_ukm = der_enter_opt(d, tag, &in);
	if (!info->has_ukm)
		return;
	info->ukm = der_get(&in, DER_OCTET_STRING);
	if (info->ukm.len > RECIPIENT_UKM_MAX)
		der_fail(&in, -CS_ERR_TOO_LARGE);
	der_leave(d, &in);
}

/* [0] IMPLICIT RecipientKeyIdentifier; a date and other are passed over. */
static void
kari_get_key_id(struct der *d, struct cert_id *id)
{
	struct der in = der_enter(d, DER_CONTEXT_C(0));
	struct bytes skipped;

	id->key_id = recipient_get_octets(&in, CERT_ID_KEY_ID_MAX);
	der_get_opt(&in, DER_GENERALIZED_TIME, &skipped);
	der_get_opt(&in, DER_SEQUENCE, &skipped);
	der_leave(d, &in);
}

bool
recipient_key_next(struct der *d, struct recipient_key *key)
{
	struct der in;

	*key = (struct recipient_key){0};
	if (!der_has_more(d))
		return false;
	in = der_enter(d, DER_SEQUENCE);
	if (der_peek(&in) == DER_CONTEXT_C(0))
		kari_get_key_id(&in, &key->rid);
	else
		der_get_issuer_serial(&in, DER_SEQUENCE, &key->rid);
	key->encrypted_key = recipient_get_octets(&in, RECIPIENT_KEY_MAX);
	if (der_leave(d, &in) == 0)
		return true;
	*key = (struct recipient_key){0};
	return false;
}

static void
recipient_get_kari(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, TAG_KARI), keys;
	struct recipient_key key;

	info->kind = RECIPIENT_KARI;
	recipient_get_version(&in, info);
	kari_get_originator(&in, info);
	recipient_get_ukm(&in, DER_CONTEXT_C(1), info);
	der_get_alg_id(&in, &info->key_enc_alg);
	info->keys = der_get(&in, DER_SEQUENCE);
	der_init_in(&keys, &in, info->keys);
	while (recipient_key_next(&keys, &key))
		if (++info->keys_count > RECIPIENT_KARI_KEYS_MAX)
			der_fail(&keys, -CS_ERR_TOO_LARGE);
	if (keys.err == 0 && info->keys_count == 0)
		der_fail(&keys, -CS_ERR_ENCODING);
	der_leave(&in, &keys);
	der_leave(d, &in);
}

static void
recipient_get_kekri(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, TAG_KEKRI), id;
	struct bytes skipped;

	info->kind = RECIPIENT_KEKRI;
	recipient_get_version(&in, info);
	id = der_enter(&in, DER_SEQUENCE);
	info->kek_id = recipient_get_octets(&id, RECIPIENT_KEK_ID_MAX);
	der_get_opt(&id, DER_GENERALIZED_TIME, &skipped);
	der_get_opt(&id, DER_SEQUENCE, &skipped);
	der_leave(&in, &id);
	der_get_alg_id(&in, &info->key_enc_alg);
	info->encrypted_key = recipient_get_octets(&in, RECIPIENT_KEY_MAX);
	der_leave(d, &in);
}

static void
recipient_get_pwri(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, TAG_PWRI);

	info->kind = RECIPIENT_PWRI;
	recipient_get_version(&in, info);
	info->has_kdf = der_peek(&in) == DER_CONTEXT_C(0);
	if (info->has_kdf)
		der_get_alg_id_tag(&in, DER_CONTEXT_C(0), &info->kdf);
	der_get_alg_id(&in, &info->key_enc_alg);
	info->encrypted_key = recipient_get_octets(&in, RECIPIENT_KEY_MAX);
	der_leave(d, &in);
}

static void
recipient_get_kemri(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, DER_SEQUENCE);

	info->kind = RECIPIENT_KEMRI;
	recipient_get_version(&in, info);
	der_get_cert_id(&in, &info->rid);
	der_get_alg_id(&in, &info->kem);
	info->kem_ct = recipient_get_octets(&in, RECIPIENT_KEM_CT_MAX);
	der_get_alg_id(&in, &info->kdf);
	info->kek_len = (unsigned)der_get_uint(&in, RECIPIENT_KEK_LEN_MAX);
	if (in.err == 0 && info->kek_len == 0)
		der_fail(&in, -CS_ERR_ENCODING);
	recipient_get_ukm(&in, DER_CONTEXT_C(0), info);
	der_get_alg_id(&in, &info->key_enc_alg);
	info->encrypted_key = recipient_get_octets(&in, RECIPIENT_KEY_MAX);
	der_leave(d, &in);
}

static void
recipient_get_ori(struct der *d, struct recipient_info *info)
{
	struct der in = der_enter(d, TAG_ORI);
	int tag;

	info->kind = RECIPIENT_ORI;
	if (der_get_known_oid(&in, &info->ori_type) == OID_ORI_KEM)
		recipient_get_kemri(&in, info);
	else
		info->ori_value = der_get_any(&in, &tag);
	der_leave(d, &in);
}

int
recipient_info_decode(
    struct bytes raw, struct recipient_info *info, struct err *e)
{
	char what[64] = "RecipientInfo";
	struct der d;

	*info = (struct recipient_info){.raw = raw};
	der_init(&d, raw);
	switch (der_peek(&d)) {
	case DER_SEQUENCE:
		recipient_get_ktri(&d, info);
		break;
	case TAG_KARI:
		recipient_get_kari(&d, info);
		break;
	case TAG_KEKRI:
		recipient_get_kekri(&d, info);
		break;
	case TAG_PWRI:
		recipient_get_pwri(&d, info);
		break;
	case TAG_ORI:
		recipient_get_ori(&d, info);
		break;
	default:
		der_skip(&d); /* whose own failure comes first */
		der_fail(&d, -CS_ERR_UNSUPPORTED);
	}
	if (der_end(&d) == 0)
		return 0;
	if (info->kind != RECIPIENT_NONE)
		snprintf(what, sizeof(what), "RecipientInfo (%s)",
		    recipient_kind_name(info->kind));
	*info = (struct recipient_info){0};
	return der_err(&d, e, what);
}

int
recipient_info_get_key(
    const struct recipient_info *info, size_t index, struct recipient_key *key)
{
	struct der d;
	size_t i;

	der_init(&d, info->keys);
	for (i = 0; recipient_key_next(&d, key); i++)
		if (i == index)
			return 0;
	*key = (struct recipient_key){0};
	return -CS_ERR_ARGUMENT;
}

void
der_put_ktri(struct buf *b, const struct recipient_info *info)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	/* RFC 5652 6.2.1: 0 by issuer and serial number, 2 by key id */
	der_put_uint(b, DER_INTEGER, cert_id_has_key_id(&info->rid) ? 2 : 0);
	der_put_cert_id(b, &info->rid);
	der_put_raw(b, info->key_enc_alg.raw);
	der_put(b, DER_OCTET_STRING, info->encrypted_key);
	der_close(b, mark);
}

static void
kari_put_originator(struct buf *b, const struct recipient_info *info)
{
	size_t mark = der_open(b, DER_CONTEXT_C(0));
	size_t key = der_open(b, DER_CONTEXT_C(1));

	der_put_raw(b, info->originator_alg.raw);
	der_put_bits(b, DER_BIT_STRING, info->originator_key, 0);
	der_close(b, key);
	der_close(b, mark);
}

static void
kari_put_key(struct buf *b, const struct recipient_key *key)
{
	size_t mark = der_open(b, DER_SEQUENCE), id;

	if (cert_id_has_key_id(&key->rid)) {
		id = der_open(b, DER_CONTEXT_C(0));
		der_put(b, DER_OCTET_STRING, key->rid.key_id);
		der_close(b, id);
	} else {
		der_put_cert_id(b, &key->rid);
	}
	der_put(b, DER_OCTET_STRING, key->encrypted_key);
	der_close(b, mark);
}

void
der_put_kari(struct buf *b, const struct recipient_info *info,
    const struct recipient_key *key)
{
	size_t mark = der_open(b, TAG_KARI), ukm, keys;

	der_put_uint(b, DER_INTEGER, 3); /* RFC 5652 6.2.2: always */
	kari_put_originator(b, info);
	if (info->has_ukm) {
		ukm = der_open(b, DER_CONTEXT_C(1));
		der_put(b, DER_OCTET_STRING, info->ukm);
		der_close(b, ukm);
	}
	der_put_raw(b, info->key_enc_alg.raw);
	keys = der_open(b, DER_SEQUENCE);
	kari_put_key(b, key);
	der_close(b, keys);
	der_close(b, mark);
}

void
der_put_kekri(struct buf *b, const struct recipient_info *info)
{
	size_t mark = der_open(b, TAG_KEKRI), id;

	der_put_uint(b, DER_INTEGER, 4); /* RFC 5652 6.2.3: always */
	id = der_open(b, DER_SEQUENCE);
	der_put(b, DER_OCTET_STRING, info->kek_id);
	der_close(b, id);
	der_put_raw(b, info->key_enc_alg.raw);
	der_put(b, DER_OCTET_STRING, info->encrypted_key);
	der_close(b, mark);
}

void
der_put_pwri(struct buf *b, const struct recipient_info *info)
{
	size_t mark = der_open(b, TAG_PWRI);

	der_put_uint(b, DER_INTEGER, 0); /* RFC 5652 6.2.4: always */
	der_put_raw(b, info->kdf.raw);
	der_put_raw(b, info->key_enc_alg.raw);
	der_put(b, DER_OCTET_STRING, info->encrypted_key);
	der_close(b, mark);
}
