# client/cli/: the program cardseal(1).
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	client/cli/cli.h \
	client/cli/cmd_agent.c \
	client/cli/cmd_batch.c \
	client/cli/cmd_certs.c \
	client/cli/cmd_doctor.c \
	client/cli/cmd_events.c client/cli/cmd_expiring.c \
	client/cli/cmd_log.c \
	client/cli/cmd_edit.c \
	client/cli/cmd_make.c \
	client/cli/cmd_mutt.c client/cli/cmd_mutt.h \
	client/cli/cmd_read.c client/cli/cmd_receipt.c \
	client/cli/cmd_sendmail.c \
	client/cli/cmd_setup.c \
	client/cli/cmd_store.c \
	client/cli/cmd_token.c \
	client/cli/doctor.h \
	client/cli/doctor_agent.c \
	client/cli/doctor_clients.c \
	client/cli/doctor_local.c \
	client/cli/mutt_sync.c \
	client/cli/options.c \
	client/cli/print.c \
	client/cli/setup.h \
	client/cli/setup_block.c \
	client/cli/setup_clients.c \
	client/cli/setup_file.c \
	client/cli/setup_nss.c \
	client/cli/setup_opensc.c \
	client/cli/setup_owa.c
libcli_a_CPPFLAGS = $(AM_CPPFLAGS) -DCS_PKCS11DIR='"$(pkcs11dir)"'
libcli_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
# Runs where it was built, and finds the library there.
noinst_PROGRAMS += client/cli/cardseal
client_cli_cardseal_SOURCES = client/cli/main.c
client_cli_cardseal_LDADD = libcli.a libcardseal.la $(JANSSON_LIBS)
client_cli_cardseal_LDFLAGS = $(PROGRAM_LINK)
# Is installed, and knows nothing of where it was built.
bin_PROGRAMS += client/cli/installed/cardseal
client_cli_installed_cardseal_SOURCES = client/cli/main.c
client_cli_installed_cardseal_LDADD = libcli.a libcardseal.la $(JANSSON_LIBS)
client_cli_installed_cardseal_LDFLAGS = $(INSTALLED_LINK)

# A timer that warns before own certificates end.
systemduserunit_DATA += client/cli/cardseal-expiry.timer \
	client/cli/cardseal-expiry.service
EXTRA_DIST += client/cli/cardseal-expiry.timer \
	client/cli/cardseal-expiry.service.in
CLEANFILES += client/cli/cardseal-expiry.service
client/cli/cardseal-expiry.service: client/cli/cardseal-expiry.service.in \
    Makefile
	$(UNIT_PATHS) $(srcdir)/client/cli/cardseal-expiry.service.in >$@

# What shells offer for the next word.
bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = client/cli/completion/bash/cardseal
zshcompletiondir = $(datadir)/zsh/site-functions
zshcompletion_DATA = client/cli/completion/zsh/_cardseal
fishcompletiondir = $(datadir)/fish/vendor_completions.d
fishcompletion_DATA = client/cli/completion/fish/cardseal.fish
EXTRA_DIST += $(bashcompletion_DATA) $(zshcompletion_DATA) \
	$(fishcompletion_DATA)
# Makes them anew, in the source tree.
completion: client/cli/cardseal agent/cardseal-agent
	LC_ALL=C CS_SRCDIR='$(abs_top_srcdir)' CS_BUILDDIR='$(abs_top_builddir)' \
	    PYTHONDONTWRITEBYTECODE=1 \
	    python3 $(srcdir)/tests/lint/completion.py write
.PHONY: completion
