# tests/bench/
noinst_PROGRAMS += tests/bench/measure
tests_bench_measure_SOURCES = tests/bench/measure.c
EXTRA_DIST += tests/bench/stream.sh tests/bench/stream.py

# Figures beside those of a peer in the same run; see doc/testing.md.
bench: all
	CS_SRCDIR=$(abs_top_srcdir) CS_BUILDDIR=$(abs_top_builddir) \
		bash $(srcdir)/tests/bench/stream.sh
.PHONY: bench
