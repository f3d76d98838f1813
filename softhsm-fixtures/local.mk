# softhsm-fixtures/: throwaway tokens, CAs and identities for the tests, the
# benches and quickstart.
EXTRA_DIST += \
	softhsm-fixtures/make-fixtures \
	softhsm-fixtures/pki.sh \
	softhsm-fixtures/token.sh
