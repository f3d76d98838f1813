# agent/: the listening agent, and the protocol that clients share with it.
noinst_LTLIBRARIES += libagentproto.la
libagentproto_la_SOURCES = \
	agent/path.c agent/path.h \
	agent/proto.c agent/proto.h
libagentproto_la_CFLAGS = $(AM_CFLAGS) -fPIC
AGENTPROTO_LIBS = libagentproto.la libtokenproto.la libasn1.la

check_PROGRAMS += tests/unit/check_agent_proto tests/unit/check_path
TESTS += tests/unit/check_agent_proto tests/unit/check_path
tests_unit_check_agent_proto_SOURCES = tests/unit/check_agent_proto.c
tests_unit_check_agent_proto_LDADD = $(UNIT_LIBS) $(AGENTPROTO_LIBS)
tests_unit_check_agent_proto_CFLAGS = $(UNIT_FLAGS)
tests_unit_check_path_SOURCES = tests/unit/check_path.c
tests_unit_check_path_LDADD = $(UNIT_LIBS) $(AGENTPROTO_LIBS)
tests_unit_check_path_CFLAGS = $(UNIT_FLAGS)
