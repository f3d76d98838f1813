# client/: from the connection to the agent up to the programs.
include client/link/local.mk
include client/fetch/local.mk
include client/p12/local.mk
include client/pkix/local.mk
include client/cms/local.mk
include client/smime/local.mk
include client/api/local.mk
include client/cli/local.mk
include client/pkcs11/local.mk
include client/gpgsm/local.mk
include client/scd/local.mk
include client/owa/local.mk
include client/ssh/local.mk
