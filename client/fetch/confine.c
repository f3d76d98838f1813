/* What cardseal-fetch gives up before it asks anybody anything. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/fetch/serve.h"

/* A body is passed on as it comes, so that a request needs little. */
#define CONFINE_MEMORY_MAX ((rlim_t)1 << 30)

static void
confine_limits(void)
{
	struct rlimit none = {0, 0};
	struct rlimit memory = {CONFINE_MEMORY_MAX, CONFINE_MEMORY_MAX};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	if (CS_IS_SANITIZED)
		return;
	(void)setrlimit(RLIMIT_AS, &memory);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* --- files --- */

#define CONFINE_READ \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CONFINE_FILES                                                       \
	(CONFINE_READ | LANDLOCK_ACCESS_FS_EXECUTE |                        \
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |     \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Resolver, certificate authorities, and the libraries behind them. */
static const char *const readable[] = {"/etc", "/usr", "/lib", "/lib64", "/run",
    "/var/lib/ca-certificates", "/dev/urandom", "/dev/null",
    "/proc/sys/crypto"};

static void
confine_allow(int rules, const char *path)
{
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = CONFINE_READ};

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return;
	if (path[1] == 'd')
		beneath.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	(void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	    &beneath, 0);
	(void)close(beneath.parent_fd);
}

static void
confine_files(void)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = CONFINE_FILES};
	int rules =
	    (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	size_t i;

	if (rules < 0)
		return;
	for (i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		confine_allow(rules, readable[i]);
	(void)syscall(SYS_landlock_restrict_self, rules, 0);
	(void)close(rules);
}

/* --- system calls --- */

static const int denied[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
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
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(kill),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int
confine_sockets(scmp_filter_ctx filter)
{
	int family, r = 0;
	size_t i;

	for (family = 0; r == 0 && family < AF_MAX; family++) {
		for (i = 0; i < sizeof(families) / sizeof(int); i++)
			if (families[i] == family)
				break;
		if (i == sizeof(families) / sizeof(int))
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
			    SCMP_SYS(socket), 1,
			    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0));
	}
	return r;
}

/* Names are looked up in threads; other processes are not for us. */
static int
confine_clone(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(
	    filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (r != 0)
		return r;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone),
	    1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static void
confine_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;
	int r = filter != NULL ? 0 : -ENOMEM;

	for (i = 0; r == 0 && i < sizeof(denied) / sizeof(int); i++) {
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
		/* not known to this kernel's headers or architecture */
		if (r == -EDOM || r == -EACCES || r == -EINVAL)
			r = 0;
	}
	if (r == 0)
		r = confine_sockets(filter);
	if (r == 0 && !CS_IS_SANITIZED)
		r = confine_clone(filter);
	if (r == 0)
		(void)seccomp_load(filter);
	seccomp_release(filter);
}

void
serve_confine(void)
{
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	confine_limits();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	confine_files();
	confine_calls();
}
