/* What cardseal-p12 gives up before it looks at a file. */
#include "client/p12/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void
p12_confine_memory(void)
{
	struct rlimit none = {0, 0};

	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	if (CS_IS_SANITIZED)
		return;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* As far as the limit goes: GnuTLS has keys where it likes. */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* The connection to the agent is open; nothing else is needed. */
static const int denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(clone),
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
