/*
 * log.h: what the agent has to tell, on standard error. Never a PIN, never
 * the content of a request. Not called for each request.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

/* One line, "cardseal-agent: " before it. Untrusted text must have gone
 * through err_quote(). */
void agt_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
