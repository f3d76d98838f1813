#include "client/pkix/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_CHUNK ((size_t)64 << 10)
#define PATH_SHOWN_MAX 256

static char *
path_quote(char dst[static PATH_SHOWN_MAX], const char *path)
{
	return err_quote(dst, PATH_SHOWN_MAX, path, strlen(path));
}

void
pkix_file_context(struct err *e, const char *path)
{
	char shown[PATH_SHOWN_MAX];

	err_context(e, "%s", path_quote(shown, path));
}

/* As much as the file will give at once, and one more byte for its end: room
 * that stays empty costs more than most of these files. */
static size_t
fd_get_chunk(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size >= (off_t)BUF_MAX_DEFAULT)
		return FILE_CHUNK;
	return (size_t)st.st_size + 1;
}

int
pkix_fd_read(struct buf *b, int fd, const char *path, struct err *e)
{
	char shown[PATH_SHOWN_MAX];
	size_t max = b->max != 0 ? b->max : BUF_MAX_DEFAULT, want;
	size_t chunk = fd_get_chunk(fd);
	uint8_t *room;
	ssize_t n;

	for (;;) {
		/* At the limit one more byte tells whether it is the end. */
		want = max - b->len < chunk ? max - b->len : chunk;
		if (want == 0)
			return err_set(e, -CS_ERR_TOO_LARGE,
			    "%s: larger than %zu bytes",
			    path_quote(shown, path), max - 1);
		room = buf_reserve(b, want);
		if (room == NULL)
			return err_set(e, b->err, NULL);
		n = read(fd, room, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, errno, path_quote(shown, path));
		if (n == 0)
			return 0;
		buf_grow_len(b, (size_t)n);
		chunk = chunk > (size_t)n ? chunk - (size_t)n : FILE_CHUNK;
	}
}

/* Tells of what errno holds. */
static int
open_failed(const char *path, struct err *e)
{
	char shown[PATH_SHOWN_MAX];

	if (errno == ENOMEM)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return err_set(e, -CS_ERR_NO_FILE, "%s: %s", path_quote(shown, path),
	    strerror(errno));
}

int
pkix_file_open(const char *path, int *fd, struct err *e)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *fd >= 0 ? 0 : open_failed(path, e);
}

int
pkix_file_open_opt(const char *path, int *fd, struct err *e)
{
	char shown[PATH_SHOWN_MAX];
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : open_failed(path, e);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	close(*fd);
	*fd = -1;
	return err_set(e, -CS_ERR_NO_FILE, "%s is no regular file",
	    path_quote(shown, path));
}

int
pkix_settings_open(const char *path, FILE **f, struct err *e)
{
	char shown[PATH_SHOWN_MAX];
	struct stat st;
	int fd, r = pkix_file_open_opt(path, &fd, e);

	*f = NULL;
	if (r != 0 || fd < 0)
		return r;
	if (fstat(fd, &st) == 0 && st.st_size > (off_t)PKIX_SETTINGS_MAX)
		r = err_set(e, -CS_ERR_TOO_LARGE, "%s: larger than %zu bytes",
		    path_quote(shown, path), PKIX_SETTINGS_MAX);
	else if ((*f = fdopen(fd, "r")) == NULL)
		r = err_set_errno(e, errno, path_quote(shown, path));
	if (r != 0)
		close(fd);
	return r;
}

bool
pkix_add_xdg_folder(
    struct buf *path, const char *variable, const char *below_home)
{
	const char *folder = getenv(variable), *home = getenv("HOME");

	if (folder != NULL && folder[0] == '/')
		buf_add_str(path, folder);
	else if (home != NULL && home[0] == '/')
		buf_printf(path, "%s%s", home, below_home);
	else
		return false;
	return true;
}

int
pkix_config_path(struct buf *path, const char *name, struct err *e)
{
	if (!pkix_add_xdg_folder(path, "XDG_CONFIG_HOME", "/.config"))
		return err_set(e, -CS_ERR_NO_FILE,
		    "there is no folder for the configuration: neither "
		    "XDG_CONFIG_HOME nor HOME is set");
	buf_printf(path, "/cardseal/%s", name);
	buf_add_byte(path, 0);
	return path->err != 0 ? err_set(e, path->err, NULL) : 0;
}

int
pkix_make_folders(const char *path, struct err *e)
{
	char *copy = strdup(path), *slash;
	int r = 0;

	if (copy == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	for (slash = strchr(copy + strspn(copy, "/"), '/');
	     r == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			r = err_set(
			    e, -CS_ERR_IO, "%s: %s", copy, strerror(errno));
		*slash = '/';
	}
	free(copy);
	return r;
}
