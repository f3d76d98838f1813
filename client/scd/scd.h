/*
 * scd.h: cardseal-scd(1), which gpg-agent starts in place of scdaemon (its
 * option scdaemon-program) and asks for certificates, signatures and
 * decryptions in the Assuan protocol (libassuan's manual; the commands are
 * those of GnuPG 2.2's scd/command.c, as "gpg-connect-agent 'SCD HELP'" lists
 * them).
 *
 * It is a face of cardseal-agent: it holds no key and no PIN, and never asks
 * gpg-agent for one. All keys of all tokens that are in are those of one card
 * whose number is always the same, so that several cards can be learned at
 * once. A key's name is "CARDSEAL." and the SHA-256 of its public key in
 * hexadecimal digits.
 *
 * Each connection has a process of its own: the first one's is started by
 * gpg-agent, with the protocol on standard input and output; the others come
 * through a socket that only the user reaches.
 */
#ifndef CLIENT_SCD_SCD_H
#define CLIENT_SCD_SCD_H

#include <assuan.h>

#include "asn1/alg/keygrip.h"
#include "client/link/link.h"

#define SCD_PROGRAM "cardseal-scd"
#define SCD_SERIAL "6361726473656131" /* "cardsea1" */
#define SCD_KEY_PREFIX "CARDSEAL."
#define SCD_KEY_NAME_SIZE (sizeof(SCD_KEY_PREFIX) + 2 * AGT_KEY_ID_LEN)
#define SCD_DATA_MAX ((size_t)16384)
#define SCD_KEYS_MAX 4096

/* One key of those the agent has listed; borrowed from the connection. */
struct scd_key {
	uint8_t id[AGT_KEY_ID_LEN];
	char name[SCD_KEY_NAME_SIZE];
	char grip[2 * KEYGRIP_LEN + 1];
	unsigned flags;
	bool is_for_login; /* PIV's key for authentication */
	struct bytes spki_der;
	struct bytes certificate; /* the first; empty: none */
};

/* One connection. */
struct scd {
	assuan_context_t assuan;
	pid_t parent;		 /* gpg-agent, where it started us; else 0 */
	const char *socket_name; /* for others; NULL: there is none */
	struct link *link;	 /* NULL: not connected yet */
	struct buf data;	 /* of SETDATA */
	/* The last list. */
	struct buf elements, others; /* keys, certificates without one */
	struct scd_key *keys;
	size_t keys_len;
	bool has_token;
	struct err last; /* whose text libassuan refers to */
};

/* --- server.c --- */

/* The protocol on a connection until its end; in and out may be one. Returns
 * an exit status. */
int scd_serve(int in, int out, bool is_socket, const char *socket_name);
/* The agent's code as GnuPG's; the text goes to whom assuan answers. */
gpg_error_t scd_error(struct scd *s, const struct err *e);

/* --- keys.c --- */

/* The connection to the agent. */
int CS_MUST_USE scd_connect(struct scd *s, struct err *e);
/* Asks the agent what there is. CS_ERR_NO_TOKEN: nothing. */
int CS_MUST_USE scd_list(struct scd *s, struct err *e);
void scd_forget(struct scd *s);
/* In capital digits, with a NUL behind them. */
void scd_put_hex(char *dst, struct bytes b);
/* By its name, with or without the prefix, or by its keygrip; lists first.
 * CS_ERR_NO_KEY. */
int CS_MUST_USE scd_find(
    struct scd *s, const char *name, const struct scd_key **key, struct err *e);

/* --- commands, as libassuan calls them: line is what follows the name --- */

/* show.c: what there is */
gpg_error_t scd_cmd_serialno(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_learn(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_keyinfo(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_getattr(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_readcert(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_readkey(assuan_context_t ctx, char *line);
/* use.c: private-key operations */
gpg_error_t scd_cmd_setdata(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_sign(assuan_context_t ctx, char *line);
gpg_error_t scd_cmd_decrypt(assuan_context_t ctx, char *line);

/* Is there that option ("--name", or "--name=VALUE") before what a command is
 * about? Its value, or "" without one; NULL: it is not there. */
const char *scd_get_option(
    const char *line, const char *name, char *dst, size_t size);
/* What a command is about: the first word behind the options, unescaped in
 * place. */
char *scd_get_word(char *line);

/* --- socket.c --- */

/* A socket for more connections, in a folder of its own, and the process that
 * serves them until the one that called ends. NULL: there is none. */
char *scd_listen(void);
/* Ends that process and removes the socket; frees its name (NULL is fine). */
void scd_unlisten(char *name);
/* Sends signal to parent whenever a card comes or goes, in a process that
 * ends with the caller. */
void scd_watch(pid_t parent, int signal);

#endif
