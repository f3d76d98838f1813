#include "agent/admit.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/conn.h"

#define ADMIT_NAME_MAX 64
#define ADMIT_PEER_GROUPS_MAX 1024

/* The number behind a name; false: there is none. */
static bool
admit_number(const char *name, bool is_group, unsigned long *number)
{
	const struct passwd *pw;
	const struct group *gr;
	char *end;

	*number = strtoul(name, &end, 10);
	if (name[0] >= '0' && name[0] <= '9' && *end == '\0')
		return *number < UINT32_MAX;
	pw = is_group ? NULL : getpwnam(name);
	gr = is_group ? getgrnam(name) : NULL;
	if (pw == NULL && gr == NULL)
		return false;
	*number = pw != NULL ? pw->pw_uid : gr->gr_gid;
	return true;
}

static int
admit_add_one(struct admit *a, bool is_group, struct bytes item, struct err *e)
{
	const char *what = is_group ? "group" : "user";
	char name[ADMIT_NAME_MAX], quoted[ADMIT_NAME_MAX * 2];
	unsigned long number = 0;

	err_quote(quoted, sizeof(quoted), item.p, item.len);
	snprintf(
	    name, sizeof(name), "%.*s", (int)item.len, (const char *)item.p);
	if (item.len >= sizeof(name) || !admit_number(name, is_group, &number))
		return err_set(
		    e, -CS_ERR_CONFIG, "there is no %s \"%s\"", what, quoted);
	if ((is_group ? a->gid_count : a->uid_count) == ADMIT_MAX)
		return err_set(
		    e, -CS_ERR_CONFIG, "more than %d %ss", ADMIT_MAX, what);
	if (is_group)
		a->gids[a->gid_count++] = (gid_t)number;
	else
		a->uids[a->uid_count++] = (uid_t)number;
	return 0;
}

int
admit_add(struct admit *a, bool are_groups, const char *text, struct err *e)
{
	static const char blanks[] = ", \t";
	size_t len;
	int r = 0;

	for (text += strspn(text, blanks); r == 0 && *text != '\0';
	     text += strspn(text, blanks)) {
		len = strcspn(text, blanks);
		r = admit_add_one(a, are_groups, bytes_of(text, len), e);
		text += len;
	}
	return r;
}

bool
admit_has_others(const struct admit *a)
{
	return a->uid_count != 0 || a->gid_count != 0;
}

static bool
admit_has_gid(const struct admit *a, gid_t gid)
{
	unsigned i;

	for (i = 0; i < a->gid_count; i++)
		if (a->gids[i] == gid)
			return true;
	return false;
}

/* More groups than fit admit nobody by them. */
static bool
admit_has_peer_group(const struct admit *a, int fd)
{
	static gid_t groups[ADMIT_PEER_GROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (a->gid_count == 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (admit_has_gid(a, groups[i]))
			return true;
	return false;
}

bool
admit_is_peer(const struct admit *a, int fd, const struct ucred *cred)
{
	unsigned i;

	if (cred->uid == geteuid())
		return true;
	for (i = 0; i < a->uid_count; i++)
		if (a->uids[i] == cred->uid)
			return true;
	return admit_has_gid(a, cred->gid) || admit_has_peer_group(a, fd);
}

bool
admit_is_owner(const struct conn *c)
{
	return c->uid == geteuid() || c->uid == 0;
}

int
admit_request(const struct conn *c, enum agt_type type, struct err *e)
{
	if (c->agent->session.is_ending)
		return err_set(e, -CS_ERR_AGENT_GONE,
		    "the agent is ending and takes no requests");
	if (c->is_restricted && type != AGT_HELLO && type != AGT_LIST &&
	    type != AGT_SIGN && type != AGT_CANCEL)
		return err_set(e, -CS_ERR_POLICY,
		    "the agent's restricted socket serves only lists and "
		    "signatures");
	if ((type == AGT_PIN || type == AGT_UNLOCK || type == AGT_LOCK ||
		type == AGT_WRITE) &&
	    !admit_is_owner(c))
		return err_set(e, -CS_ERR_POLICY,
		    "PINs, locks and what is on tokens are the matter of the "
		    "agent's own user (%lu)",
		    (unsigned long)geteuid());
	return 0;
}
