/* The manifest: what is accepted, and that everything else is refused for its reason. */
#include "boot/common/manifest.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEAD "lona-manifest 1\nroot r.elf\n"
#define KERNEL "kernel.elf kernel 10 " DIGEST "\n"
#define ROOT "r.elf runtime 20 " DIGEST "\n"

static struct manifest m;

static bool refused(const char *text, const char *why)
{
    const char *wrong = manifest_parse(&m, text, strlen(text));
    if (wrong == NULL || strstr(wrong, why) == NULL) printf("got: %s\n", wrong != NULL ? wrong : "accepted");
    return wrong != NULL && strstr(wrong, why) != NULL;
}

static void good(void)
{
    const char *text = HEAD KERNEL ROOT "a-1.b 	";
    CHECK(refused(text, "role")); /* a tab is no space */
    text = HEAD KERNEL ROOT "lona.img library 268435456 " DIGEST "\n";
    CHECK(manifest_parse(&m, text, strlen(text)) == NULL);
    CHECK(m.count == 3 && m.kernel == 0 && m.root == 1);
    CHECK(strcmp(m.entries[2].name, "lona.img") == 0 && m.entries[2].role == BOOTINFO_LIBRARY);
    CHECK(m.entries[2].size == 268435456 && m.entries[2].sha256[1] == 0x11 &&
          m.entries[2].sha256[31] == 0xff);
}

static void bad(void)
{
    CHECK(refused("", "begin with"));
    CHECK(refused("lona-manifest 2\n", "begin with"));
    CHECK(refused("lona-manifest 1\nroot \n", "name the root"));
    CHECK(refused(HEAD ROOT, "exactly one kernel"));
    CHECK(refused(HEAD KERNEL "k2.elf kernel 1 " DIGEST "\n" ROOT, "exactly one kernel"));
    CHECK(refused(HEAD KERNEL, "root domain is not"));
    CHECK(refused("lona-manifest 1\nroot kernel.elf\n" KERNEL ROOT, "root domain is not"));
    CHECK(refused(HEAD KERNEL ROOT ROOT, "twice"));
    CHECK(refused(HEAD KERNEL "r.elf captain 1 " DIGEST "\n", "role"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 268435457 " DIGEST "\n", "size"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 99999999999999999999999 " DIGEST "\n", "size"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 0 " DIGEST "\n", "size"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 010 " DIGEST "\n", "size"));
    CHECK(refused(HEAD KERNEL "r.elf runtime  10 " DIGEST "\n", "size"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 10 A" DIGEST "\n", "SHA-256"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 10 " DIGEST "0\n", "SHA-256"));
    CHECK(refused(HEAD KERNEL "r.elf runtime 10 " DIGEST, "SHA-256"));
    CHECK(refused(HEAD KERNEL "../r.elf runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL "R.ELF runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL "longernam.elf runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL "r.elfx runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL "r. runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL "r.e.f runtime 10 " DIGEST "\n", "file name"));
    CHECK(refused(HEAD KERNEL ROOT "\n", "file name"));
}

/* Sixteen images fit, seventeen do not; a manifest of 4,096 bytes is read, one more is not. */
static void limits(void)
{
    static char text[2 * MANIFEST_MAX_BYTES];
    int n = snprintf(text, sizeof text, HEAD KERNEL ROOT);
    for (int i = 2; i < BOOTINFO_IMAGES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "f%d data 1 " DIGEST "\n", i);
    CHECK(manifest_parse(&m, text, (size_t)n) == NULL && m.count == BOOTINFO_IMAGES);
    snprintf(text + n, sizeof text - (size_t)n, "f99 data 1 " DIGEST "\n");
    CHECK(refused(text, "too many"));
    memset(text, 'a', sizeof text);
    CHECK(strstr(manifest_parse(&m, text, MANIFEST_MAX_BYTES + 1), "too long") != NULL);
    CHECK(strstr(manifest_parse(&m, text, MANIFEST_MAX_BYTES), "begin with") != NULL);
}

int main(void)
{
    good();
    bad();
    limits();
    return check_report();
}
