/* sign.c: a signature by cardseal-agent, in SSH's form. */
#include <stdio.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "client/ssh/ssh.h"

/* Flags of a request (draft-ietf-sshm-ssh-agent 3.6.1). */
#define FLAG_RSA_SHA2_256 2U
#define FLAG_RSA_SHA2_512 4U

static const char *
ec_name(enum oid curve)
{
	switch (curve) {
	case OID_P256:
		return "ecdsa-sha2-nistp256";
	case OID_P384:
		return "ecdsa-sha2-nistp384";
	default:
		return "ecdsa-sha2-nistp521";
	}
}

/* What is signed how, and SSH's name for it. */
static int
choose(const struct spki *spki, uint32_t flags, enum alg *digest,
    const char **name, struct err *e)
{
	*digest = sig_default_digest(spki);
	switch (spki->alg) {
	case ALG_RSA:
		if ((flags & (FLAG_RSA_SHA2_256 | FLAG_RSA_SHA2_512)) == 0)
			return err_set(e, -CS_ERR_ALGORITHM,
			    "an RSA signature with SHA-1 was asked for, which "
			    "is broken; the other side must know RFC 8332");
		*digest =
		    (flags & FLAG_RSA_SHA2_256) != 0 ? ALG_SHA256 : ALG_SHA512;
		*name = *digest == ALG_SHA256 ? "rsa-sha2-256" : "rsa-sha2-512";
		return 0;
	case ALG_EC:
		*name = ec_name(spki->curve);
		return 0;
	default:
		*name = "ssh-ed25519";
		return 0;
	}
}

static int
put_signature(struct buf *b, const struct spki *spki, const char *name,
    struct bytes der, struct err *e)
{
	size_t len = (spki->bits + 7) / 8;
	struct buf raw = {0}, inner = {0};
	int r = 0;

	ssh_put_string(b, bytes_of_str(name));
	if (spki->alg == ALG_EC) {
		r = sig_ecdsa_from_der(der, len, &raw);
		if (r == 0) {
			ssh_put_mpint(&inner, bytes_of(raw.data, len));
			ssh_put_mpint(&inner, bytes_of(raw.data + len, len));
			ssh_put_string(b, buf_get(&inner));
			r = inner.err;
		}
	} else {
		ssh_put_string(b, der);
	}
	buf_clear(&raw);
	buf_clear(&inner);
	if (r == 0)
		r = b->err;
	return r == 0 ? 0 : err_set(e, r, NULL);
}

static int
ask(struct ssh *s, const struct ssh_key *key, struct bytes input,
    struct bytes algorithm, const char *purpose, struct agt_msg *answer,
    struct err *e)
{
	char text[SSH_PURPOSE_MAX + 32];
	struct agt_msg request = {
	    .type = AGT_SIGN,
	    .key_id = bytes_of(key->id, sizeof(key->id)),
	    .algorithm = algorithm,
	    .input = input,
	    .has_context = true,
	};

	snprintf(text, sizeof(text), "%s%s", purpose,
	    s->is_forwarded ? ", asked for by another host" : "");
	link_fill_context(s->link, &request.context, text);
	request.context.on_behalf_of = bytes_of_str(s->program);
	return link_call(s->link, &request, answer, e);
}

int
ssh_sign(struct ssh *s, const struct ssh_key *key, struct bytes data,
    uint32_t flags, struct buf *signature, struct err *e)
{
	uint8_t hash[DIGEST_LEN_MAX];
	char purpose[SSH_PURPOSE_MAX];
	struct bytes input = data;
	struct buf algorithm = {0};
	struct sig_scheme scheme;
	struct agt_msg answer;
	enum alg digest;
	const char *name;
	int r = ssh_describe(data, buf_get(&key->blob), purpose, e);

	if (r == 0)
		r = choose(&key->spki, flags, &digest, &name, e);
	if (r != 0)
		return r;
	if (key->spki.alg != ALG_ED25519_KEY)
		input = bytes_of(hash, digest_of(digest, data, hash));
	r = sig_scheme_choose(&key->spki, digest, false, &scheme);
	if (r != 0)
		return err_set(e, r, "the key does not sign this way");
	der_put_sig_scheme(&algorithm, &scheme);
	r = algorithm.err;
	if (r == 0)
		r = ask(
		    s, key, input, buf_get(&algorithm), purpose, &answer, e);
	if (r == 0)
		r = put_signature(
		    signature, &key->spki, name, answer.output, e);
	buf_clear(&algorithm);
	return r;
}
