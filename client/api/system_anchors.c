/*
 * Trust anchors that p11-kit has. Its program `trust` tells them, with the
 * purposes that they are marked for; that takes 100 ms and loads modules, in a
 * process of its own. So what it said is kept in the cache folder, until the
 * files it reads change, or a day has gone by.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asn1/alg/digest.h"
#include "client/api/job.h"
#include "client/pkix/file.h"
#include "client/pkix/trusted.h"

#define TOLD_MAX ((size_t)32 << 20) /* octets that the program may tell */
#define TOLD_MS 3000		    /* how long it may take */
#define TOLD_LOOK_MS 10		    /* for a kernel without pidfds */
#define SOURCES_MAX ((size_t)1 << 20)
#define MODULE_FILE_MAX ((size_t)64 << 10)
#define CACHE_NAME "system-anchors"
#define CACHE_AGE_MAX (24 * 60 * 60) /* seconds */
#define CACHE_FAILURE_AGE_MAX 60     /* the next time it may work */

extern char **environ;

struct system_anchors {
	struct cert_set *told;	   /* all that may ever be used */
	struct cert_set *unmarked; /* those of them that have no purposes */
	uint8_t sources[DIGEST_LEN_MAX];
	bool has_worked;
};

/* --- what it is made from --- */

static void sources_add(struct buf *b, const char *path, unsigned depth);

/* Names in a folder come in any order. */
static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
sources_add_folder(struct buf *b, const char *path, unsigned depth)
{
	struct dirent **names = NULL;
	char *inner;
	int i, len = scandir(path, &names, NULL, compare_names);

	for (i = 0; i < len; i++) {
		if (names[i]->d_name[0] != '.' &&
		    asprintf(&inner, "%s/%s", path, names[i]->d_name) > 0) {
			sources_add(b, inner, depth - 1);
			free(inner);
		}
		free(names[i]);
	}
	free(names);
}

/* What tells that a file, or one in a folder, is another than before. */
static void
sources_add(struct buf *b, const char *path, unsigned depth)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		buf_printf(b, "%s -\n", path);
		return;
	}
	buf_printf(b, "%s %lld.%09ld %lld %llu\n", path,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
	    (long long)st.st_size, (unsigned long long)st.st_ino);
	if (S_ISDIR(st.st_mode) && depth != 0)
		sources_add_folder(b, path, depth);
}

/* Files and folders with colons between. */
static void
sources_add_list(struct buf *b, const char *paths, size_t len)
{
	char *list = strndup(paths, len), *path, *next;

	for (path = list; path != NULL; path = next) {
		next = strchr(path, ':');
		if (next != NULL)
			*next++ = '\0';
		if (*path != '\0')
			sources_add(b, path, 2); /* anchors/, blocklist/ */
	}
	free(list);
}

/* "x-init-reserved: paths='/one:/two' ..." of p11-kit's own module. */
static void
sources_add_reserved(struct buf *b, char *text)
{
	char *at = strstr(text, "x-init-reserved:"), *paths, *end;
	size_t len;

	if (at == NULL)
		return;
	end = strchr(at, '\n');
	if (end != NULL)
		*end = '\0';
	paths = strstr(at, "paths=");
	if (paths == NULL)
		return;
	paths += strlen("paths=");
	if (*paths == '\'' || *paths == '"') {
		paths++;
		len = strcspn(paths, "'\"");
	} else {
		len = strcspn(paths, " \t");
	}
	sources_add_list(b, paths, len);
}

static void
sources_add_modules(struct buf *b, const char *folder)
{
	struct buf text = {.max = MODULE_FILE_MAX};
	char path[1024];
	int fd;

	sources_add(b, folder, 1);
	if (snprintf(path, sizeof(path), "%s/p11-kit-trust.module", folder) >=
		(int)sizeof(path) ||
	    pkix_file_open(path, &fd, NULL) != 0)
		return;
	if (pkix_fd_read(&text, fd, path, NULL) == 0 &&
	    buf_add_byte(&text, '\0') == 0)
		sources_add_reserved(b, (char *)text.data);
	close(fd);
	buf_clear(&text);
}

/* ~/.config/pkcs11, where the user has p11-kit's configuration. */
static void
sources_add_own(struct buf *b)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	bool is_set = config != NULL && config[0] == '/';
	char path[1024];
	int len;

	if (!is_set && (home == NULL || home[0] != '/'))
		return;
	len = snprintf(path, sizeof(path), "%s%s/pkcs11/pkcs11.conf",
	    is_set ? config : home, is_set ? "" : "/.config");
	if (len >= (int)sizeof(path))
		return;
	sources_add(b, path, 0);
	memcpy(
	    path + len - strlen("pkcs11.conf"), "modules", sizeof("modules"));
	sources_add_modules(b, path);
}

static int
sources_find(struct system_anchors *s)
{
	struct buf b = {.max = SOURCES_MAX};
	int r;

	sources_add_list(&b, P11_TRUST_PATHS, strlen(P11_TRUST_PATHS));
	sources_add_modules(&b, P11_MODULE_CONFIGS);
	sources_add_modules(&b, "/etc/pkcs11/modules");
	sources_add(&b, "/etc/pkcs11/pkcs11.conf", 0);
	sources_add_own(&b);
	r = b.err;
	if (r == 0)
		digest_of(ALG_SHA256, buf_get(&b), s->sources);
	buf_clear(&b);
	return r;
}

/* --- what was found, with its marks --- */

static int
take_told(void *ctx, struct bytes der, enum trusted_mark mark)
{
	struct system_anchors *s = ctx;
	size_t before = cert_set_get_len(s->told);
	int r;

	if (mark == TRUSTED_FOR_OTHER)
		return 0;
	/* One that nobody could use is no reason to go without the others. */
	r = cert_set_add_der(s->told, der, NULL);
	if (r == 0 && mark == TRUSTED_UNMARKED &&
	    cert_set_get_len(s->told) != before)
		r = cert_set_add(s->unmarked, cert_set_get(s->told, before));
	return r == -CS_ERR_NO_MEMORY || r == -CS_ERR_TOO_LARGE ? r : 0;
}

/* --- the program --- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until it has ended, or TOLD_MS are over: as waitpid. The calling program's
 * signals may come in between. */
static pid_t
program_wait_some(pid_t pid, int *status)
{
	struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int64_t until = now_ms() + TOLD_MS, left = TOLD_MS;
	pid_t r;

	do {
		r = waitpid(pid, status, WNOHANG);
		if (r == 0 && end.fd < 0 && left > TOLD_LOOK_MS)
			left = TOLD_LOOK_MS;
		if (r == 0)
			(void)poll(&end, 1, (int)left);
		left = until - now_ms();
	} while (left > 0 && (r == 0 || (r < 0 && errno == EINTR)));
	if (end.fd >= 0)
		close(end.fd);
	return r;
}

/*
 * Its exit status; -1 if it took too long. Where the calling program ignores
 * SIGCHLD, or waits for every child that there is, nobody can tell: 0 then, and
 * the file, which it renames when it is whole, is there or not.
 */
static int
program_wait(pid_t pid)
{
	int status = -1;
	pid_t r = program_wait_some(pid, &status);

	if (r < 0)
		return 0;
	if (r == 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
program_run(char *file)
{
	char *argv[] = {"trust", "extract", "--filter=ca-anchors",
	    "--format=openssl-bundle", "--overwrite", file, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int fd, r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	r = 0;
	for (fd = STDIN_FILENO; r == 0 && fd <= STDERR_FILENO; fd++)
		r = posix_spawn_file_actions_addopen(
		    &actions, fd, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? program_wait(pid) : -1;
}

static int
bundle_read(struct system_anchors *s, const char *file)
{
	struct buf text = {.max = TOLD_MAX};
	int fd, r = pkix_file_open(file, &fd, NULL);

	if (r != 0)
		return r;
	r = pkix_fd_read(&text, fd, file, NULL);
	close(fd);
	if (r == 0)
		r = trusted_walk(buf_get(&text), take_told, s, NULL);
	buf_clear(&text);
	return r;
}

/* The program leaves files of its own there if it is ended. */
static void
folder_remove(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *file;

	while (folder != NULL && (file = readdir(folder)) != NULL)
		(void)unlinkat(dirfd(folder), file->d_name, 0);
	if (folder != NULL)
		closedir(folder);
	(void)rmdir(path);
}

/* Asks p11-kit; that it cannot tell is no error here. */
static int
ask(struct system_anchors *s)
{
	const char *folder = getenv("TMPDIR");
	char dir[1024], file[1040];
	int r = 0;

	snprintf(dir, sizeof(dir), "%.1000s/cardseal-XXXXXX",
	    folder != NULL && folder[0] == '/' ? folder : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 0;
	snprintf(file, sizeof(file), "%s/anchors", dir);
	if (program_run(file) == 0) {
		r = bundle_read(s, file);
		s->has_worked = r == 0;
		if (r != -CS_ERR_NO_MEMORY)
			r = 0;
	}
	folder_remove(dir);
	return r;
}

/* --- */

/* CS_ERR_NO_FILE: nothing is kept that could be used. */
static int
load_cached(
    const uint8_t *sources, struct anchor_index *index, bool takes_unmarked)
{
	struct anchor_cached c;
	int r = anchor_cache_read(CACHE_NAME, sources, &c);

	if (r == 0 && ((!c.has_worked && takes_unmarked) ||
			  c.age_s >= (c.has_worked ? CACHE_AGE_MAX
						   : CACHE_FAILURE_AGE_MAX)))
		r = -CS_ERR_NO_FILE;
	if (r == 0)
		r = anchor_index_add(index, &c.octets, c.skip, takes_unmarked);
	buf_clear(&c.octets);
	return r == 0 || r == -CS_ERR_NO_MEMORY ? r : -CS_ERR_NO_FILE;
}

static int
load_afresh(struct system_anchors *s, struct anchor_index *index,
    bool takes_unmarked, struct err *e)
{
	struct buf octets = {.max = TOLD_MAX};
	int r = ask(s);

	if (r != 0)
		return r;
	if (!s->has_worked && takes_unmarked)
		return err_set(e, -CS_ERR_CONFIG,
		    "p11-kit = all is configured, but its program `trust` "
		    "does not tell its anchors: install p11-kit, or see what "
		    "`trust list` says");
	anchor_cache_write(
	    CACHE_NAME, s->sources, s->has_worked, s->told, s->unmarked);
	r = anchor_index_encode(&octets, s->told, s->unmarked);
	if (r == 0)
		r = anchor_index_add(index, &octets, 0, takes_unmarked);
	buf_clear(&octets);
	return r;
}

int
system_anchors_load(
    enum system_anchors_rule rule, struct anchor_index *index, struct err *e)
{
	struct system_anchors s = {.has_worked = false};
	bool takes_unmarked = rule == SYSTEM_ANCHORS_ALL;
	int r;

	if (rule == SYSTEM_ANCHORS_OFF)
		return 0;
	r = sources_find(&s);
	if (r == 0)
		r = load_cached(s.sources, index, takes_unmarked);
	if (r != -CS_ERR_NO_FILE)
		return r;
	s.told = cert_set_new();
	s.unmarked = cert_set_new();
	r = s.told != NULL && s.unmarked != NULL
		? load_afresh(&s, index, takes_unmarked, e)
		: -CS_ERR_NO_MEMORY;
	cert_set_free(s.told);
	cert_set_free(s.unmarked);
	return r;
}
