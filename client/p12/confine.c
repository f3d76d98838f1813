/* What cardseal-p12 gives up before it looks at a file. */
#include "client/p12/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

void
p12_confine_memory(void)
{
	struct rlimit none = {0, 0};
	struct rlimit memory = {CONFINE_MEMORY_MAX, CONFINE_MEMORY_MAX};
	struct rlimit locked = {0, 0};

	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	if (CS_IS_SANITIZED)
		return;
	(void)setrlimit(RLIMIT_AS, &memory);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* GnuTLS has keys where it likes. All or nothing: with a limit in
	 * between, memory would run out instead of being swappable. */
	(void)getrlimit(RLIMIT_MEMLOCK, &locked);
	if (locked.rlim_cur >= CONFINE_MEMORY_MAX)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* --- time --- */

static struct bytes last_words;

static void
clock_over(int sig)
{
	(void)sig;
	/* Whoever does not read this learns that there was no answer. */
	_exit(write(STDOUT_FILENO, last_words.p, last_words.len) < 0);
}

static void
clock_set(time_t seconds)
{
	struct itimerval timer = {.it_value = {.tv_sec = seconds}};

	(void)setitimer(ITIMER_PROF, &timer, NULL);
}

void
p12_clock_start(struct bytes words)
{
	last_words = words;
	(void)sigaction(
	    SIGPROF, &(struct sigaction){.sa_handler = clock_over}, NULL);
	clock_set(CONFINE_SECONDS_MAX);
}

void
p12_clock_stop(void)
{
	clock_set(0);
}

/* --- system calls --- */

/* The connection to the agent is open; nothing else is needed. */
static const int denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(creat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(bpf),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(keyctl),
};

void
p12_confine_calls(void)
{
	scmp_filter_ctx filter;
	size_t i;
	int r;

	if (CS_IS_SANITIZED || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	r = filter != NULL ? 0 : -ENOMEM;
	for (i = 0; r == 0 && i < sizeof(denied) / sizeof(denied[0]); i++) {
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
		/* not known to this kernel's headers or architecture */
		if (r == -EDOM || r == -EACCES || r == -EINVAL)
			r = 0;
	}
	if (r == 0)
		(void)seccomp_load(filter);
	seccomp_release(filter);
}
