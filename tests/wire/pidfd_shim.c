/*
 * Preloaded under valgrind, which in Debian 12 does not know the system calls
 * behind pidfd_open(3) and pidfd_send_signal(3): the same with descriptors of
 * /proc/PID. For tests only, since signals go by pid in the end.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHIM_EXPORT __attribute__((visibility("default")))

SHIM_EXPORT int pidfd_open(pid_t pid, unsigned flags);
SHIM_EXPORT int pidfd_send_signal(
    int pidfd, int sig, siginfo_t *info, unsigned flags);

int
pidfd_open(pid_t pid, unsigned flags)
{
	char path[64];

	(void)flags;
	snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
	char link[64], path[64];
	ssize_t n;

	(void)info;
	(void)flags;
	/* Once the process is gone, the folder cannot be looked into. */
	if (faccessat(pidfd, "stat", F_OK, 0) != 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", pidfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -1;
	path[n] = '\0';
	if (sscanf(path, "/proc/%63s", link) != 1 || atoi(link) <= 1)
		return -1;
	return kill(atoi(link), sig);
}
