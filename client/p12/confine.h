/*
 * confine.h: what cardseal-p12 gives up: memory that could be swapped or
 * dumped; then, with the agent's connection open, files, sockets and programs.
 * A kernel that lacks one of these still gives the others.
 */
#ifndef CLIENT_P12_CONFINE_H
#define CLIENT_P12_CONFINE_H

void p12_confine_memory(void);
void p12_confine_calls(void);

#endif
