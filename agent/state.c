#include "agent/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/path.h"
#include "asn1/alg/random.h"
#include "token/proto.h"

#define STATE_PATH_MAX AGT_STATE_PATH_MAX

/* As mkdir -p -m 700. */
static int
state_make_folder(char *path, struct err *e)
{
	char quoted[512];
	char *slash;
	int r;

	for (slash = path + 1; slash != NULL;) {
		slash = strchr(slash, '/');
		if (slash != NULL)
			*slash = '\0';
		r = mkdir(path, 0700);
		if (r != 0 && errno != EEXIST) {
			err_quote(quoted, sizeof(quoted), path, strlen(path));
			return err_set_errno(e, errno, quoted);
		}
		if (slash != NULL)
			*slash++ = '/';
	}
	return 0;
}

static int
state_read(int fd, const char *path, struct secret **secret, struct err *e)
{
	struct stat st;
	struct secret *s;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return err_set_errno(e, errno, path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return err_set(
		    e, -CS_ERR_CONFIG, "%s is not a file of ours", path);
	if ((st.st_mode & 077) != 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "%s can be read by others: chmod 600, or remove it and "
		    "a new one will be made",
		    path);
	if (st.st_size != TOK_SECRET_LEN)
		return err_set(e, -CS_ERR_CONFIG,
		    "%s has %lld bytes instead of %d: remove it and a new one "
		    "will be made",
		    path, (long long)st.st_size, TOK_SECRET_LEN);
	s = secret_new(TOK_SECRET_LEN);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	n = read(fd, secret_get(s), TOK_SECRET_LEN);
	if (n != TOK_SECRET_LEN) {
		secret_free(s);
		return err_set_errno(e, n < 0 ? errno : EIO, path);
	}
	*secret = s;
	return 0;
}

/* Under a name of its own first: no other agent may see half of it. */
static int
state_make(const char *path, struct err *e)
{
	char temp[STATE_PATH_MAX + 64];
	struct secret *s;
	int fd, r = 0;

	snprintf(temp, sizeof(temp), "%s.%ld", path, (long)getpid());
	s = random_secret(TOK_SECRET_LEN);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	(void)unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 ||
	    write(fd, secret_get(s), TOK_SECRET_LEN) != TOK_SECRET_LEN ||
	    fsync(fd) != 0 || (link(temp, path) != 0 && errno != EEXIST))
		r = err_set_errno(e, errno != 0 ? errno : EIO, path);
	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(temp);
	}
	secret_free(s);
	return r;
}

int
state_get_secret(struct secret **secret, const char *folder, struct err *e)
{
	char path[STATE_PATH_MAX + 32];
	int fd, r;

	*secret = NULL;
	snprintf(path, STATE_PATH_MAX, "%s", folder);
	r = state_make_folder(path, e);
	if (r != 0) {
		err_context(e, "the agent's secret cannot be kept");
		return r;
	}
	snprintf(path + strlen(path), 32, "/secret");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		r = state_make(path, e);
		if (r != 0) {
			err_context(e, "the agent's secret cannot be kept");
			return r;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return err_set_errno(e, errno, path);
	r = state_read(fd, path, secret, e);
	(void)close(fd);
	return r;
}
