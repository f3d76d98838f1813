/*
 * verdict_ess.h: what a signed message's verdict has of Enhanced Security
 * Services (RFC 2634): per signer what his signed attributes ask for, and per
 * layer the receipt that it is.
 *
 * All of it is of signers whose signature fits (integrity GOOD) and of no
 * other: nothing else may ask for anything. Whether the signer is trusted is
 * another finding.
 */
#ifndef CLIENT_CMS_VERDICT_ESS_H
#define CLIENT_CMS_VERDICT_ESS_H

#include "asn1/alg/digest.h"
#include "asn1/ess.h"
#include "asn1/ess_label.h"
#include "client/cms/verdict.h"

/*
 * Of one signer. A finding that is NOT_CHECKED: his attributes have none of
 * it; BAD: there is one that is broken, or differs from another signer's, and
 * it does not count; GOOD: the value stands beside it.
 */
struct verdict_ess {
	struct finding request;
	struct buf request_value; /* ReceiptRequest, DER */
	/* What a receipt for this signature says (RFC 2634 2.4): */
	struct buf content_type; /* content octets of the OID */
	struct buf signature;
	uint8_t sig_digest[DIGEST_LEN_MAX]; /* of the signed attributes */
	size_t sig_digest_len;
	struct buf msg_sig_digest; /* the attribute of a receipt (2.10) */
	/* Which mailing lists passed it on: MLExpansionHistory, DER. */
	struct finding history;
	struct buf history_value;
	/* Security labels: ESSSecurityLabel and EquivalentLabels, DER. */
	struct finding label;
	struct buf label_value;
	struct finding equivalents;
	struct buf equivalents_value;
	/*
	 * label.h: NOT_CHECKED: no rules, or no label; BAD: the message is
	 * withheld; UNKNOWN: no rule for it, and shown.
	 */
	struct finding clearance;
	char *policy_name; /* as the rules name it; or NULL */
	char *class_name;  /* likewise, or as the RFC does */
};

/* Of a layer whose content is a Receipt. */
struct verdict_receipt {
	struct finding form; /* GOOD: value is a Receipt */
	struct buf value;    /* DER */
	/* Does it belong to the message that it was compared with? */
	struct finding match;
};

/* Gives s one, empty; NULL: no memory. */
struct verdict_ess *verdict_signer_ess(struct verdict_signer *s);
void verdict_ess_free(struct verdict_ess *ess);
struct verdict_receipt *verdict_receipt_new(void);
void verdict_receipt_free(struct verdict_receipt *receipt);

/* The signer's request, decoded; false: there is none that counts. Borrowed
 * of s. */
bool verdict_get_request(
    const struct verdict_signer *s, struct ess_receipt_request *request);
/* The mailing lists of the signer's history, and the last of them; false:
 * none. Borrowed of s. */
bool verdict_get_lists(
    const struct verdict_signer *s, struct bytes *lists, struct ess_list *last);
/* The signer's label, and the list of its equivalents, decoded; false: none
 * that counts. Borrowed of s. */
bool verdict_get_label(const struct verdict_signer *s, struct ess_label *label);
bool verdict_get_equivalents(
    const struct verdict_signer *s, struct bytes *labels);
/* The layer's receipt, decoded; false: it has none, or a broken one. */
bool verdict_get_receipt(
    const struct verdict_layer *layer, struct ess_receipt *receipt);
/*
 * All signers of a layer are judged: those who ask for receipts must ask for
 * the same (RFC 2634 2.2.1, 2.3), or none of them does, and so for those who
 * tell of mailing lists (4.4) and for those who give it a label (3.1).
 */
void verdict_compare_ess(struct verdict_layer *layer);

/* verdict_ess.c: lines for a person, below the signer's or the layer's. */
void verdict_put_ess(struct buf *b, const struct verdict_signer *s);
void verdict_put_receipt(struct buf *b, const struct verdict_layer *layer);

#endif
