/* request.c: what it is that is to be signed. */
#include <stdio.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/base64.h"
#include "client/ssh/ssh.h"

#define USERAUTH_REQUEST 50 /* SSH_MSG_USERAUTH_REQUEST, RFC 4252 6 */
#define SESSION_ID_MAX 64
#define SIGNATURE_MAGIC "SSHSIG" /* PROTOCOL.sshsig */
#define FINGERPRINT_SIZE 64

static const char *
or_someone(struct bytes name)
{
	return name.len > 0 && name.len <= 64 && agt_text_is_valid(name)
		   ? ""
		   : "a name that cannot be shown";
}

/* As ssh-keygen -l shows it: "SHA256:" and base64 without padding. */
static void
put_fingerprint(char dst[FINGERPRINT_SIZE], struct bytes blob)
{
	uint8_t digest[DIGEST_LEN_MAX];
	struct buf text = {0};
	size_t len = digest_of(ALG_SHA256, blob, digest);

	(void)base64_encode(&text, bytes_of(digest, len));
	while (text.len > 0 && text.data[text.len - 1] == '=')
		text.len--;
	snprintf(dst, FINGERPRINT_SIZE, "SHA256:%.*s", (int)text.len,
	    text.data != NULL ? (const char *)text.data : "");
	buf_clear(&text);
}

/* RFC 4252 7, and OpenSSH's form that names the host's key as well
 * (publickey-hostbound-v00@openssh.com). */
static bool
describe_login(
    struct bytes data, struct bytes blob, char purpose[SSH_PURPOSE_MAX])
{
	struct bytes session, user, service, method, algorithm, key, host;
	char fingerprint[FINGERPRINT_SIZE];
	bool is_bound;
	uint8_t number, has_signature;

	if (!ssh_get_string(&data, &session) || session.len == 0 ||
	    session.len > SESSION_ID_MAX || !ssh_get_byte(&data, &number) ||
	    number != USERAUTH_REQUEST || !ssh_get_string(&data, &user) ||
	    !ssh_get_string(&data, &service) ||
	    !bytes_is_equal(service, BYTES_LIT("ssh-connection")) ||
	    !ssh_get_string(&data, &method) ||
	    !ssh_get_byte(&data, &has_signature) || has_signature != 1 ||
	    !ssh_get_string(&data, &algorithm) || !ssh_get_string(&data, &key))
		return false;
	is_bound = bytes_is_equal(
	    method, BYTES_LIT("publickey-hostbound-v00@openssh.com"));
	if (!is_bound && !bytes_is_equal(method, BYTES_LIT("publickey")))
		return false;
	if (is_bound && !ssh_get_string(&data, &host))
		return false;
	if (data.len != 0 || !bytes_is_equal(key, blob))
		return false;
	if (or_someone(user)[0] != '\0')
		user = bytes_of_str(or_someone(user));
	snprintf(purpose, SSH_PURPOSE_MAX, "SSH login as %.*s", (int)user.len,
	    (const char *)user.p);
	if (is_bound) {
		put_fingerprint(fingerprint, host);
		snprintf(purpose + strlen(purpose),
		    SSH_PURPOSE_MAX - strlen(purpose),
		    " at the host whose key is %s", fingerprint);
	}
	return true;
}

static bool
describe_signature(struct bytes data, char purpose[SSH_PURPOSE_MAX])
{
	struct bytes space, reserved, algorithm, hash;
	struct bytes magic = BYTES_LIT(SIGNATURE_MAGIC);
	bool is_512;

	if (data.len < magic.len ||
	    !bytes_is_equal(bytes_of(data.p, magic.len), magic))
		return false;
	bytes_skip(&data, magic.len);
	if (!ssh_get_string(&data, &space) || space.len == 0 ||
	    !ssh_get_string(&data, &reserved) ||
	    !ssh_get_string(&data, &algorithm) ||
	    !ssh_get_string(&data, &hash) || data.len != 0)
		return false;
	is_512 = bytes_is_equal(algorithm, BYTES_LIT("sha512"));
	if ((!is_512 && !bytes_is_equal(algorithm, BYTES_LIT("sha256"))) ||
	    hash.len != (is_512 ? 64 : 32))
		return false;
	if (or_someone(space)[0] != '\0')
		space = bytes_of_str(or_someone(space));
	snprintf(purpose, SSH_PURPOSE_MAX, "SSH signature for %.*s",
	    (int)space.len, (const char *)space.p);
	return true;
}

int
ssh_describe(struct bytes data, struct bytes blob,
    char purpose[SSH_PURPOSE_MAX], struct err *e)
{
	if (describe_login(data, blob, purpose) ||
	    describe_signature(data, purpose))
		return 0;
	return err_set(e, -CS_ERR_POLICY,
	    "what is to be signed is neither a login with this key nor an SSH "
	    "signature; nothing else is signed here");
}
