# client/link/: the connection to the agent.
noinst_LIBRARIES += liblink.a
liblink_a_SOURCES = \
	client/link/face.c \
	client/link/face.h \
	client/link/link.c \
	client/link/link.h \
	client/link/list.c \
	client/link/list.h
liblink_a_CFLAGS = $(AM_CFLAGS) -fPIC

check_PROGRAMS += tests/unit/check_link
TESTS += tests/unit/check_link
tests_unit_check_link_SOURCES = tests/unit/check_link.c
tests_unit_check_link_LDADD = $(UNIT_LIBS) liblink.a libagentproto.a \
	libtokenproto.a libasn1.a
tests_unit_check_link_CFLAGS = $(UNIT_FLAGS)
