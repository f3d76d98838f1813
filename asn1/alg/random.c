#include "asn1/alg/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void
random_fill(void *p, size_t len)
{
	uint8_t *out = p;
	ssize_t n;

	while (len != 0) {
		n = getrandom(out, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		out += n;
		len -= (size_t)n;
	}
}

struct secret *
random_secret(size_t len)
{
	struct secret *s = secret_new(len);

	if (s != NULL)
		random_fill(secret_get(s), len);
	return s;
}
