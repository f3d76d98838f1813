/*
 * launch.h: a pcscd of one's own, with a virtual reader and emulated cards.
 *
 *	launch --dir FOLDER [--card PROGRAM] [--shim FILE] CARD...
 *
 * makes FOLDER (which must not exist), starts pcscd on FOLDER/pcscd.sock and
 * up to SHIM_SLOTS card programs, one for each CARD, writes FOLDER/env for a
 * shell, and stays until SIGTERM or its parent's end. Then it ends what it
 * started. In the folder:
 *
 *	env		PCSCLITE_CSOCK_NAME and the paths below, to source
 *	card.N		the control socket of the N-th card (emulator.h)
 *	trace.N		its commands
 *	launch		the control socket of the launcher
 *	*.log		what the programs said
 *
 * The launcher's control socket takes
 *
 *	pid		of pcscd; 0: none
 *	kill		SIGKILL for pcscd; the next client starts another one,
 *			as systemd does
 *	stop		ends pcscd; clients find no socket
 *	start		starts it again
 *	card-pid N
 */
#ifndef TESTS_CARD_LAUNCH_H
#define TESTS_CARD_LAUNCH_H

#include <sys/types.h>

#include "tests/card/control.h"
#include "tests/card/pcscd_shim.h"

#define LAUNCH_PATH_MAX 1024
#define LAUNCH_END_MS 3000 /* between SIGTERM and SIGKILL */

struct launch {
	const char *folder, *card_program, *shim;
	char **cards;
	size_t cards_len;
	pid_t pcscd;
	pid_t card_pids[SHIM_SLOTS];
	int socket; /* that clients of pcscd connect to; -1: stopped */
	int signals;
	struct control control;
	bool is_over;
};

/* Ends the program with what was wrong. */
void launch_die(const char *what) __attribute__((noreturn));
/* "FOLDER/name", in a ring of 8 static buffers. */
const char *launch_path(const struct launch *l, const char *name);

/* launch_start.c */
void launch_make_folder(const struct launch *l);
void launch_open_socket(struct launch *l);
void launch_start_pcscd(struct launch *l);
void launch_start_card(struct launch *l, size_t n);
void launch_write_env(const struct launch *l);
/* SIGTERM or SIGKILL, and waits; kills at the latest after LAUNCH_END_MS. */
void launch_end(pid_t *pid, int signal);

#endif
