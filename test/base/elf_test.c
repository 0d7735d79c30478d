/* Executables: a small good one, and what is refused. */
#include "base/elf.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

#define LOWEST 0x400000u
#define LIMIT 0x800000u

static struct file {
    Elf64_Ehdr head;
    Elf64_Phdr segments[ELF_SEGMENTS + 1];
    char data[4096];
} f;
static struct elf_program p;

static void make(unsigned count)
{
    memset(&f, 0, sizeof f);
    memcpy(f.head.e_ident, "\177ELF\2\1\1", 7);
    f.head.e_type = ET_EXEC;
    f.head.e_machine = EM_X86_64;
    f.head.e_phoff = sizeof f.head;
    f.head.e_phentsize = sizeof f.segments[0];
    f.head.e_phnum = (Elf64_Half)count;
    f.head.e_entry = LOWEST + 8;
    for (unsigned i = 0; i < count; i++)
        f.segments[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                     .p_flags = i == 0 ? PF_R | PF_X : PF_R | PF_W,
                                     .p_offset = offsetof(struct file, data),
                                     .p_vaddr = LOWEST + i * 0x2000,
                                     .p_filesz = 4096,
                                     .p_memsz = i == 0 ? 4096 : 8192};
}

static const char *read_it(void)
{
    const char *wrong = elf_read(&p, &f, sizeof f, ELF_X86_64, LOWEST, LIMIT);
    return wrong != NULL ? wrong : "";
}

#define REFUSED(change, why)                                                                                 \
    do {                                                                                                     \
        make(2);                                                                                             \
        change;                                                                                              \
        CHECK(strstr(read_it(), why) != NULL);                                                               \
    } while (0)

int main(void)
{
    make(2);
    CHECK(strcmp(read_it(), "") == 0 && p.count == 2 && p.entry == LOWEST + 8);
    CHECK(p.segments[1].memory_bytes == 8192 && p.segments[1].file_bytes == 4096);
    make(ELF_SEGMENTS);
    CHECK(strcmp(read_it(), "") == 0);
    make(ELF_SEGMENTS + 1);
    CHECK(strstr(read_it(), "too many") != NULL);
    CHECK(strstr(elf_read(&p, &f, 63, ELF_X86_64, LOWEST, LIMIT), "too short") != NULL);
    REFUSED(f.head.e_ident[0] = 0, "no executable");
    REFUSED(f.head.e_machine = EM_AARCH64, "another kind");
    REFUSED(f.head.e_type = ET_DYN, "no executable");
    REFUSED(f.head.e_phoff = sizeof f - 10, "beyond the file");
    REFUSED(f.head.e_phoff = ~0ull, "beyond the file");
    REFUSED(f.head.e_phnum = 0xffff, "beyond the file");
    REFUSED(f.head.e_phnum = 0, "no segments");
    REFUSED(f.head.e_entry = LOWEST + 4096, "entry point");
    REFUSED(f.head.e_entry = LOWEST + 0x2000, "entry point");
    REFUSED(f.segments[0].p_vaddr += 8, "begin at a page");
    REFUSED(f.segments[0].p_vaddr = LOWEST - 4096, "outside");
    REFUSED(f.segments[1].p_vaddr = LIMIT - 4096, "outside");
    REFUSED(f.segments[1].p_memsz = ~0ull, "outside");
    REFUSED(f.segments[1].p_vaddr = ~0xfffull, "outside");
    REFUSED(f.segments[0].p_filesz = 4097, "beyond the file");
    REFUSED(f.segments[1].p_offset = sizeof f - 4095, "beyond the file");
    REFUSED(f.segments[1].p_offset = ~0ull, "beyond the file");
    REFUSED(f.segments[0].p_flags = PF_R | PF_W | PF_X, "writable and executable");
    REFUSED(f.segments[1].p_vaddr = LOWEST, "overlap");
    REFUSED(f.segments[0].p_memsz = 0x2001, "overlap");
    return check_report();
}
