# client/ssh/: ssh's agent, with the tokens' keys.
noinst_LIBRARIES += libsshface.a
libsshface_a_SOURCES = \
	client/ssh/keys.c \
	client/ssh/request.c \
	client/ssh/serve.c \
	client/ssh/sign.c \
	client/ssh/ssh.h \
	client/ssh/wire.c

bin_PROGRAMS += client/ssh/cardseal-ssh-agent
client_ssh_cardseal_ssh_agent_SOURCES = client/ssh/main.c
client_ssh_cardseal_ssh_agent_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
SSH_LIBS = libsshface.a libpkix.a liblink.a libagentproto.a libtokenproto.a \
	libcodec.a $(ALG_LIBS) libasn1.a
client_ssh_cardseal_ssh_agent_LDADD = $(SSH_LIBS) $(SYSTEMD_LIBS)
client_ssh_cardseal_ssh_agent_LDFLAGS = $(PROGRAM_LINK)
systemduserunit_DATA += client/ssh/cardseal-ssh-agent.socket \
	client/ssh/cardseal-ssh-agent.service
EXTRA_DIST += client/ssh/cardseal-ssh-agent.socket \
	client/ssh/cardseal-ssh-agent.service.in
CLEANFILES += client/ssh/cardseal-ssh-agent.service
client/ssh/cardseal-ssh-agent.service: client/ssh/cardseal-ssh-agent.service.in \
    Makefile
	$(UNIT_PATHS) $(srcdir)/client/ssh/cardseal-ssh-agent.service.in >$@

check_PROGRAMS += tests/unit/check_ssh
TESTS += tests/unit/check_ssh
tests_unit_check_ssh_SOURCES = tests/unit/check_ssh.c
tests_unit_check_ssh_LDADD = $(UNIT_LIBS) $(SSH_LIBS)
tests_unit_check_ssh_CFLAGS = $(UNIT_FLAGS)
