/* Fuzz what the boot loader reads: the manifest and executables. */
#include <stdlib.h>

#include "base/elf.h"
#include "boot/common/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest m;
    struct elf_program p;
    if (manifest_parse(&m, (const char *)data, size) == NULL &&
        (m.count > BOOTINFO_IMAGES || m.root >= m.count || m.kernel >= m.count || m.root == m.kernel))
        abort();
    if (elf_read(&p, data, size, ELF_X86_64, 0x1000, 1ull << 40) == NULL)
        for (unsigned i = 0; i < p.count; i++)
            if (p.segments[i].offset + p.segments[i].file_bytes > size || p.segments[i].address % 4096 != 0)
                abort();
    return 0;
}
