# doc/
EXTRA_DIST += \
	doc/architecture.md doc/clients.md doc/interop.md \
	doc/examples/gateway.conf doc/examples/sign.c \
	doc/path.schema.json \
	doc/paths.md \
	doc/migrating.md \
	doc/protocol.md \
	doc/sample.eml \
	doc/testing.md \
	doc/threats.md \
	doc/verdict.md \
	doc/verdict.schema.json
dist_man_MANS += \
	doc/man/cardseal.1 \
	doc/man/cardseal.3 \
	doc/man/cardseal-agent.8 \
	doc/man/cardseal-gpgsm.1 \
	doc/man/cardseal-scd.1 \
	doc/man/cardseal-ssh-agent.1 \
	doc/man/cardseal-fetch.8 \
	doc/man/cardseal-owa.8 \
	doc/man/cardseal-p12.8 \
	doc/man/cardseal-token.8
