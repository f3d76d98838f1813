# doc/
EXTRA_DIST += doc/architecture.md doc/sample.eml doc/testing.md
