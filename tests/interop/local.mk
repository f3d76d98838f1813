# tests/interop/: the whole matrix of algorithms and peers. Not part of
# `make check`, whose shorter one is tests/system/cms-peers.sh; `make interop`
# runs it and writes doc/interop.md.
INTEROP_RUNS = tests/interop/signed.sh tests/interop/encrypted.sh
EXTRA_DIST += $(INTEROP_RUNS) tests/interop/lib.sh tests/interop/table.py
INTEROP_ROWS = tests/interop/rows
CLEANFILES += $(INTEROP_ROWS)

interop: all
	$(MKDIR_P) tests/interop
	rm -f $(INTEROP_ROWS)
	$(AM_TESTS_ENVIRONMENT) \
	CS_INTEROP_TABLE='$(abs_builddir)/$(INTEROP_ROWS)'; \
	export CS_INTEROP_TABLE; failed=0; \
	for script in $(INTEROP_RUNS); do \
		$(BASH_SHELL) $(srcdir)/$$script >$(INTEROP_ROWS).log 2>&1; \
		grep -E '^not ok' $(INTEROP_ROWS).log && failed=1; \
		grep -q '^1\.\.' $(INTEROP_ROWS).log || \
		    { cat $(INTEROP_ROWS).log; failed=1; }; \
	done; exit $$failed
	python3 $(srcdir)/tests/interop/table.py $(INTEROP_ROWS) \
	    >$(srcdir)/doc/interop.md
.PHONY: interop
CLEANFILES += $(INTEROP_ROWS).log
