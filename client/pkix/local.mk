# client/pkix/
