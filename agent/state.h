/*
 * state.h: what the agent keeps on disk: one secret.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include "asn1/secret.h"

/*
 * The 32 octets that answers to broken PKCS#1 v1.5 padding are made from, in
 * folder/secret (agt_state_folder, path.h). The
 * folder (mode 0700) and the file (mode 0600) are made where they are missing;
 * two agents that start at once agree on one secret. The caller frees it.
 *
 * CS_ERR_CONFIG: the file is not ours, open to
 * others, or has another length. IO, NO_FILE, NO_SPACE: as the system said.
 * The text names the path.
 */
int CS_MUST_USE state_get_secret(
    struct secret **secret, const char *folder, struct err *e);

#endif
