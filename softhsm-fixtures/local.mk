# softhsm-fixtures/
