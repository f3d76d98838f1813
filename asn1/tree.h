/*
 * tree.h: whole structures decoded by their published ASN.1 module, with
 * libtasn1.
 *
 * Only for small structures whose size is bounded: libtasn1 is quadratic in
 * SEQUENCE OF and SET OF. What streams, is hot, or holds a list whose length
 * a stranger chooses belongs to the cursor (der.h), one element at a time.
 *
 * A field is named by its path as the module has it, "tbsCertificate.issuer";
 * members of a SEQUENCE OF are "?1", "?2" and so on; "" is the whole. Modules
 * are loaded at their first use and stay; a decoded tree belongs to one
 * thread at a time.
 */
#ifndef ASN1_TREE_H
#define ASN1_TREE_H

#include "asn1/oid.h"

enum tree_module {
	TREE_PKIX1, /* asn1/pkix1.asn: RFC 5280 */
	TREE_CMS,   /* asn1/cms.asn: RFC 5652 and beside it */
	TREE_AGENT, /* asn1/agent.asn: clients and the agent */
	TREE_TOKEN, /* asn1/token.asn: the agent and its workers */
	TREE_FETCH, /* asn1/fetch.asn: cardseal-fetch and who asks it */
	TREE_OCSP,  /* asn1/ocsp.asn: RFC 6960 */
	TREE_MODULE_COUNT,
};

#define TREE_LEN_MAX ((size_t)1 << 20) /* octets of one structure */
#define TREE_PATH_MAX 256	       /* octets of a field's name */

struct tree;

/*
 * Decodes der, all of it, as the module's type; strictly DER. Failures name
 * the type, and the field where libtasn1 knows it: CS_ERR_ENCODING,
 * CS_ERR_TOO_LARGE, CS_ERR_NO_MEMORY; CS_ERR_ARGUMENT: the module has no such
 * type. *tree is NULL then; it borrows nothing from der.
 */
int CS_MUST_USE tree_decode(enum tree_module module, const char *type,
    struct bytes der, struct tree **tree, struct err *e);
void tree_free(struct tree *tree);

/* Is the OPTIONAL field there? One with a DEFAULT always is. */
bool tree_has(const struct tree *tree, const char *field);
/* How many members has this SEQUENCE OF or SET OF? */
int CS_MUST_USE tree_get_count(
    const struct tree *tree, const char *field, size_t *count, struct err *e);
/*
 * Appends the field's content to b: octets of strings and INTEGERs, whole
 * elements of ANY. A BIT STRING must be of whole octets. CS_ERR_ARGUMENT: no
 * such field, or not of such a type; CS_ERR_ENCODING: bits left over.
 */
int CS_MUST_USE tree_get_bytes(
    const struct tree *tree, const char *field, struct buf *b, struct err *e);
/* A BIT STRING as numbers of bits: bit n is 1 << n. CS_ERR_TOO_LARGE beyond
 * 32 of them. */
int CS_MUST_USE tree_get_flags(
    const struct tree *tree, const char *field, uint32_t *flags, struct err *e);
/* INTEGER or ENUMERATED, not negative, at most max (else TOO_LARGE). */
int CS_MUST_USE tree_get_uint(const struct tree *tree, const char *field,
    uint64_t max, uint64_t *value, struct err *e);
int CS_MUST_USE tree_get_bool(
    const struct tree *tree, const char *field, bool *value, struct err *e);
/* An OBJECT IDENTIFIER in dotted form; dst has OID_TEXT_MAX. */
int CS_MUST_USE tree_get_oid(const struct tree *tree, const char *field,
    char dst[static OID_TEXT_MAX], struct err *e);
/* The name of the alternative that a CHOICE has; dst has TREE_PATH_MAX. */
int CS_MUST_USE tree_get_choice(const struct tree *tree, const char *field,
    char dst[static TREE_PATH_MAX], struct err *e);
/* Appends the DER of the field (or, "", of the whole) to b. */
int CS_MUST_USE tree_encode(
    const struct tree *tree, const char *field, struct buf *b, struct err *e);

/*
 * Proves that der is what the module says: it decodes as the type, and what
 * was decoded encodes to the same octets. For tests of the hand-made codecs.
 */
int CS_MUST_USE tree_check(
    enum tree_module module, const char *type, struct bytes der, struct err *e);

#endif
