#include "asn1/tst_info.h"

#include <string.h>

#include "asn1/time.h"

#define STATUS_MAX 255
#define STATUS_GRANTED 1 /* granted, or grantedWithMods */
#define WORDS_MAX 400

/* GeneralizedTime; unlike elsewhere a fraction may be there (2.4.2). */
static int64_t
get_gen_time(struct der *d)
{
	struct bytes text = der_get(d, DER_GENERALIZED_TIME);
	uint8_t whole[16];
	int64_t t = 0;
	size_t i;

	if (d->err != 0)
		return 0;
	if (text.len > 16 && text.p[14] == '.' && text.p[text.len - 1] == 'Z') {
		for (i = 15; i < text.len - 1; i++)
			if (text.p[i] < '0' || text.p[i] > '9')
				der_fail(d, -CS_ERR_ENCODING);
		memcpy(whole, text.p, 14);
		whole[14] = 'Z';
		text = bytes_of(whole, 15);
	}
	if (time_decode(DER_GENERALIZED_TIME, text, &t) != 0)
		der_fail(d, -CS_ERR_ENCODING);
	return t;
}

/* [1] IMPLICIT Extensions: none is known, so none may be critical. */
static void
get_extensions(struct der *d)
{
	struct der all, one;

	if (!der_enter_opt(d, DER_CONTEXT_C(1), &all))
		return;
	while (der_has_more(&all)) {
		one = der_enter(&all, DER_SEQUENCE);
		der_get_oid(&one);
		if (der_peek(&one) == DER_BOOLEAN && der_get_bool(&one))
			der_fail(&one, -CS_ERR_CRITICAL);
		der_get(&one, DER_OCTET_STRING);
		der_leave(&all, &one);
	}
	der_leave(d, &all);
}

int
tst_info_decode(struct bytes raw, struct tst_info *info, struct err *e)
{
	struct der d, in, imprint;
	struct bytes unused;

	*info = (struct tst_info){0};
	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_get_uint(&in, 255) != 1)
		der_fail(&in, -CS_ERR_UNSUPPORTED);
	info->policy = der_get_oid(&in);
	imprint = der_enter(&in, DER_SEQUENCE);
	der_get_alg_id(&imprint, &info->digest);
	info->hash = der_get(&imprint, DER_OCTET_STRING);
	der_leave(&in, &imprint);
	info->serial = der_get_integer(&in);
	info->time = get_gen_time(&in);
	der_get_opt(&in, DER_SEQUENCE, &unused); /* accuracy */
	if (der_peek(&in) == DER_BOOLEAN)	 /* ordering */
		(void)der_get_bool(&in);
	if (der_peek(&in) == DER_INTEGER)
		info->nonce = der_get_integer(&in);
	der_get_opt(&in, DER_CONTEXT_C(0), &unused); /* tsa */
	get_extensions(&in);
	der_leave(&d, &in);
	if (der_end(&d) == 0)
		return 0;
	*info = (struct tst_info){0};
	return der_err(&d, e, "TSTInfo");
}

void
der_put_time_stamp_req(
    struct buf *b, enum alg digest, struct bytes hash, struct bytes nonce)
{
	size_t mark = der_open(b, DER_SEQUENCE), imprint;

	der_put_uint(b, DER_INTEGER, 1);
	imprint = der_open(b, DER_SEQUENCE);
	der_put_alg(b, digest);
	der_put(b, DER_OCTET_STRING, hash);
	der_close(b, imprint);
	der_put(b, DER_INTEGER, nonce);
	der_put_bool(b, DER_BOOLEAN, true); /* certReq */
	der_close(b, mark);
}

/* PKIStatusInfo (RFC 4210 5.2.3): the number; words gets the free text. */
static uint64_t
get_status(struct der *d, char words[WORDS_MAX])
{
	struct der in = der_enter(d, DER_SEQUENCE), text;
	uint64_t status = der_get_uint(&in, STATUS_MAX);
	struct bytes first = BYTES_NONE, unused;

	words[0] = '\0';
	if (der_enter_opt(&in, DER_SEQUENCE, &text)) {
		first = der_get(&text, DER_UTF8_STRING);
		while (der_has_more(&text))
			der_skip(&text);
		der_leave(&in, &text);
	}
	err_quote(words, WORDS_MAX, first.p, first.len);
	der_get_opt(&in, DER_BIT_STRING, &unused); /* failInfo */
	der_leave(d, &in);
	return status;
}

int
time_stamp_resp_decode(struct bytes raw, struct bytes *token, struct err *e)
{
	char words[WORDS_MAX];
	struct der d, in;
	uint64_t status;

	*token = BYTES_NONE;
	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	status = get_status(&in, words);
	if (der_has_more(&in))
		*token = der_get_raw(&in, DER_SEQUENCE);
	der_leave(&d, &in);
	if (der_end(&d) != 0) {
		*token = BYTES_NONE;
		return der_err(&d, e, "TimeStampResp");
	}
	if (status <= STATUS_GRANTED && token->len != 0)
		return 0;
	*token = BYTES_NONE;
	return err_set(e, -CS_ERR_NETWORK,
	    "the time-stamping authority gave no time stamp (status %llu%s%s)",
	    (unsigned long long)status, words[0] != '\0' ? ": " : "", words);
}
