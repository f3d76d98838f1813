# tests/fault/: what happens when the parts below misbehave.
#
# A PKCS#11 module around SoftHSM's that does as a script says. -rpath makes
# libtool build a shared object that is not installed.
check_LTLIBRARIES += tests/fault/fault.la
tests_fault_fault_la_SOURCES = tests/fault/module.c tests/fault/plain.h
tests_fault_fault_la_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS) -fPIC
tests_fault_fault_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-rpath /nowhere

check_PROGRAMS += tests/fault/check_worker_faults
TESTS += tests/fault/check_worker_faults
tests_fault_check_worker_faults_SOURCES = tests/fault/check_worker_faults.c
tests_fault_check_worker_faults_LDADD = $(WIRE_LIBS) $(ALG_LIBS) libasn1.a
tests_fault_check_worker_faults_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/fault/check_worker_watch
TESTS += tests/fault/check_worker_watch
tests_fault_check_worker_watch_SOURCES = tests/fault/check_worker_watch.c
tests_fault_check_worker_watch_LDADD = $(WIRE_LIBS) $(ALG_LIBS) libasn1.a
tests_fault_check_worker_watch_CFLAGS = $(UNIT_FLAGS)

check_PROGRAMS += tests/fault/check_worker_write
TESTS += tests/fault/check_worker_write
tests_fault_check_worker_write_SOURCES = tests/fault/check_worker_write.c
tests_fault_check_worker_write_LDADD = $(WIRE_LIBS) $(ALG_LIBS) libasn1.a
tests_fault_check_worker_write_CFLAGS = $(UNIT_FLAGS)

# Storms of faults, short ones among the tests; "make storm SEED=7 STEPS=10000".
TESTS += tests/fault/storm.py
EXTRA_DIST += tests/fault/storm.py tests/fault/storming.py
storm: all
	steps="$(STEPS)" && $(MAKE) check STEPS="$${steps:-10000}" \
	    TESTS="tests/fault/storm.py tests/card/storm.py"
.PHONY: storm
