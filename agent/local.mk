# agent/: the listening agent, and the protocol that clients share with it.
noinst_LIBRARIES += libagentproto.a
libagentproto_a_SOURCES = \
	agent/path.c agent/path.h \
	agent/proto_audit.c agent/proto_audit.h \
	agent/proto.c agent/proto.h
libagentproto_a_CFLAGS = $(AM_CFLAGS) -fPIC
AGENTPROTO_LIBS = libagentproto.a libtokenproto.a libasn1.a

noinst_LIBRARIES += libagent.a
libagent_a_SOURCES = \
	agent/admit.c agent/admit.h \
	agent/agent.h \
	agent/audit.c agent/audit.h agent/audit_main.c \
	agent/audit_file.c agent/audit_file.h \
	agent/confine.c agent/confine.h \
	agent/conn.c agent/conn.h \
	agent/consent.c agent/consent.h \
	agent/dialog.c agent/dialog.h agent/dialog_proto.c \
	agent/inventory.c agent/inventory.h \
	agent/launch.c agent/launch.h \
	agent/listen.c agent/listen.h \
	agent/log.c agent/log.h \
	agent/login.c agent/login.h agent/login_text.c \
	agent/login_source.c agent/logout.c \
	agent/module.c agent/module.h agent/modules.c \
	agent/pin.c agent/pin.h \
	agent/pin_source.c agent/pin_source.h \
	agent/policy.c agent/policy.h agent/policy_read.c \
	agent/prompt.c agent/prompt.h \
	agent/prompt_text.c agent/prompt_text.h \
	agent/req_hello.c agent/req_key.c agent/req_list.c \
	agent/req_lock.c agent/req_pin.c agent/req_status.c \
	agent/req_write.c \
	agent/request.c agent/request.h \
	agent/session.c agent/session.h \
	agent/settings.c agent/settings.h \
	agent/starter.c agent/starter.h \
	agent/state.c agent/state.h \
	agent/timer.c agent/timer.h \
	agent/watch.c agent/watch.h \
	agent/worker.c agent/worker.h agent/worker_queue.c
libagent_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(ASSUAN_CFLAGS) \
	$(GPGERROR_CFLAGS) $(SECCOMP_CFLAGS) $(INIH_CFLAGS)
AGENT_LIBS = libagent.a $(AGENTPROTO_LIBS) $(ALG_LIBS) libasn1.a \
	$(SYSTEMD_LIBS) $(ASSUAN_LIBS) $(GPGERROR_LIBS) $(SECCOMP_LIBS) \
	$(INIH_LIBS)

pkglibexec_PROGRAMS += agent/cardseal-agent
agent_cardseal_agent_SOURCES = agent/main.c
agent_cardseal_agent_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
agent_cardseal_agent_LDFLAGS = $(PROGRAM_LINK)
agent_cardseal_agent_LDADD = $(AGENT_LIBS)

check_PROGRAMS += tests/unit/check_pin tests/unit/check_pin_steps \
	tests/unit/check_timer tests/unit/check_policy tests/unit/check_audit
TESTS += tests/unit/check_pin tests/unit/check_pin_steps \
	tests/unit/check_timer tests/unit/check_policy tests/unit/check_audit
tests_unit_check_audit_SOURCES = tests/unit/check_audit.c
tests_unit_check_audit_LDADD = $(UNIT_LIBS) $(AGENTPROTO_LIBS) $(ALG_LIBS) \
	libasn1.a
tests_unit_check_audit_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_policy_SOURCES = tests/unit/check_policy.c
tests_unit_check_policy_LDADD = $(UNIT_LIBS) libagent.a libasn1.a
tests_unit_check_policy_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_timer_SOURCES = tests/unit/check_timer.c
tests_unit_check_timer_LDADD = $(UNIT_LIBS) libagent.a libasn1.a \
	$(SYSTEMD_LIBS)
tests_unit_check_timer_CFLAGS = $(UNIT_FLAGS) $(SYSTEMD_CFLAGS)
tests_unit_check_pin_SOURCES = tests/unit/check_pin.c
tests_unit_check_pin_LDADD = $(UNIT_LIBS) libagent.a libasn1.a
tests_unit_check_pin_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_pin_steps_SOURCES = tests/unit/check_pin_steps.c
tests_unit_check_pin_steps_LDADD = $(UNIT_LIBS) libagent.a libasn1.a
tests_unit_check_pin_steps_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/unit/check_agent_proto tests/unit/check_path
TESTS += tests/unit/check_agent_proto tests/unit/check_path
tests_unit_check_agent_proto_SOURCES = tests/unit/check_agent_proto.c
tests_unit_check_agent_proto_LDADD = $(UNIT_LIBS) $(AGENTPROTO_LIBS) \
	$(TASN1_LIBS)
tests_unit_check_agent_proto_CFLAGS = $(UNIT_FLAGS) $(TASN1_CFLAGS)
tests_unit_check_path_SOURCES = tests/unit/check_path.c
tests_unit_check_path_LDADD = $(UNIT_LIBS) $(AGENTPROTO_LIBS)
tests_unit_check_path_CFLAGS = $(UNIT_FLAGS)

# Units for systemd, of a user and of a gateway; and for desktops without it.
systemduserunitdir = $(prefix)/lib/systemd/user
systemduserunit_DATA = agent/cardseal-agent.socket \
	agent/cardseal-agent-restricted.socket agent/cardseal-agent.service
systemdsystemunitdir = $(prefix)/lib/systemd/system
systemdsystemunit_DATA = agent/cardseal-gateway.socket \
	agent/cardseal-gateway.service
xdgautostartdir = $(sysconfdir)/xdg/autostart
xdgautostart_DATA = agent/cardseal-agent.desktop
EXTRA_DIST += agent/cardseal-agent.socket \
	agent/cardseal-agent-restricted.socket agent/cardseal-gateway.socket \
	agent/cardseal-agent.service.in agent/cardseal-gateway.service.in \
	agent/cardseal-agent.desktop.in
CLEANFILES += agent/cardseal-agent.service agent/cardseal-gateway.service \
	agent/cardseal-agent.desktop
UNIT_PATHS = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed \
	-e 's|@bindir[@]|$(bindir)|' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' \
	-e 's|@pkcs11dir[@]|$(pkcs11dir)|'
agent/cardseal-agent.service: agent/cardseal-agent.service.in Makefile
	$(UNIT_PATHS) $(srcdir)/agent/cardseal-agent.service.in >$@
agent/cardseal-gateway.service: agent/cardseal-gateway.service.in Makefile
	$(UNIT_PATHS) $(srcdir)/agent/cardseal-gateway.service.in >$@
agent/cardseal-agent.desktop: agent/cardseal-agent.desktop.in Makefile
	$(UNIT_PATHS) $(srcdir)/agent/cardseal-agent.desktop.in >$@
