/*
 * signed.h: SignedData (RFC 5652 5), made and judged as a stream.
 */
#ifndef CLIENT_CMS_SIGNED_H
#define CLIENT_CMS_SIGNED_H

#include "client/cms/cms.h"
#include "client/cms/input.h"
#include "client/pkix/path.h"

/* --- making --- */

struct cms_signer {
	struct cert *cert;	  /* borrowed */
	struct sig_scheme scheme; /* sig_scheme_choose */
	/* Another certificate to encrypt to (encryptionKeyPreference), sent
	 * along; borrowed, or NULL. */
	struct cert *encryption;
};

/* Asks a time-stamping authority for a token (ContentInfo, DER) over a
 * signature; see stamp.h. */
struct cms_stamp_ops {
	int (*stamp)(void *ctx, struct bytes signature, struct buf *token,
	    struct err *e);
	void *ctx;
};

/* A signed attribute more: its one value, in DER; borrowed. */
struct cms_attr {
	enum oid type;
	struct bytes value;
};

struct cms_sign_params {
	const struct cms_signer *signers;
	size_t signers_len;		     /* 1 to CMS_SIGNERS_MAX */
	const struct cert_set *certificates; /* beside the signers'; or NULL */
	enum oid content_type;		     /* OID_DATA */
	int64_t signing_time;
	const struct cms_key_ops *ops;
	const struct cms_stamp_ops *stamps; /* NULL: none wanted */
	bool has_capabilities;		    /* SMIMECapabilities: for mail */
	/* Beside those below, the same for each signer; none of a type that
	 * is below. Not for countersignatures. */
	const struct cms_attr *attrs;
	size_t attrs_len;
};

/*
 * Signed attributes, per signer: contentType, messageDigest, signingTime,
 * signingCertificateV2 (RFC 5035) and CMSAlgorithmProtection (RFC 6211), and
 * where asked for SMIMECapabilities and encryptionKeyPreference (RFC 8551
 * 2.5), in DER order: what CAdES B-B wants (ETSI EN 319 122-1), and with a
 * time stamp B-T. SignerInfo version 1, by issuer and serial. Root
 * certificates are left out of what is sent unless they are the signer's own.
 *
 * Detached: write the content, finish writes the whole ContentInfo in DER.
 */
struct cms_sign;
int CS_MUST_USE cms_sign_new(const struct cms_sign_params *params,
    struct cms_sign **sign, struct err *e);
void cms_sign_free(struct cms_sign *sign);
int CS_MUST_USE cms_sign_write(
    struct cms_sign *sign, struct bytes content, struct err *e);
int CS_MUST_USE cms_sign_finish(
    struct cms_sign *sign, struct sink *out, struct err *e);
/* Forgets the content written so far. */
int CS_MUST_USE cms_sign_restart(struct cms_sign *sign, struct err *e);
/*
 * Opaque in DER: as cms_sign_finish, with the content that was written, which
 * is run once; lengths that differ are CS_ERR_CHANGED. Does not finish out.
 */
int CS_MUST_USE cms_sign_finish_der(struct cms_sign *sign,
    struct source *content, struct sink *out, struct err *e);

/* Both at once: content is run twice (hashed and counted, then written). */
int CS_MUST_USE cms_sign_opaque_der(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e);
/* Opaque in BER of indefinite length: content is run once. */
int CS_MUST_USE cms_sign_opaque_ber(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e);

/*
 * SignedData without content and signers, which carries certificates alone
 * (RFC 5652 5.1, RFC 8551 3.8), in DER. Roots are written, too.
 */
int CS_MUST_USE cms_write_certs_only(
    const struct cert_set *certs, struct sink *out, struct err *e);

/* --- judging --- */

/*
 * What the judge needs to know. Everything is borrowed and must live as long
 * as the reader.
 */
struct cms_trust {
	struct path_params path; /* anchors, time, purpose, revocation ... */
	bool has_time;		 /* path.time was asked for (--time); else the
				    present is used */
	const struct cert_set *known; /* signers' certificates that the message
					 may lack; may be NULL */
	bool is_legacy;
};

#endif
