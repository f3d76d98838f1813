#include "client/fetch/serve.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const struct serve_scheme schemes[] = {
    {"http://", serve_http},
    {"https://", serve_http},
    {"ldap://", serve_ldap},
    {"ldaps://", serve_ldap},
    {"dns:", serve_dns},
};

int
serve_body(struct serve *s, struct bytes octets)
{
	size_t len;

	if (octets.len > s->request->octets_max - s->sent) {
		s->is_over = true;
		return -CS_ERR_TOO_LARGE;
	}
	s->sent += octets.len;
	while (octets.len != 0) {
		len =
		    octets.len < FETCH_PIECE_MAX ? octets.len : FETCH_PIECE_MAX;
		if (!s->send(bytes_of(octets.p, len)))
			return -CS_ERR_CLOSED;
		octets = bytes_of(octets.p + len, octets.len - len);
	}
	return 0;
}

const struct serve_scheme *
serve_find_scheme(struct bytes url)
{
	const struct serve_scheme *s = schemes;
	size_t len;

	for (; s < schemes + sizeof(schemes) / sizeof(schemes[0]); s++) {
		len = strlen(s->start);
		if (url.len > len &&
		    strncasecmp((const char *)url.p, s->start, len) == 0)
			return s;
	}
	return NULL;
}

bool
serve_is_url(struct bytes url)
{
	size_t i;

	for (i = 0; i < url.len; i++)
		if (url.p[i] <= 0x20 || url.p[i] >= 0x7f)
			return false;
	return url.len != 0 && url.len <= FETCH_URL_MAX;
}

/* --- addresses --- */

/* RFC 6890: what is not to be reached from elsewhere. */
static const struct {
	uint32_t address;
	unsigned bits;
} local_v4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carriers' */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link local */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* IETF */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool
is_public_v4(uint32_t address)
{
	size_t i;

	for (i = 0; i < sizeof(local_v4) / sizeof(local_v4[0]); i++)
		if ((address ^ local_v4[i].address) >>
			(32 - local_v4[i].bits) ==
		    0)
			return false;
	return true;
}

static uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Global unicast is 2000::/3; 64:ff9b::/96 and 2002::/16 hold an IPv4
 * address, which must be public itself. */
static bool
is_public_v6(const uint8_t *p)
{
	struct bytes head = bytes_of(p, 12);

	if (bytes_is_equal(head, BYTES_LIT("\0\x64\xff\x9b\0\0\0\0\0\0\0\0")) ||
	    bytes_is_equal(head, BYTES_LIT("\0\0\0\0\0\0\0\0\0\0\xff\xff")))
		return is_public_v4(get_be32(p + 12));
	if (p[0] == 0x20 && p[1] == 0x02)
		return is_public_v4(get_be32(p + 2));
	return (p[0] & 0xe0) == 0x20;
}

bool
serve_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return is_public_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	return is_public_v6(v6.sin6_addr.s6_addr);
}
