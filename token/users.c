#include "token/users.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "token/pcsc.h"

#define USERS_REPLY_LEN 32768
#define USERS_SELF "cardseal-token"

/* The client's end of each connection to the service, by its inode. */
struct users {
	unsigned inodes[USERS_MAX];
	size_t n;
};

/* --- which sockets: sock_diag(7) --- */

static bool
users_is_service(const struct rtattr *name)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = "";
	size_t len = RTA_PAYLOAD(name);

	if (len >= sizeof(path))
		return false;
	memcpy(path, RTA_DATA(name), len);
	return pcsc_is_service(path);
}

static void
users_take_socket(struct users *u, const struct nlmsghdr *head)
{
	const struct unix_diag_msg *diag = NLMSG_DATA(head);
	const struct rtattr *name = NULL, *peer = NULL, *a;
	unsigned len = (unsigned)NLMSG_PAYLOAD(head, sizeof(*diag));

	for (a = (const struct rtattr *)(diag + 1); RTA_OK(a, len);
	     a = RTA_NEXT(a, len)) {
		if (a->rta_type == UNIX_DIAG_NAME)
			name = a;
		else if (a->rta_type == UNIX_DIAG_PEER)
			peer = a;
	}
	if (name != NULL && peer != NULL && u->n < USERS_MAX &&
	    RTA_PAYLOAD(peer) == sizeof(u->inodes[0]) && users_is_service(name))
		memcpy(
		    &u->inodes[u->n++], RTA_DATA(peer), sizeof(u->inodes[0]));
}

/* False: that was the last. */
static bool
users_take_reply(struct users *u, const struct nlmsghdr *head, unsigned len)
{
	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type == NLMSG_DONE ||
		    head->nlmsg_type == NLMSG_ERROR)
			return false;
		if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    head->nlmsg_len >=
			NLMSG_LENGTH(sizeof(struct unix_diag_msg)))
			users_take_socket(u, head);
	}
	return true;
}

static int
users_get_sockets(struct users *u, struct err *e)
{
	static uint64_t reply[USERS_REPLY_LEN / sizeof(uint64_t)];
	struct {
		struct nlmsghdr head;
		struct unix_diag_req request;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
		     .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .request = {.sdiag_family = AF_UNIX,
		.udiag_states = ~0U,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER}};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n = -1;

	if (fd >= 0)
		n = send(fd, &ask, sizeof(ask), 0);
	while (n > 0) {
		n = recv(fd, reply, sizeof(reply), 0);
		if (n > 0 && !users_take_reply(u,
				 (const struct nlmsghdr *)reply, (unsigned)n))
			break;
	}
	if (n <= 0)
		err_set_errno(e, n < 0 ? errno : EIO, "list of sockets");
	if (fd >= 0)
		(void)close(fd);
	return n > 0 ? 0 : -CS_ERR_IO;
}

/* --- whose they are --- */

static bool
users_has_inode(const struct users *u, const char *link)
{
	unsigned inode;
	size_t i;

	if (sscanf(link, "socket:[%u]", &inode) != 1)
		return false;
	for (i = 0; i < u->n; i++)
		if (u->inodes[i] == inode)
			return true;
	return false;
}

static bool
users_is_process(const struct users *u, const char *pid)
{
	char path[64], link[64];
	struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	folder = opendir(path);
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
		n = readlinkat(
		    dirfd(folder), entry->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = users_has_inode(u, link);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return found;
}

static void
users_put(struct buf *out, const char *pid)
{
	char path[64], name[64] = "", quoted[4 * sizeof(name) + 8];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(name, sizeof(name), f) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, USERS_SELF) != 0)
			buf_printf(out, "%s\t%s\n", pid,
			    err_quote(
				quoted, sizeof(quoted), name, strlen(name)));
	}
	(void)fclose(f);
}

int
users_list(struct buf *out, struct err *e)
{
	static struct users u;
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int r;

	u.n = 0;
	r = folder != NULL ? users_get_sockets(&u, e)
			   : err_set_errno(e, errno, "/proc");
	while (r == 0 && u.n != 0 && (entry = readdir(folder)) != NULL)
		if (strtol(entry->d_name, NULL, 10) > 0 &&
		    users_is_process(&u, entry->d_name))
			users_put(out, entry->d_name);
	if (folder != NULL)
		(void)closedir(folder);
	return r != 0 ? r : out->err;
}
