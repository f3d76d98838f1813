# client/link/
