/*
 * ssh.h: cardseal-ssh-agent(1): what ssh(1), ssh-add(1), ssh-keygen(1) and git
 * ask an agent for, in the SSH agent protocol (draft-ietf-sshm-ssh-agent,
 * numbers as there; types of RFC 4251 5), with the keys of the tokens that
 * cardseal-agent holds.
 *
 * It is a face of cardseal-agent: it holds no key and no PIN, adds and removes
 * none. It signs nothing but logins (RFC 4252 7) and SSH's own signatures of
 * files (OpenSSH's PROTOCOL.sshsig), so that who reaches it cannot have mail or
 * a certificate signed.
 */
#ifndef CLIENT_SSH_SSH_H
#define CLIENT_SSH_SSH_H

#include "asn1/alg/signature.h"
#include "client/link/list.h"

#define SSH_PROGRAM "cardseal-ssh-agent"
#define SSH_FRAME_MAX ((size_t)256 << 10) /* as OpenSSH's agent takes */
#define SSH_CHOICES_MAX 16
#define SSH_COMMENT_MAX 128
#define SSH_PURPOSE_MAX 256

/* The keys that were named on the command line; none: ssh_key_is_usual. */
struct ssh_choice {
	const char *names[SSH_CHOICES_MAX]; /* key ids, or PIV's slots */
	size_t len;
};

/* A key that is offered; borrowed from the connection. */
struct ssh_key {
	uint8_t id[AGT_KEY_ID_LEN];
	struct spki spki;
	struct buf blob; /* RFC 4253 6.6; owned */
	char comment[SSH_COMMENT_MAX];
};

/* One connection. */
struct ssh {
	const struct ssh_choice *choice;
	struct link *link; /* NULL: not connected yet */
	struct link_list list;
	struct ssh_key *keys;
	size_t keys_len;
	char program[SSH_COMMENT_MAX]; /* who asks; "": not known */
	bool is_forwarded; /* to another host, as ssh says (session-bind) */
};

/* --- wire.c: RFC 4251 5 --- */

/* Takes one off the front of in; false, and in as it was: it is not there. */
bool ssh_get_byte(struct bytes *in, uint8_t *value);
bool ssh_get_u32(struct bytes *in, uint32_t *value);
bool ssh_get_string(struct bytes *in, struct bytes *value);
/* Append; failures stick to b. */
void ssh_put_u32(struct buf *b, size_t value);
void ssh_put_string(struct buf *b, struct bytes value);
/* An unsigned big-endian number. */
void ssh_put_mpint(struct buf *b, struct bytes magnitude);

/* --- keys.c --- */

/* Appends the public key (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4).
 * CS_ERR_UNSUPPORTED: SSH has no name for such a key. */
int CS_MUST_USE ssh_put_public_key(struct buf *b, const struct spki *spki);
/* Asks cardseal-agent what there is: keys that are chosen, those for
 * authentication first. */
int CS_MUST_USE ssh_list(struct ssh *s, struct err *e);
void ssh_forget(struct ssh *s);
/* By its public key, listing first. CS_ERR_NO_KEY. */
int CS_MUST_USE ssh_find(struct ssh *s, struct bytes blob,
    const struct ssh_key **key, struct err *e);

/* --- request.c --- */

/*
 * What is to be signed, in words for the person who is asked ("SSH login as
 * alice"). CS_ERR_POLICY: neither a login with that key nor a signature of
 * SSH's own.
 */
int CS_MUST_USE ssh_describe(struct bytes data, struct bytes blob,
    char purpose[SSH_PURPOSE_MAX], struct err *e);

/* --- sign.c --- */

/* Appends the signature (RFC 4253 6.6, RFC 8332 3, RFC 5656 3.1.2, RFC 8709 6)
 * over data; flags are those of the request. */
int CS_MUST_USE ssh_sign(struct ssh *s, const struct ssh_key *key,
    struct bytes data, uint32_t flags, struct buf *signature, struct err *e);

/* --- serve.c --- */

/* Answers requests until the connection ends; an exit status. */
int ssh_serve(const struct ssh_choice *choice, int fd);

#endif
