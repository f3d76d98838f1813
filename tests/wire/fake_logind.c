/*
 * fake_logind: as much of logind as the agent uses, on the bus that
 * DBUS_SYSTEM_BUS_ADDRESS names. Commands on standard input, a line each:
 *
 *	sleep | wake | lock ID | hint ID 0 or 1
 *
 * It prints "ready", "inhibited WHAT MODE" and "released".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#define PATH "/org/freedesktop/login1"

static sd_event *event;
static sd_bus *bus;

static void
say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static int
released(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)userdata;
	if (revents == 0)
		return 0;
	say("released");
	sd_event_source_disable_unref(source);
	close(fd);
	return 0;
}

static int
inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *what, *who, *why, *mode;
	int fds[2], r;

	(void)userdata;
	(void)error;
	if (sd_bus_message_read(m, "ssss", &what, &who, &why, &mode) < 0 ||
	    pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	printf("inhibited %s %s\n", what, mode);
	fflush(stdout);
	sd_event_source *source;
	r = sd_event_add_io(event, &source, fds[0], EPOLLHUP, released, NULL);
	if (r >= 0)
		r = sd_bus_reply_method_return(m, "h", fds[1]);
	close(fds[1]);
	return r;
}

static const sd_bus_vtable manager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static int
hint(const char *path, int value)
{
	sd_bus_message *m;
	int r = sd_bus_message_new_signal(bus, &m, path,
	    "org.freedesktop.DBus.Properties", "PropertiesChanged");

	if (r < 0)
		return r;
	r = sd_bus_message_append(m, "sa{sv}as",
	    "org.freedesktop.login1.Session", 2, "IdleHint", "b", 0,
	    "LockedHint", "b", value, 0);
	if (r >= 0)
		r = sd_bus_send(bus, m, NULL);
	sd_bus_message_unref(m);
	return r;
}

static void
command(const char *line)
{
	char id[64] = "", path[160];
	int value = 0, r = 0;

	if (strcmp(line, "sleep") == 0 || strcmp(line, "wake") == 0)
		r = sd_bus_emit_signal(bus, PATH,
		    "org.freedesktop.login1.Manager", "PrepareForSleep", "b",
		    line[0] == 's');
	else if (sscanf(line, "lock %63s", id) == 1 ||
		 sscanf(line, "hint %63s %d", id, &value) == 2) {
		snprintf(path, sizeof(path), PATH "/session/%s", id);
		r = line[0] == 'h'
			? hint(path, value)
			: sd_bus_emit_signal(bus, path,
			      "org.freedesktop.login1.Session", "Lock", "");
	}
	if (r < 0)
		fprintf(stderr, "fake_logind: %s\n", strerror(-r));
}

static int
commands(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	char text[1024], *line, *rest = text;
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)source;
	(void)revents;
	(void)userdata;
	if (n <= 0)
		return sd_event_exit(event, 0);
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		command(line);
	return 0;
}

int
main(void)
{
	int r = sd_event_default(&event);

	if (r >= 0)
		r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, PATH,
		    "org.freedesktop.login1.Manager", manager, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.freedesktop.login1", 0);
	if (r >= 0)
		r = sd_event_add_io(
		    event, NULL, STDIN_FILENO, EPOLLIN, commands, NULL);
	if (r < 0) {
		fprintf(stderr, "fake_logind: %s\n", strerror(-r));
		return 1;
	}
	say("ready");
	r = sd_event_loop(event);
	sd_bus_close_unref(bus);
	return r < 0;
}
