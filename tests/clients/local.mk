# tests/clients/: programs that use the agent's keys, each with each kind of
# token. `make check-clients` runs all of it and writes the table in
# doc/clients.md; a few of the cells are among the tests.
CLIENTS_CARDS = tests/card/piv_card tests/card/launch tests/card/ctl \
	tests/card/stranger tests/card/pcscd_shim.la
CLIENTS_TOKENS = softhsm piv
if HAVE_CACARD
CLIENTS_CARDS += tests/card/cac_card
CLIENTS_TOKENS += cac
endif
CLIENTS_ROWS = tests/clients/rows
CLIENTS_TESTS = tests/clients/quick.sh
TESTS += $(CLIENTS_TESTS)
EXTRA_DIST += $(CLIENTS_TESTS) tests/clients/matrix.sh tests/clients/lib.sh \
	tests/clients/flatpak.sh tests/clients/go-on.sh tests/clients/together.sh \
	tests/clients/table.py \
	tests/clients/git.sh tests/clients/gnutls.sh tests/clients/gpgsm.sh \
	tests/clients/mutt.sh tests/clients/nss.sh tests/clients/openssl.sh \
	tests/clients/ssh.sh tests/clients/thunderbird.sh \
	tests/clients/thunderbird.py tests/clients/thunderbird.js

check-clients: all $(CLIENTS_CARDS)
	$(MKDIR_P) tests/clients
	rm -f $(CLIENTS_ROWS)
	$(AM_TESTS_ENVIRONMENT) \
	CS_INTEROP_TABLE='$(abs_builddir)/$(CLIENTS_ROWS)'; \
	export CS_INTEROP_TABLE; failed=0; \
	for token in $(CLIENTS_TOKENS); do \
		log=$(CLIENTS_ROWS).$$token.log; \
		CLIENTS_TOKEN=$$token $(BASH_SHELL) \
		    $(srcdir)/tests/clients/matrix.sh >$$log 2>&1; \
		grep -E '^not ok|# SKIP' $$log && failed=1; \
		grep -q '^1\.\.' $$log || { cat $$log; failed=1; }; \
	done; \
	for script in together go-on; do \
		log=$(CLIENTS_ROWS).$$script.log; \
		$(BASH_SHELL) $(srcdir)/tests/clients/$$script.sh >$$log 2>&1; \
		grep -E -A9 '^not ok|# SKIP' $$log && failed=1; \
		grep -q '^1\.\.' $$log || { cat $$log; failed=1; }; \
	done; \
	exit $$failed
	python3 $(srcdir)/tests/clients/table.py $(CLIENTS_ROWS) \
	    $(srcdir)/doc/clients.md

# Several programs at once on one card, for so long.
together: all $(CLIENTS_CARDS)
	minutes="$(MINUTES)" && \
	    TOGETHER_SECONDS=$$(($${minutes:-5} * 60)) && \
	    export TOGETHER_SECONDS && \
	    $(MAKE) check-TESTS TESTS=tests/clients/together.sh
.PHONY: check-clients together
CLEANFILES += $(CLIENTS_ROWS) $(CLIENTS_ROWS).*.log

# A program in Flatpak's sandbox.
check-flatpak: all
	$(MAKE) check-TESTS TESTS=tests/clients/flatpak.sh
.PHONY: check-flatpak
