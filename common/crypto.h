/*
 * crypto - OpenSSL, before its first use.
 */
#ifndef SLUICE_CRYPTO_H
#define SLUICE_CRYPTO_H

/*
 * Start OpenSSL, and its HMAC and SHA-256, or end with EX_OSERR where there is
 * no memory for it: 3.0 crashes at its first use then, even minutes later, and
 * an algorithm whose first use lacked memory is unknown to it for good.
 */
void crypto_start(void);

#endif
