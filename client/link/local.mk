# client/link/: the connection to the agent.
noinst_LTLIBRARIES += liblink.la
liblink_la_SOURCES = client/link/link.c client/link/link.h
liblink_la_CFLAGS = $(AM_CFLAGS) -fPIC

check_PROGRAMS += tests/unit/check_link
TESTS += tests/unit/check_link
tests_unit_check_link_SOURCES = tests/unit/check_link.c
tests_unit_check_link_LDADD = $(UNIT_LIBS) liblink.la libagentproto.la \
	libtokenproto.la libasn1.la
tests_unit_check_link_CFLAGS = $(UNIT_FLAGS)
