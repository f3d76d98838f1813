# client/cli/: the program cardseal(1).
bin_PROGRAMS += cardseal
cardseal_SOURCES = \
	client/cli/cli.h \
	client/cli/cmd_agent.c \
	client/cli/cmd_make.c \
	client/cli/cmd_read.c \
	client/cli/main.c \
	client/cli/options.c \
	client/cli/print.c
cardseal_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
cardseal_LDADD = libcardseal.la $(JANSSON_LIBS)
cardseal_LDFLAGS = $(PROGRAM_LINK)
