/* wire.c: the data types of SSH (RFC 4251 5). */
#include "client/ssh/ssh.h"

bool
ssh_get_byte(struct bytes *in, uint8_t *value)
{
	if (in->len < 1)
		return false;
	*value = in->p[0];
	bytes_skip(in, 1);
	return true;
}

bool
ssh_get_u32(struct bytes *in, uint32_t *value)
{
	if (in->len < 4)
		return false;
	*value = (uint32_t)in->p[0] << 24 | (uint32_t)in->p[1] << 16 |
		 (uint32_t)in->p[2] << 8 | in->p[3];
	bytes_skip(in, 4);
	return true;
}

bool
ssh_get_string(struct bytes *in, struct bytes *value)
{
	struct bytes rest = *in;
	uint32_t len;

	if (!ssh_get_u32(&rest, &len) || len > rest.len)
		return false;
	*value = bytes_of(rest.p, len);
	bytes_skip(&rest, len);
	*in = rest;
	return true;
}

void
ssh_put_u32(struct buf *b, size_t value)
{
	uint8_t octets[4];
	int i;

	for (i = 0; i < 4; i++)
		octets[i] = (uint8_t)(value >> (24 - 8 * i));
	buf_add(b, octets, sizeof(octets));
}

void
ssh_put_string(struct buf *b, struct bytes value)
{
	ssh_put_u32(b, value.len);
	buf_add_bytes(b, value);
}

void
ssh_put_mpint(struct buf *b, struct bytes magnitude)
{
	bool needs_zero;

	while (magnitude.len > 0 && magnitude.p[0] == 0)
		bytes_skip(&magnitude, 1);
	needs_zero = magnitude.len > 0 && (magnitude.p[0] & 0x80) != 0;
	ssh_put_u32(b, magnitude.len + needs_zero);
	if (needs_zero)
		buf_add_byte(b, 0);
	buf_add_bytes(b, magnitude);
}
