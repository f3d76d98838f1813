/* setup: files of other programs, read and written anew as they were. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "client/cli/setup.h"

#define TEXT_MAX 4194304
#define NAMES_MAX 4096	/* of extended attributes */
#define VALUE_MAX 65536 /* of one, as Linux has it */

/* --- reading --- */

/* The file itself, where links lead to one. */
static const char *
find_file(struct setup_file *f, const char *path)
{
	struct stat st;

	f->path = realpath(path, NULL);
	if (f->path != NULL)
		return NULL;
	if (errno != ENOENT)
		return strerror(errno);
	if (lstat(path, &st) == 0)
		return N_("is a link to nothing");
	f->path = strdup(path);
	return f->path != NULL ? NULL : strerror(ENOMEM);
}

static const char *
check_file(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return N_("is not a regular file");
	if (st->st_uid != geteuid())
		return N_("belongs to another user");
	if (st->st_nlink > 1)
		return N_("has more than one name (hard links)");
	return st->st_size <= TEXT_MAX ? NULL : N_("is too large");
}

static const char *
read_text(struct setup_file *f, int fd)
{
	size_t size = (size_t)f->st.st_size;
	ssize_t n;

	f->text = malloc(size + 1);
	if (f->text == NULL)
		return strerror(ENOMEM);
	while (f->len < size &&
	       (n = read(fd, f->text + f->len, size - f->len)) != 0) {
		if (n < 0 && errno != EINTR)
			return strerror(errno);
		if (n > 0)
			f->len += (size_t)n;
	}
	f->text[f->len] = '\0';
	/* What is no text is not for us to change. */
	return strlen(f->text) == f->len ? NULL : N_("is not a text file");
}

const char *
setup_file_read(struct setup_file *f, const char *path)
{
	const char *why;
	int fd;

	*f = (struct setup_file){0};
	why = find_file(f, path);
	if (why != NULL)
		return why;
	/* Neither a pipe nor a terminal may keep this waiting. */
	fd = open(
	    f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? NULL : strerror(errno);
	why = fstat(fd, &f->st) == 0 ? check_file(&f->st) : strerror(errno);
	if (why == NULL)
		why = read_text(f, fd);
	close(fd);
	return why;
}

void
setup_file_clear(struct setup_file *f)
{
	free(f->path);
	free(f->text);
	*f = (struct setup_file){0};
}

/* --- writing --- */

static bool
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n < 0)
			n = 0;
	}
	return true;
}

/* Access lists among them. What belongs to the system it sets itself. */
static bool
copy_attributes(const char *path, int fd)
{
	char *names = malloc(NAMES_MAX + VALUE_MAX), *name,
	     *value = names != NULL ? names + NAMES_MAX : NULL;
	ssize_t names_len =
		    names != NULL ? listxattr(path, names, NAMES_MAX) : -1,
		len;
	bool is_good = names != NULL && (names_len >= 0 || errno == ENOTSUP);

	for (name = names; is_good && name < names + names_len;
	     name += strlen(name) + 1) {
		if (strncmp(name, "security.", strlen("security.")) == 0 ||
		    strncmp(name, "trusted.", strlen("trusted.")) == 0)
			continue;
		len = getxattr(path, name, value, VALUE_MAX);
		is_good =
		    len >= 0 && fsetxattr(fd, name, value, (size_t)len, 0) == 0;
	}
	free(names);
	return is_good;
}

/* The new file's owner is the old one's: see check_file. */
static bool
copy_rights(const struct setup_file *f, int fd)
{
	if (f->text == NULL)
		return true;
	return fchown(fd, (uid_t)-1, f->st.st_gid) == 0 &&
	       fchmod(fd, f->st.st_mode & 07777) == 0 &&
	       copy_attributes(f->path, fd);
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
is_unchanged(const struct setup_file *f)
{
	struct stat st;

	if (lstat(f->path, &st) != 0)
		return f->text == NULL && errno == ENOENT;
	return f->text != NULL && st.st_dev == f->st.st_dev &&
	       st.st_ino == f->st.st_ino && st.st_size == f->st.st_size &&
	       is_same_time(&st.st_mtim, &f->st.st_mtim) &&
	       is_same_time(&st.st_ctim, &f->st.st_ctim);
}

/* The folder's entry is to be there after a power cut, too; some file systems
 * have no such thing. */
static void
sync_folder(const char *path)
{
	char *folder = strdup(path), *slash;
	int fd;

	slash = folder != NULL ? strrchr(folder, '/') : NULL;
	if (slash != NULL) {
		slash[slash == folder] = '\0';
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			(void)fsync(fd);
			close(fd);
		}
	}
	free(folder);
}

/* A file that came meanwhile is not lost. */
static int
put_in_place(const struct setup_file *f, const char *beside)
{
	int r;

	if (f->text != NULL)
		return rename(beside, f->path);
	r = renameat2(AT_FDCWD, beside, AT_FDCWD, f->path, RENAME_NOREPLACE);
	/* Some file systems know no such flag. */
	return r != 0 && errno == EINVAL ? rename(beside, f->path) : r;
}

const char *
setup_file_write(const struct setup_file *f, const char *text, size_t len)
{
	const char *why = NULL;
	char *beside;
	int fd;

	if (asprintf(&beside, "%s.cardseal-XXXXXX", f->path) < 0)
		return strerror(ENOMEM);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		why = strerror(errno);
		free(beside);
		return why;
	}
	if (!copy_rights(f, fd))
		why = N_("its rights and attributes cannot be kept");
	else if (!write_all(fd, text, len) || fsync(fd) != 0)
		why = strerror(errno);
	else if (!is_unchanged(f))
		why = N_("was changed by another program; try again");
	else if (put_in_place(f, beside) != 0)
		why = strerror(errno);
	close(fd);
	if (why != NULL)
		unlink(beside);
	else
		sync_folder(f->path);
	free(beside);
	return why;
}

/* --- folders --- */

unsigned
setup_file_count_folders(const struct setup_file *f)
{
	char *folder = strdup(f->path), *slash;
	unsigned missing = 0;
	struct stat st;

	while (folder != NULL && (slash = strrchr(folder, '/')) != NULL &&
	       slash != folder) {
		*slash = '\0';
		if (stat(folder, &st) == 0)
			break;
		missing++;
	}
	free(folder);
	return missing;
}

const char *
setup_file_make_folders(const struct setup_file *f)
{
	char *folder = strdup(f->path), *slash = folder;
	const char *why = folder != NULL ? NULL : strerror(ENOMEM);

	while (folder != NULL && why == NULL &&
	       (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			why = strerror(errno);
		*slash = '/';
	}
	free(folder);
	return why;
}

const char *
setup_file_remove(const struct setup_file *f, unsigned folders)
{
	char *folder = strdup(f->path), *slash;
	const char *why = folder != NULL ? NULL : strerror(ENOMEM);

	if (why == NULL && !is_unchanged(f))
		why = N_("was changed by another program; try again");
	if (why == NULL && unlink(f->path) != 0)
		why = strerror(errno);
	while (folder != NULL && why == NULL && folders-- > 0 &&
	       (slash = strrchr(folder, '/')) != NULL && slash != folder) {
		*slash = '\0';
		/* Others may have put something there. */
		if (rmdir(folder) != 0)
			break;
	}
	free(folder);
	return why;
}
