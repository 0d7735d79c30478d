#include "base/sha256.h"

#include <stdlib.h>
#include "test/support/check.h"

static bool digest_is(const uint8_t *digest, const char *hex)
{
    char got[65];
    for (unsigned i = 0; i < SHA256_BYTES; i++) sprintf(got + 2 * i, "%02x", digest[i]);
    return strcmp(got, hex) == 0;
}
static bool hash_is(const void *bytes, size_t size, const char *hex)
{
    uint8_t digest[SHA256_BYTES];
    sha256(bytes, size, digest);
    return digest_is(digest, hex);
}

int main(void)
{
    /* FIPS 180-4 examples and the NIST long message */
    CHECK(hash_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    CHECK(hash_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    CHECK(hash_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    CHECK(hash_is(
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnop"
        "qrstnopqrstu",
        112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"));
    uint8_t *many = (uint8_t *)malloc(1000000);
    memset(many, 'a', 1000000);
    CHECK(hash_is(many, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    /* any cut into pieces gives the same; every length around the padding's edges */
    for (size_t size = 0; size < 200; size++) {
        uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES];
        for (size_t i = 0; i < size; i++) many[i] = (uint8_t)(i * 37 + size);
        sha256(many, size, whole);
        for (size_t step = 1; step < 70; step += 9) {
            struct sha256 s;
            sha256_start(&s);
            for (size_t at = 0; at < size; at += step)
                sha256_add(&s, many + at, size - at < step ? size - at : step);
            sha256_end(&s, pieces);
            CHECK(memcmp(whole, pieces, SHA256_BYTES) == 0);
        }
    }
    free(many);
    return check_report();
}
