/*
 * ess.h: values of the attributes of Enhanced Security Services (RFC 2634,
 * 5035), and the content of a signed receipt.
 *
 * Each decoder takes one whole value in DER, checks all of it and gives
 * borrowed parts; what is broken, or over a limit, is negative and leaves the
 * result all zero. Lists are walked by the cursor: der_init(&d, list), then a
 * _next function until it is false. Nothing here says whether a value may be
 * believed: that is for who checked the signature over it.
 */
#ifndef ASN1_ESS_H
#define ASN1_ESS_H

#include "asn1/cert_id.h"

#define ESS_ENTITIES_MAX 1024	/* in receiptsFrom, or a list's policy */
#define ESS_NAMES_MAX 64	/* GeneralName in one GeneralNames */
#define ESS_RECEIPTS_TO_MAX 16	/* ub-receiptsTo (RFC 2634 2.7) */
#define ESS_CONTENT_ID_MAX 1024 /* octets of a signedContentIdentifier */

/* --- signed receipts (RFC 2634 2) --- */

enum ess_receipts_from {
	ESS_FROM_ALL,
	ESS_FROM_FIRST_TIER, /* whom no mailing list stands between */
	ESS_FROM_LIST,
};

/* ReceiptRequest (2.7) */
struct ess_receipt_request {
	struct bytes content_id; /* signedContentIdentifier */
	enum ess_receipts_from from;
	struct bytes from_list; /* list of GeneralNames; of ESS_FROM_LIST */
	struct bytes to;	/* list of GeneralNames: 1 to 16 */
};
int CS_MUST_USE ess_receipt_request_decode(
    struct bytes value, struct ess_receipt_request *request);
/* One GeneralNames of a list, which was checked: its content octets. */
bool ess_names_next(struct der *list, struct bytes *names);
/* The next rfc822Name of these: ASCII without control characters, and else
 * anything that its maker liked. */
bool ess_address_next(struct der *names, struct bytes *address);
/* Does one of a list's rfc822Names satisfy is? */
bool ess_list_has(
    struct bytes list, bool (*is)(void *ctx, struct bytes a), void *ctx);

/* A request to be made. Addresses are addr-specs in ASCII. */
struct ess_receipt_wish {
	struct bytes content_id;
	enum ess_receipts_from from;
	const char *const *from_list;
	size_t from_len;
	const char *const *to;
	size_t to_len;
};
void der_put_receipt_request(
    struct buf *b, const struct ess_receipt_wish *wish);

/* Receipt (2.8): what a receipt is for. */
struct ess_receipt {
	struct bytes content_type; /* content octets of the OID */
	struct bytes content_id;
	struct bytes signature; /* originatorSignatureValue */
};
#define ESS_RECEIPT_MAX ((size_t)16 << 10) /* octets of a Receipt */
int CS_MUST_USE ess_receipt_decode(
    struct bytes value, struct ess_receipt *receipt);
void der_put_receipt(struct buf *b, const struct ess_receipt *receipt);

/* --- mailing lists (RFC 2634 4) --- */

#define ESS_LISTS_MAX 64 /* ub-ml-expansion-history (4.4) */

/* MLReceiptPolicy: what becomes of the request for receipts. */
enum ess_list_policy {
	ESS_LIST_AS_ASKED,
	ESS_LIST_NONE,		 /* none are made */
	ESS_LIST_INSTEAD_OF,	 /* they go to others */
	ESS_LIST_IN_ADDITION_TO, /* and to others */
};

/* MLData: one list that passed the message on. */
struct ess_list {
	struct cert_id id;
	int64_t time; /* expansionTime */
	enum ess_list_policy policy;
	struct bytes to; /* list of GeneralNames; of the last two */
};
/* MLExpansionHistory (4.4): its MLData, of which there is one at least, and
 * the last of them. */
int CS_MUST_USE ess_history_decode(
    struct bytes value, struct bytes *lists, struct ess_list *last);
/* The next of these, which were checked. */
bool ess_list_next(struct der *lists, struct ess_list *list);

#endif
