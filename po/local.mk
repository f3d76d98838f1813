# po/: the catalogues of what people read (asn1/say.h). They are compiled in the
# build folder; nothing is ever written into po/ but by "make update-po".
XGETTEXT_WORDS = N_:1 say:1 cli_say:1 ERR:4 err_set:3 err_set_at:4 \
	err_context:2 err_set_errno:3 buf_say:2 finding_set:4 verdict_warn:2 \
	verdict_set_fault:3 strings_printf:2 path_fail:6 STATE_FAIL:3 \
	say_unknown:2 say_outside:3 crl_mark:2 attr_fail:3 ber_fail:3 \
	ber_in_fail:4 name_bad:2 tree_fail:4 judge_fail:3 judge_keep:6 \
	say_found:4 reader_cannot_open:3 reader_fail_field:4 \
	reader_set_integrity:4 recipients_refuse:4 \
	scan_block:2 scan_leave_unsafe:3 pem_fail:2 online_fail:2 \
	cli_error:1 doctor_tell:3
# Of the agent only the prompts: its errors and logs are English.
XGETTEXT_AGENT_WORDS = N_:1 say:1 buf_say:2
# What libcardseal, cardseal and the agent's prompts say. Workers and the faces
# for other programs speak English.
POT_FILES = `cd $(srcdir) && find asn1 client -name '*.[ch]' -o -name '*.def' | \
	grep -Ev '^client/(fetch/main|gpgsm|p12|pkcs11|scd|ssh)|_asn1[.]c' | \
	LC_ALL=C sort`
POT_AGENT_FILES = `cd $(srcdir) && find agent -name '*.c' | LC_ALL=C sort`
XGETTEXT_RUN = xgettext -L C --from-code=UTF-8 --no-location -k \
	--package-name=cardseal --copyright-holder='the authors of cardseal' \
	-D $(srcdir) -o po/cardseal.pot

EXTRA_DIST += po/de.po
podedir = $(localedir)/de/LC_MESSAGES
pode_DATA = po/de/LC_MESSAGES/cardseal.mo
CLEANFILES += $(pode_DATA) po/cardseal.pot
po/de/LC_MESSAGES/cardseal.mo: po/de.po
	$(AM_V_GEN)$(MKDIR_P) po/de/LC_MESSAGES && \
	    $(MSGFMT) --check -o $@ $(srcdir)/po/de.po

# A new catalogue begins with this file, in the build folder.
pot:
	@$(MKDIR_P) po
	$(XGETTEXT_RUN) `printf ' -k%s' $(XGETTEXT_WORDS)` $(POT_FILES)
	$(XGETTEXT_RUN) -j `printf ' -k%s' $(XGETTEXT_AGENT_WORDS)` \
	    $(POT_AGENT_FILES)
# Takes what changed in the sources into po/, in the source tree.
update-po: pot
	msgmerge -q --update --backup=none --no-location --no-fuzzy-matching \
	    $(srcdir)/po/de.po po/cardseal.pot
.PHONY: pot update-po
