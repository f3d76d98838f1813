# tests/pkits/: NIST's path validation test suite.
TESTS += tests/pkits/pkits.py
EXTRA_DIST += tests/pkits/pkits.py tests/pkits/pkits.txt
