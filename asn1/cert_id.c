#include "asn1/cert_id.h"

void
der_get_issuer_serial(struct der *d, int tag, struct cert_id *id)
{
	struct der in = der_enter(d, tag);

	*id = (struct cert_id){0};
	id->issuer = der_get_raw(&in, DER_SEQUENCE);
	/*
	 * Not der_get_integer: the number is only compared with that of a
	 * certificate, and some issuers write it with needless zeroes.
	 */
	id->serial = der_get(&in, DER_INTEGER);
	if (der_end(&in) == 0 &&
	    (id->serial.len == 0 || id->serial.len > CERT_ID_SERIAL_MAX))
		der_fail(&in, -CS_ERR_ENCODING);
	der_leave(d, &in);
	if (d->err != 0)
		*id = (struct cert_id){0};
}

void
der_get_cert_id(struct der *d, struct cert_id *id)
{
	*id = (struct cert_id){0};
	if (der_peek(d) != DER_CONTEXT(0)) {
		der_get_issuer_serial(d, DER_SEQUENCE, id);
		return;
	}
	id->key_id = der_get(d, DER_CONTEXT(0));
	if (id->key_id.len == 0 || id->key_id.len > CERT_ID_KEY_ID_MAX) {
		*id = (struct cert_id){0};
		der_fail(d, -CS_ERR_ENCODING);
	}
}

bool
cert_id_has_key_id(const struct cert_id *id)
{
	return id->key_id.len != 0;
}

void
der_put_cert_id(struct buf *b, const struct cert_id *id)
{
	size_t mark;

	if (cert_id_has_key_id(id)) {
		der_put(b, DER_CONTEXT(0), id->key_id);
		return;
	}
	mark = der_open(b, DER_SEQUENCE);
	der_put_raw(b, id->issuer);
	der_put(b, DER_INTEGER, id->serial);
	der_close(b, mark);
}
