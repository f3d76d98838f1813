# tests/wire/: both ends of a protocol, with nothing but a socket between.
check_LTLIBRARIES += libwire.la
libwire_la_SOURCES = tests/wire/worker.c tests/wire/worker.h
libwire_la_CFLAGS = $(UNIT_FLAGS)
WIRE_LIBS = libwire.la $(UNIT_LIBS) $(TOKENPROTO_LIBS)

check_PROGRAMS += tests/wire/check_worker
TESTS += tests/wire/check_worker
tests_wire_check_worker_SOURCES = tests/wire/check_worker.c
tests_wire_check_worker_LDADD = $(WIRE_LIBS) libalg.la libasn1.la
tests_wire_check_worker_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/wire/check_worker_open
TESTS += tests/wire/check_worker_open
tests_wire_check_worker_open_SOURCES = tests/wire/check_worker_open.c
tests_wire_check_worker_open_LDADD = $(WIRE_LIBS) libcodec.la libalg.la \
	libasn1.la
tests_wire_check_worker_open_CFLAGS = $(UNIT_FLAGS)
