# tests/bench/
noinst_PROGRAMS += tests/bench/measure
tests_bench_measure_SOURCES = tests/bench/measure.c

# Above libasn1.a alone: decoding and encoding base64, nettle's beside it.
noinst_PROGRAMS += tests/bench/bench_base64
tests_bench_bench_base64_SOURCES = tests/bench/bench_base64.c
tests_bench_bench_base64_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_bench_bench_base64_LDADD = libasn1.a $(NETTLE_LIBS)

# What the worker adds to the bare module.
EXTRA_PROGRAMS += tests/bench/bench_worker
tests_bench_bench_worker_SOURCES = tests/bench/bench_worker.c
tests_bench_bench_worker_CFLAGS = $(UNIT_FLAGS) $(P11KIT_CFLAGS)
tests_bench_bench_worker_LDADD = $(WIRE_LIBS) $(TOKEN_LIBS)

# What the agent and its worker add to a signature.
noinst_PROGRAMS += tests/bench/bench_hop
tests_bench_bench_hop_SOURCES = tests/bench/bench_hop.c
tests_bench_bench_hop_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
tests_bench_bench_hop_LDADD = $(AGENTPROTO_LIBS)

# What libcrypto takes to judge many mails (verify.py).
noinst_PROGRAMS += tests/bench/bench_batch
tests_bench_bench_batch_SOURCES = tests/bench/bench_batch.c
tests_bench_bench_batch_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_bench_bench_batch_LDADD = $(CRYPTO_LIBS)

# Whether the time of OPEN tells what was wrong with a message: few messages
# among the tests, many by "make timing".
check_PROGRAMS += tests/bench/bench_timing
TESTS += tests/bench/bench_timing
tests_bench_bench_timing_SOURCES = tests/bench/bench_timing.c
tests_bench_bench_timing_CFLAGS = $(UNIT_FLAGS) $(P11KIT_CFLAGS)
tests_bench_bench_timing_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=secret_new \
	-Wl,--wrap=secret_new_from -Wl,--wrap=secret_free
tests_bench_bench_timing_LDADD = $(WIRE_LIBS) $(TOKEN_LIBS) -lm
timing: tests/bench/bench_timing
	CS_SRCDIR=$(abs_top_srcdir) CS_BUILDDIR=$(abs_top_builddir) \
		TIMING_COUNT=10000 ./tests/bench/bench_timing

EXTRA_DIST += tests/bench/hop.py tests/bench/stream.sh tests/bench/stream.py \
	tests/bench/mails.py tests/bench/measuring.py tests/bench/mime.py \
	tests/bench/peers.py tests/bench/verify.py

# Figures beside those of a peer in the same run; see doc/testing.md.
# make bench BENCH_MIB=256 BENCH_ROUNDS=5: smaller messages, and more of them.
BENCH_MIB = 1024
BENCH_ROUNDS = 3
bench: all tests/bench/bench_worker
	./tests/bench/bench_base64
	CS_SRCDIR=$(abs_top_srcdir) ./tests/bench/bench_path
	CS_SRCDIR=$(abs_top_srcdir) CS_BUILDDIR=$(abs_top_builddir) \
		./tests/bench/bench_worker
	CS_SRCDIR=$(abs_top_srcdir) CS_BUILDDIR=$(abs_top_builddir) \
		python3 $(srcdir)/tests/bench/hop.py
	python3 $(srcdir)/tests/bench/verify.py . $(BENCH_ROUNDS)
	CS_SRCDIR=$(abs_top_srcdir) CS_BUILDDIR=$(abs_top_builddir) \
		bash $(srcdir)/tests/bench/stream.sh $(BENCH_MIB) $(BENCH_ROUNDS)
.PHONY: bench timing
