# client/gpgsm/: what git calls as gpg.x509.program.
bin_PROGRAMS += client/gpgsm/cardseal-gpgsm
client_gpgsm_cardseal_gpgsm_SOURCES = \
	client/gpgsm/gpgsm.h \
	client/gpgsm/main.c \
	client/gpgsm/sign.c \
	client/gpgsm/verify.c
client_gpgsm_cardseal_gpgsm_LDADD = libcardseal.la
client_gpgsm_cardseal_gpgsm_LDFLAGS = $(PROGRAM_LINK)
