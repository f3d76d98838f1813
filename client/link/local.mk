# client/link/: the connection to the agent.
noinst_LTLIBRARIES += liblink.la
liblink_la_SOURCES = client/link/link.c client/link/link.h
liblink_la_CFLAGS = $(AM_CFLAGS) -fPIC
liblink_la_LIBADD = libagentproto.la libtokenproto.la libasn1.la
