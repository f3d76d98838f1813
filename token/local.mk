# token/
