/*
 * domain.h: host names as mail addresses and certificates write them.
 */
#ifndef CLIENT_PKIX_DOMAIN_H
#define CLIENT_PKIX_DOMAIN_H

#include "asn1/buf.h"

#define DOMAIN_LEN_MAX 255
#define DOMAIN_LABEL_MAX 63

struct domain {
	char text[DOMAIN_LEN_MAX + 1];
	size_t len;
};

/*
 * The form to compare by: ASCII letters small, U-labels (UTF-8) as A-labels
 * by Punycode (RFC 3492). No other mapping is done: U-labels are in
 * Unicode's form C and small by definition (RFC 5890 2.3.2.1), and what is
 * not stays different. Address literals only get small letters. False: not
 * UTF-8, an empty or too long label, too long.
 */
bool domain_normalise(struct bytes in, struct domain *out);
/* As text "example.org" or, below it, "a.example.org"? */
bool domain_is_within(const struct domain *d, const struct domain *suffix);
bool domain_is_equal(const struct domain *a, const struct domain *b);

#endif
