#include "agent/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "agent/log.h"

#define CONFINE_FILES_MAX 8192

static struct rlimit files_before;

void
confine_early(void)
{
	struct rlimit none = {0, 0}, files;

	(void)setrlimit(RLIMIT_CORE, &none);
	if (!CS_IS_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files_before) != 0)
		return;
	files = files_before;
	if (files.rlim_cur < CONFINE_FILES_MAX)
		files.rlim_cur = files.rlim_max < CONFINE_FILES_MAX
				     ? files.rlim_max
				     : CONFINE_FILES_MAX;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

void
confine_restore_limits(void)
{
	if (files_before.rlim_max != 0)
		(void)setrlimit(RLIMIT_NOFILE, &files_before);
}

/* Denied with EPERM whatever the arguments. */
static const int confine_denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(quotactl),
    SCMP_SYS(acct),
    SCMP_SYS(personality),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(vfork),
    SCMP_SYS(fork),
};

static int
confine_rules(scmp_filter_ctx filter)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < sizeof(confine_denied) / sizeof(int); i++) {
		if (CS_IS_SANITIZED && confine_denied[i] == SCMP_SYS(ptrace))
			continue;
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), confine_denied[i], 0);
		/* not known to this kernel's headers or architecture */
		if (r == -EDOM || r == -EACCES || r == -EINVAL)
			r = 0;
	}
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
	if (r == 0 && !CS_IS_SANITIZED)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 0);
	if (r == 0 && !CS_IS_SANITIZED)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

void
confine_agent(void)
{
	scmp_filter_ctx filter;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		agt_log("this kernel lacks no-new-privileges");
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL) {
		agt_log("no filter for system calls: no memory");
		return;
	}
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = confine_rules(filter);
	if (r == 0)
		r = seccomp_load(filter);
	if (r != 0)
		agt_log("no filter for system calls (error %d): this kernel "
			"does not take it",
		    -r);
	seccomp_release(filter);
}
