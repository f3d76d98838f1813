/*
 * confine.h: what the agent and its starter give up.
 */
#ifndef AGENT_CONFINE_H
#define AGENT_CONFINE_H

/*
 * For every process of the agent, first thing: no core files, no debugger of
 * the same user, as many descriptors as allowed (the starter gives its
 * children the old limit back), no death by SIGPIPE.
 */
void confine_early(void);
/* For what the starter executes: the descriptor limit that came with us. */
void confine_restore_limits(void);
/*
 * For the listening process, once it has forked its starter: no new
 * privileges; no programs, no processes, no sockets but local ones, no look
 * into other processes. A kernel that lacks a part is logged, not an error.
 */
void confine_agent(void);

#endif
