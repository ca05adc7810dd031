#include "common/crypto.h"

#include <openssl/crypto.h>
#include <sysexits.h>

#include "common/log.h"

void
crypto_start(void)
{
	if (OSSL_LIB_CTX_get0_global_default() == NULL)
		die(EX_OSERR, "unable to start OpenSSL: out of memory");
}
