#include "asn1/alg/alg.h"

#include <stdio.h>

void
der_get_alg_id_tag(struct der *d, int tag, struct alg_id *id)
{
	const uint8_t *at = d->p;
	struct der in = der_enter(d, tag);
	int params_tag;

	*id = (struct alg_id){0};
	id->known = der_get_known_oid(&in, &id->oid);
	if (der_has_more(&in))
		id->params = der_get_any(&in, &params_tag);
	if (der_end(&in) != 0) {
		*id = (struct alg_id){0};
		if (d->err == 0) {
			d->err = in.err;
			d->err_offset = in.err_offset;
			d->p = d->end;
		}
		return;
	}
	id->raw = bytes_of(at, (size_t)(d->p - at));
}

void
der_get_alg_id(struct der *d, struct alg_id *id)
{
	der_get_alg_id_tag(d, DER_SEQUENCE, id);
}

int
alg_id_decode(struct bytes raw, struct alg_id *id)
{
	struct der d;
	int r;

	der_init(&d, raw);
	der_get_alg_id(&d, id);
	r = der_end(&d);
	if (r != 0)
		*id = (struct alg_id){0};
	return r;
}

bool
alg_id_is_plain(const struct alg_id *id)
{
	return id->params.len == 0 ||
	       bytes_is_equal(id->params, BYTES_LIT("\x05\x00"));
}

/* ShakeOutputLen: INTEGER 512 (RFC 8419 2.1). */
#define SHAKE_LEN_512 BYTES_LIT("\x02\x02\x02\x00")

enum alg
alg_id_get_digest(const struct alg_id *id)
{
	if (id->known == OID_SHAKE256_LEN &&
	    bytes_is_equal(id->params, SHAKE_LEN_512))
		return ALG_SHAKE256_LEN;
	if (!alg_id_is_plain(id))
		return ALG_NONE;
	return id->known != OID_SHAKE256_LEN
		   ? alg_find_oid(id->known, ALG_KIND_DIGEST)
		   : ALG_NONE;
}

void
der_put_alg_tag(struct buf *b, int tag, enum alg alg)
{
	const struct alg_row *row = alg_get(alg);
	size_t mark;

	if (row->kind == ALG_KIND_NONE ||
	    (row->params == ALG_PARAMS_OWN && alg != ALG_SHAKE256_LEN)) {
		b->err = b->err != 0 ? b->err : -CS_ERR_INTERNAL;
		return;
	}
	mark = der_open(b, tag);
	der_put_oid(b, row->oid);
	if (row->params == ALG_PARAMS_NULL)
		der_put_null(b);
	if (alg == ALG_SHAKE256_LEN)
		der_put_raw(b, SHAKE_LEN_512);
	der_close(b, mark);
}

void
der_put_alg(struct buf *b, enum alg alg)
{
	der_put_alg_tag(b, DER_SEQUENCE, alg);
}

void
der_put_alg_params(struct buf *b, enum alg alg, struct bytes params)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_oid(b, alg_get(alg)->oid);
	der_put_raw(b, params);
	der_close(b, mark);
	if (alg_get(alg)->kind == ALG_KIND_NONE && b->err == 0)
		b->err = -CS_ERR_INTERNAL;
}

char *
alg_id_describe(char *dst, size_t size, const struct alg_id *id)
{
	int i;

	for (i = 1; i < ALG_COUNT && id->known != OID_UNKNOWN; i++)
		if (alg_get((enum alg)i)->oid == id->known) {
			snprintf(dst, size, "%s", alg_name((enum alg)i));
			return dst;
		}
	return oid_describe(dst, size, id->oid);
}
