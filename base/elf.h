/* Reading of the executables that the loader and the kernel start: static ELF64 for x86-64 or AArch64 at fixed addresses. */
#ifndef BASE_ELF_H
#define BASE_ELF_H

#include "base/types.h"

#define ELF_SEGMENTS 8
enum { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };
enum elf_machine { ELF_X86_64 = 62, ELF_AARCH64 = 183 };

struct elf_segment {
    uint64_t address, memory_bytes; /* page-aligned address; memory_bytes > 0 */
    uint64_t offset, file_bytes;    /* file_bytes <= memory_bytes, inside the file */
    uint32_t flags;                 /* ELF_*; never both WRITE and EXECUTE */
    uint32_t pad;
};

struct elf_program {
    uint64_t entry; /* inside an executable segment */
    uint32_t count, pad;
    struct elf_segment segments[ELF_SEGMENTS]; /* ascending, no page shared */
};

/* NULL: *out is filled and everything in its comments holds, with every segment inside [lowest, limit).  Otherwise what is
 * wrong, in words.  The file need not be aligned. */
const char *elf_read(struct elf_program *out, const void *file, uint64_t size, enum elf_machine machine,
                     uint64_t lowest, uint64_t limit);

#endif
