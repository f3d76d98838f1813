/*
 * Trust anchors that p11-kit has. Its program `trust` tells them, with the
 * purposes that they are marked for; that takes 100 ms and loads modules, in a
 * process of its own. So what it said is kept in the cache folder, until the
 * files it reads change, or a day has gone by.
 *
 * The cache: a line, SHA-256 of what is known of those files, an octet (did it
 * work?), and for each certificate its mark, its length and its DER.
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
#include "client/cms/output.h"
#include "client/pkix/file.h"
#include "client/pkix/trusted.h"

#define TOLD_MAX ((size_t)32 << 20) /* octets that the program may tell */
#define TOLD_MS 3000		    /* how long it may take */
#define TOLD_LOOK_MS 10		    /* for a kernel without pidfds */
#define SOURCES_MAX ((size_t)1 << 20)
#define MODULE_FILE_MAX ((size_t)64 << 10)
#define CACHE_MAGIC "cardseal system anchors 1\n"
#define CACHE_AGE_MAX (24 * 60 * 60) /* seconds */
#define CACHE_FAILURE_AGE_MAX 60     /* the next time it may work */
#define RECORD_HEADER_LEN 5
#define HASH_LEN 32

extern char **environ;

struct system_anchors {
	struct cert_set *anchors;  /* all that may be used */
	struct cert_set *unmarked; /* those of them that have no purposes */
	bool takes_unmarked;
	uint8_t sources[HASH_LEN];
	struct buf records;
	bool has_worked;
	struct err *e;
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
take_record(struct system_anchors *s, enum trusted_mark mark, struct bytes der)
{
	size_t before = cert_set_get_len(s->anchors);
	struct err why = ERR_INIT;
	int r;

	if (mark == TRUSTED_FOR_OTHER ||
	    (mark == TRUSTED_UNMARKED && !s->takes_unmarked))
		return 0;
	/* One that nobody could use is no reason to go without the others. */
	r = cert_set_add_der(s->anchors, der, &why);
	if (r == 0 && mark == TRUSTED_UNMARKED &&
	    cert_set_get_len(s->anchors) != before)
		r = cert_set_add(s->unmarked, cert_set_get(s->anchors, before));
	return r == -CS_ERR_NO_MEMORY || r == -CS_ERR_TOO_LARGE ? r : 0;
}

static int
take_records(struct system_anchors *s, struct bytes records)
{
	struct bytes der;
	uint8_t mark;
	int r = 0;

	while (r == 0 && records.len >= RECORD_HEADER_LEN) {
		mark = records.p[0];
		der.len = (size_t)records.p[1] << 24 |
			  (size_t)records.p[2] << 16 |
			  (size_t)records.p[3] << 8 | records.p[4];
		bytes_skip(&records, RECORD_HEADER_LEN);
		if (der.len > records.len || mark > TRUSTED_FOR_OTHER)
			return -CS_ERR_ENCODING;
		der.p = records.p;
		bytes_skip(&records, der.len);
		r = take_record(s, (enum trusted_mark)mark, der);
	}
	return r != 0 ? r : records.len != 0 ? -CS_ERR_ENCODING : 0;
}

static int
record(void *ctx, struct bytes der, enum trusted_mark mark)
{
	struct system_anchors *s = ctx;
	const uint8_t header[RECORD_HEADER_LEN] = {(uint8_t)mark,
	    (uint8_t)(der.len >> 24), (uint8_t)(der.len >> 16),
	    (uint8_t)(der.len >> 8), (uint8_t)der.len};

	buf_add(&s->records, header, sizeof(header));
	return buf_add_bytes(&s->records, der);
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
		r = trusted_walk(buf_get(&text), record, s, NULL);
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

/* --- the cache --- */

/* Appended, with a NUL. */
static int
cache_path(struct buf *path)
{
	if (!pkix_add_xdg_folder(path, "XDG_CACHE_HOME", "/.cache"))
		return -CS_ERR_NO_FILE;
	buf_add_str(path, "/cardseal/system-anchors");
	return buf_add_byte(path, '\0');
}

/* How old it is, in seconds; -1: it is none that we have written. Where the
 * cache folder is not the user's alone, anybody could put anchors there. */
static int64_t
cache_get_age(int fd)
{
	struct stat st;
	time_t now = time(NULL);

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())
		return -1;
	return st.st_mtime <= now ? (int64_t)(now - st.st_mtime) : -1;
}

/* Is it of these sources, not too old, and does it have what is wanted? */
static bool
cache_fits(const struct system_anchors *s, int64_t age, struct bytes *in)
{
	static const struct bytes magic = BYTES_LIT(CACHE_MAGIC);

	if (in->len < magic.len + HASH_LEN + 1 ||
	    !bytes_is_equal(bytes_of(in->p, magic.len), magic) ||
	    !bytes_is_equal(bytes_of(in->p + magic.len, HASH_LEN),
		bytes_of(s->sources, HASH_LEN)))
		return false;
	bytes_skip(in, magic.len + HASH_LEN);
	if (in->p[0] != 1 && s->takes_unmarked)
		return false;
	if (age >= (in->p[0] == 1 ? CACHE_AGE_MAX : CACHE_FAILURE_AGE_MAX))
		return false;
	bytes_skip(in, 1);
	return true;
}

/* 0: the anchors are taken. CS_ERR_NO_FILE: there is no use in it. */
static int
cache_load(struct system_anchors *s, const char *path)
{
	struct buf data = {.max = TOLD_MAX};
	struct bytes in;
	int64_t age;
	int fd, r = pkix_file_open(path, &fd, NULL);

	if (r != 0)
		return -CS_ERR_NO_FILE;
	age = cache_get_age(fd);
	r = age >= 0 ? pkix_fd_read(&data, fd, path, NULL) : -CS_ERR_NO_FILE;
	close(fd);
	in = buf_get(&data);
	if (r == 0)
		r = cache_fits(s, age, &in) ? take_records(s, in)
					    : -CS_ERR_NO_FILE;
	buf_clear(&data);
	return r == 0 || r == -CS_ERR_NO_MEMORY ? r : -CS_ERR_NO_FILE;
}

/* Without it everything works, and takes longer. */
static void
cache_save(const struct system_anchors *s, const char *path)
{
	struct output *out = NULL;
	struct buf b = {.max = TOLD_MAX + 1024};

	buf_add_str(&b, CACHE_MAGIC);
	buf_add(&b, s->sources, HASH_LEN);
	buf_add_byte(&b, s->has_worked);
	if (buf_add_bytes(&b, buf_get(&s->records)) == 0 &&
	    pkix_make_folders(path, NULL) == 0 &&
	    output_open(path, &out, NULL) == 0 &&
	    sink_write(output_get_sink(out), buf_get(&b), NULL) == 0 &&
	    output_commit(out, NULL) != 0)
		(void)unlink(path);
	output_free(out);
	buf_clear(&b);
}

/* --- */

static int
load_afresh(struct system_anchors *s, const char *path)
{
	int r = ask(s);

	if (r != 0)
		return r;
	if (!s->has_worked && s->takes_unmarked)
		return err_set(s->e, -CS_ERR_CONFIG,
		    "p11-kit = all is configured, but its program `trust` "
		    "does not tell its anchors: install p11-kit, or see what "
		    "`trust list` says");
	if (path != NULL)
		cache_save(s, path);
	return take_records(s, buf_get(&s->records));
}

int
system_anchors_load(enum system_anchors_rule rule, struct cert_set *anchors,
    struct cert_set *unmarked, struct err *e)
{
	struct system_anchors s = {
	    .anchors = anchors,
	    .unmarked = unmarked,
	    .takes_unmarked = rule == SYSTEM_ANCHORS_ALL,
	    .records = {.max = TOLD_MAX},
	    .e = e,
	};
	struct buf path = {0};
	const char *file;
	int r;

	if (rule == SYSTEM_ANCHORS_OFF)
		return 0;
	r = sources_find(&s);
	file = cache_path(&path) == 0 ? (const char *)path.data : NULL;
	if (r == 0 && file != NULL)
		r = cache_load(&s, file);
	else if (r == 0)
		r = -CS_ERR_NO_FILE;
	if (r == -CS_ERR_NO_FILE)
		r = load_afresh(&s, file);
	buf_clear(&s.records);
	buf_clear(&path);
	return r;
}
