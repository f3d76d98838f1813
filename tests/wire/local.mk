# tests/wire/
