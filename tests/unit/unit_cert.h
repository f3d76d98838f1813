/*
 * unit_cert.h: certificates for tests: those of tests/vectors/pkix by name,
 * and unsigned ones made on the spot for what looks at no signature.
 */
#ifndef TESTS_UNIT_UNIT_CERT_H
#define TESTS_UNIT_UNIT_CERT_H

#include "client/pkix/path.h"
#include "tests/unit/unit.h"

/* 2027-06-15 12:00 UTC */
#define UNIT_TIME INT64_C(1813060800)

/* tests/vectors/pkix/NAME.pem, or the test fails. The caller frees. */
struct cert *unit_cert(const char *name);
/* Its DER, appended. */
void unit_cert_der(struct buf *b, const char *name);
/* A set of those named, up to a NULL. The caller frees. */
struct cert_set *unit_certs(const char *first, ...) __attribute__((sentinel));

/* An extension of a certificate to be made. */
struct unit_extension {
	enum oid oid;
	bool is_critical;
	struct bytes value;
};
/*
 * An Ed25519 certificate without a true signature. Names are CNs; "" is the
 * empty name. serial also makes the key unique.
 */
void unit_cert_make_der(struct buf *b, const char *issuer, const char *subject,
    uint64_t serial, const struct unit_extension *ext, size_t n);
struct cert *unit_cert_make(const char *issuer, const char *subject,
    uint64_t serial, const struct unit_extension *ext, size_t n);

#endif
