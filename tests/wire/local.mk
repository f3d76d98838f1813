# tests/wire/: both ends of a protocol, with nothing but a socket between.
check_LIBRARIES += libwire.a
libwire_a_SOURCES = tests/wire/worker.c tests/wire/worker.h
libwire_a_CFLAGS = $(UNIT_FLAGS)
WIRE_LIBS = libwire.a $(UNIT_LIBS) $(TOKENPROTO_LIBS)

check_PROGRAMS += tests/wire/check_worker
TESTS += tests/wire/check_worker
tests_wire_check_worker_SOURCES = tests/wire/check_worker.c
tests_wire_check_worker_LDADD = $(WIRE_LIBS) $(ALG_LIBS) libasn1.a
tests_wire_check_worker_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/wire/check_worker_open
TESTS += tests/wire/check_worker_open
tests_wire_check_worker_open_SOURCES = tests/wire/check_worker_open.c
tests_wire_check_worker_open_LDADD = $(WIRE_LIBS) libcodec.a $(ALG_LIBS) \
	libasn1.a
tests_wire_check_worker_open_CFLAGS = $(UNIT_FLAGS)

# A worker that does what a script says, in the real one's place.
check_PROGRAMS += tests/wire/fake_token
tests_wire_fake_token_SOURCES = tests/wire/fake_token.c
tests_wire_fake_token_LDADD = $(TOKENPROTO_LIBS)

# For the agent under valgrind.
check_LTLIBRARIES += tests/wire/pidfd_shim.la
tests_wire_pidfd_shim_la_SOURCES = tests/wire/pidfd_shim.c
tests_wire_pidfd_shim_la_CFLAGS = $(AM_CFLAGS) -fPIC
tests_wire_pidfd_shim_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-rpath /nowhere

# As much of logind as the agent uses.
check_PROGRAMS += tests/wire/fake_logind
tests_wire_fake_logind_SOURCES = tests/wire/fake_logind.c
tests_wire_fake_logind_LDADD = $(SYSTEMD_LIBS)
tests_wire_fake_logind_CFLAGS = $(UNIT_FLAGS) $(SYSTEMD_CFLAGS)

# The agent, by its socket alone (wire.py). They measure memory and time, so
# that other tests should not be too many beside them.
WIRE_TESTS = \
	tests/wire/attacks.py \
	tests/wire/audit.py \
	tests/wire/events.py \
	tests/wire/frames.py \
	tests/wire/limits.py \
	tests/wire/logins.py \
	tests/wire/pins.py \
	tests/wire/policy.py \
	tests/wire/service.py \
	tests/wire/set_pin.py \
	tests/wire/sleep.py \
	tests/wire/start.py \
	tests/wire/tokens.py \
	tests/wire/workers.py \
	tests/wire/write.py
TESTS += $(WIRE_TESTS)
EXTRA_DIST += tests/wire/bus.py tests/wire/sealed.py tests/wire/tap.py \
	tests/wire/wire.py tests/wire/world.py \
	$(WIRE_TESTS)
