/*
 * cmd_mutt.h: what the files of "cardseal mutt" share: mutt's index files and
 * certificates (smime_certificates, smime_keys).
 */
#ifndef CLIENT_CLI_CMD_MUTT_H
#define CLIENT_CLI_CMD_MUTT_H

#include "client/cli/cli.h"

#define MUTT_ID_SIZE 16

/* What was written, and is told to mutt. */
struct mutt_sync {
	struct cli *cli;
	char *certificates, *keys;  /* folders */
	char sign_as[MUTT_ID_SIZE]; /* "": no key may sign */
	/* its owner's key to encrypt to; "": none */
	char encrypt_as[MUTT_ID_SIZE];
	const char *digest; /* that it can sign with */
};

/*
 * Puts the keys of the agent, if there is one, and the correspondents'
 * certificates into both indexes, and a file for each certificate beside
 * them. Lines that are not from here stay. An exit status, after a message;
 * whatever it is, mutt_sync_clear.
 */
int mutt_sync_write(struct cli *cli, struct mutt_sync *sync);
void mutt_sync_clear(struct mutt_sync *sync);

#endif
