# tests/card/: emulated cards in a private pcscd, for the real card modules.
check_LIBRARIES += libemulator.a
libemulator_a_SOURCES = \
	tests/card/apdu.c tests/card/apdu.h \
	tests/card/control.c tests/card/control.h \
	tests/card/emulator.c tests/card/emulator.h \
	tests/card/rule.c tests/card/rule.h \
	tests/card/vpcd.c tests/card/vpcd.h \
	tests/card/words.c tests/card/words.h

check_PROGRAMS += tests/card/piv_card
tests_card_piv_card_SOURCES = \
	tests/card/piv.h tests/card/piv_atr.c tests/card/piv_auth.c \
	tests/card/piv_command.c tests/card/piv_key.c tests/card/piv_load.c \
	tests/card/piv_main.c tests/card/piv_object.c tests/card/piv_pin.c
tests_card_piv_card_CFLAGS = $(AM_CFLAGS) $(GCRYPT_CFLAGS)
tests_card_piv_card_LDADD = libemulator.a libasn1.a $(GCRYPT_LIBS)

if HAVE_CACARD
check_PROGRAMS += tests/card/cac_card
tests_card_cac_card_SOURCES = tests/card/cac_main.c
tests_card_cac_card_CFLAGS = $(AM_CFLAGS) $(CACARD_CFLAGS)
tests_card_cac_card_LDADD = libemulator.a libasn1.a $(CACARD_LIBS)
endif

check_PROGRAMS += tests/card/launch
tests_card_launch_SOURCES = tests/card/launch.c tests/card/launch.h \
	tests/card/launch_start.c
tests_card_launch_LDADD = libemulator.a libasn1.a

check_PROGRAMS += tests/card/ctl
tests_card_ctl_SOURCES = tests/card/ctl.c
tests_card_ctl_LDADD = libasn1.a

check_PROGRAMS += tests/card/stranger
tests_card_stranger_SOURCES = tests/card/stranger.c
tests_card_stranger_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_card_stranger_LDADD = libemulator.a libasn1.a $(PCSC_LIBS)

check_PROGRAMS += tests/card/program
tests_card_program_SOURCES = tests/card/program.c
tests_card_program_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)

# Loaded into a program that has no sanitizers.
check_LTLIBRARIES += tests/card/pcscd_shim.la
tests_card_pcscd_shim_la_SOURCES = tests/card/pcscd_shim.c \
	tests/card/pcscd_shim.h
tests_card_pcscd_shim_la_CPPFLAGS = -I$(srcdir) -I$(builddir)
tests_card_pcscd_shim_la_CFLAGS = -std=gnu11 -Wall -Wextra
tests_card_pcscd_shim_la_LDFLAGS = -module -avoid-version -rpath /none

CARD_TESTS = tests/card/agent.sh tests/card/agent-faults.sh \
	tests/card/agent-idle.sh \
	tests/card/doctor.sh \
	tests/card/agent-memory.sh tests/card/agent-pin.sh \
	tests/card/agent-lock.sh tests/card/cac.sh \
	tests/card/module.sh \
	tests/card/piv.sh tests/card/piv-edge.sh tests/card/piv-faults.sh \
	tests/card/removals.py tests/card/storm.py
TESTS += $(CARD_TESTS)
EXTRA_DIST += $(CARD_TESTS) tests/card/scan.py tests/card/agent-lib.sh tests/card/lib.sh \
	tests/card/cards.py tests/card/piv-lib.sh

# The card pulled at many moments; a few of them among the tests.
removals: all
	moments="$(MOMENTS)" && $(MAKE) check TESTS=tests/card/removals.py \
	    MOMENTS="$${moments:-50}"
.PHONY: removals
