# tests/lint/: what the tree promises about itself. Each check proves itself
# on planted breaches.
LINT_TESTS = \
	tests/lint/calls.py \
	tests/lint/catalogue.py \
	tests/lint/completion.py \
	tests/lint/counting.sh \
	tests/lint/errors.py \
	tests/lint/exports.py \
	tests/lint/format.sh \
	tests/lint/headers.sh \
	tests/lint/layers.py \
	tests/lint/options.py \
	tests/lint/pages.sh \
	tests/lint/shell.sh \
	tests/lint/spelling.sh \
	tests/lint/style.py
TESTS += $(LINT_TESTS)
EXTRA_DIST += $(LINT_TESTS) tests/lint/lint.py tests/lint/queue.cfg

AM_TESTS_ENVIRONMENT += \
	CC='$(CC)'; export CC; \
	LINT_CFLAGS='$(P11KIT_CFLAGS) $(SYSTEMD_CFLAGS) $(CHECK_CFLAGS)'; \
	export LINT_CFLAGS; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;

lint:
	$(MAKE) check TESTS='$(LINT_TESTS)'
.PHONY: lint
