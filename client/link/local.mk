# client/link/: the connection to the agent.
noinst_LTLIBRARIES += liblink.la
liblink_la_SOURCES = client/link/link.c client/link/link.h
liblink_la_CFLAGS = $(AM_CFLAGS) -fPIC
liblink_la_LIBADD = libagentproto.la libtokenproto.la libasn1.la

check_PROGRAMS += tests/unit/check_link
TESTS += tests/unit/check_link
tests_unit_check_link_SOURCES = tests/unit/check_link.c
tests_unit_check_link_LDADD = $(UNIT_LIBS) liblink.la
tests_unit_check_link_CFLAGS = $(UNIT_FLAGS)
