/*
 * confine.h: what cardseal-p12 gives up: memory that could be swapped or
 * dumped; then, with the agent's connection open, files, sockets and programs.
 * A kernel that lacks one of these still gives the others.
 */
#ifndef CLIENT_P12_CONFINE_H
#define CLIENT_P12_CONFINE_H

#include "asn1/buf.h"

/* Octets of address space: many times what a file of P12_FILE_MAX takes. */
#define CONFINE_MEMORY_MAX ((size_t)256 << 20)
/* Seconds of the processor for opening a file. Ten million rounds of a
 * password's function take less; nobody has so many. */
#define CONFINE_SECONDS_MAX 10

void p12_confine_memory(void);
void p12_confine_calls(void);
/*
 * From now on until p12_clock_stop: if the processor was busy for
 * CONFINE_SECONDS_MAX, last words go to standard output and the process ends
 * with status 0. They are borrowed until then.
 */
void p12_clock_start(struct bytes last_words);
void p12_clock_stop(void);

#endif
