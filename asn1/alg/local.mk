# asn1/alg/: what an AlgorithmIdentifier names, and the operations behind it.
