# client/smime/
