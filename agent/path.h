/*
 * path.h: where the agent's socket is. Agent and clients share the rule.
 */
#ifndef AGENT_PATH_H
#define AGENT_PATH_H

#include "asn1/err.h"

/* sun_path with its NUL (unix(7)). */
#define AGT_SOCKET_PATH_MAX 108

/*
 * Writes the path into out: given (--socket) if not NULL, else
 * $CARDSEAL_SOCKET, else $XDG_RUNTIME_DIR/cardseal/agent, else
 * /run/user/UID/cardseal/agent if that folder belongs to us. Never a folder
 * that others can write to, such as /tmp. Empty variables count as unset, and
 * so does an XDG_RUNTIME_DIR that is not absolute (XDG Base Directory
 * Specification). Whether a socket is there is not looked at.
 *
 * CS_ERR_NO_AGENT: there is no such place; the text says what to set.
 * CS_ERR_ARGUMENT: the path is too long for a socket, or empty.
 */
int CS_MUST_USE agt_socket_path(
    const char *given, char out[AGT_SOCKET_PATH_MAX], struct err *e);

#define AGT_STATE_PATH_MAX 1024

/*
 * The folder of what the agent keeps: $XDG_STATE_HOME/cardseal, else
 * ~/.local/state/cardseal. CS_ERR_CONFIG: neither can be told, or it is too
 * long.
 */
int CS_MUST_USE agt_state_folder(char out[AGT_STATE_PATH_MAX], struct err *e);

#endif
