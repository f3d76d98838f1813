# tests/: what all suites share. Each folder's local.mk registers its own
# unit tests; the suites that cross folders have a local.mk below.
#
# Every test speaks TAP, so that single cases are counted.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .sh .py
SH_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(BASH_SHELL)
PY_LOG_COMPILER = python3
BASH_SHELL = bash
# Debian's own programs go before others of the same name.
AM_TESTS_ENVIRONMENT = \
	PATH="/usr/sbin:/usr/bin:/sbin:/bin:$$PATH"; export PATH; \
	CS_SRCDIR='$(abs_top_srcdir)'; export CS_SRCDIR; \
	CS_BUILDDIR='$(abs_top_builddir)'; export CS_BUILDDIR; \
	MALLOC_PERTURB_=165; export MALLOC_PERTURB_; \
	CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT; \
	LC_ALL=C.UTF-8; export LC_ALL; unset LANGUAGE;

check_LIBRARIES += libunit.a
libunit_a_SOURCES = \
	tests/unit/temp.c tests/unit/temp.h \
	tests/unit/unit.c tests/unit/unit.h
libunit_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
UNIT_FLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
UNIT_LIBS = libunit.a $(CHECK_LIBS)

include tests/pkits/local.mk
include tests/system/local.mk
include tests/wire/local.mk
include tests/fault/local.mk
include tests/card/local.mk
include tests/lint/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/interop/local.mk
include tests/clients/local.mk
