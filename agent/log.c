#include "agent/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

void
agt_log(const char *fmt, ...)
{
	static const char prefix[] = "cardseal-agent: ";
	char line[LOG_LINE_MAX];
	int saved = errno, n;
	size_t len = sizeof(prefix) - 1;
	va_list ap;

	snprintf(line, sizeof(line), "%s", prefix);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 1
			   ? (size_t)n
			   : sizeof(line) - len - 2;
	line[len++] = '\n';
	/* A log that nobody takes is no reason to stop. */
	if (write(STDERR_FILENO, line, len) < 0)
		errno = 0;
	errno = saved;
}
