#include "agent/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
path_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int
path_put(char out[AGT_SOCKET_PATH_MAX], const char *folder, const char *name,
    struct err *e)
{
	char quoted[256];
	int n = snprintf(out, AGT_SOCKET_PATH_MAX, "%s%s", folder, name);

	if (n > 0 && n < AGT_SOCKET_PATH_MAX)
		return 0;
	out[0] = '\0';
	if (n <= 0)
		return err_set(
		    e, -CS_ERR_ARGUMENT, "the socket's path is empty");
	return err_set(e, -CS_ERR_ARGUMENT,
	    "the socket's path \"%s\" has %d bytes, at most %d are possible",
	    err_quote(quoted, sizeof(quoted), folder, strlen(folder)), n,
	    AGT_SOCKET_PATH_MAX - 1);
}

int
agt_socket_path(const char *given, char out[AGT_SOCKET_PATH_MAX], struct err *e)
{
	const char *env;
	char folder[64];
	struct stat st;

	out[0] = '\0';
	if (given != NULL)
		return path_put(out, given, "", e);
	env = path_env("CARDSEAL_SOCKET");
	if (env != NULL)
		return path_put(out, env, "", e);
	env = path_env("XDG_RUNTIME_DIR");
	if (env != NULL && env[0] == '/')
		return path_put(out, env, "/cardseal/agent", e);
	snprintf(folder, sizeof(folder), "/run/user/%u", geteuid());
	if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid())
		return path_put(out, folder, "/cardseal/agent", e);
	return err_set(e, -CS_ERR_NO_AGENT,
	    "there is no place for the agent's socket: XDG_RUNTIME_DIR is not "
	    "set and %s is not ours; set CARDSEAL_SOCKET",
	    folder);
}

int
agt_state_folder(char out[AGT_STATE_PATH_MAX], struct err *e)
{
	const char *base = path_env("XDG_STATE_HOME");
	const char *home = path_env("HOME");
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(out, AGT_STATE_PATH_MAX, "%s/cardseal", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(
		    out, AGT_STATE_PATH_MAX, "%s/.local/state/cardseal", home);
	else
		return err_set(e, -CS_ERR_CONFIG,
		    "no folder for the agent's secret and its log: set "
		    "XDG_STATE_HOME or HOME");
	if (n < 0 || n >= AGT_STATE_PATH_MAX)
		return err_set(e, -CS_ERR_CONFIG,
		    "the path of the folder for the agent's secret and its "
		    "log is too long");
	return 0;
}
