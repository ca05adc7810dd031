#include "common/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sysexits.h>

#include "common/log.h"

void
crypto_start(void)
{
	static const unsigned char text[1];
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (OSSL_LIB_CTX_get0_global_default() == NULL ||
	    HMAC(EVP_sha256(), text, sizeof(text), text, sizeof(text), mac,
		NULL) == NULL)
		die(EX_OSERR, "unable to start OpenSSL: out of memory");
}
