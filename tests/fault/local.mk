# tests/fault/
