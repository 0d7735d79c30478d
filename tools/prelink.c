/* Brings up the language with the machine's own runtime, on the build machine, and writes its memory as an image.
 *
 *     prelink RUNTIME.elf.debug LIB-FOLDER IMAGE
 *
 * The runtime is mapped at the addresses it is linked to, so that the image holds the right addresses of code.  This program is linked
 * against those addresses; the runtime's own port to the kernel is replaced in memory by jumps to the hosted one.  Linux only. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/boot.h"
#include "runtime/port/hosted/hosted.h"
#include "runtime/sched/image.h"

static const struct replacement {
    const char *name;
    void *function;
} replacements[] = {
#define KERNEL_WORD(...)
#define WORD(number, name, function, arguments, capability, errors, doc) {#function, (void *)function},
#include "spec/words.def"
    {"port_interrupt_watch", (void *)port_interrupt_watch},
    {"port_word", (void *)port_word},
    {"port_device_claim", (void *)port_device_claim},
    {"port_device_event", (void *)port_device_event},
    {"port_image_begin", (void *)port_image_begin},
    {"port_image_write", (void *)port_image_write},
    {"port_image_map", (void *)port_image_map},
};

static NORETURN void fail(const char *what)
{
    fprintf(stderr, "prelink: %s\n", what);
    exit(1);
}

static const uint8_t *open_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0) fail("the runtime cannot be read");
    const uint8_t *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) fail("the runtime cannot be read");
    close(fd);
    return at;
}

static void map_segments(const uint8_t *file)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
    const Elf64_Phdr *p = (const Elf64_Phdr *)(file + e->e_phoff);
    for (int i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type != PT_LOAD || p[i].p_memsz == 0) continue;
        void *at = (void *)p[i].p_vaddr;
        if (mmap(at, p[i].p_memsz, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
            fail("the runtime's addresses are taken");
        memcpy(at, file + p[i].p_offset, p[i].p_filesz);
    }
}

/* movabs rax, function; jmp rax: 12 bytes; functions are 16 apart. */
static void jump_to(uint64_t at, void *function)
{
    uint8_t code[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    memcpy(code + 2, &function, sizeof function);
    memcpy((void *)at, code, sizeof code);
}

static void *replacement_of(const char *name)
{
    for (unsigned i = 0; i < COUNT_OF(replacements); i++)
        if (strcmp(replacements[i].name, name) == 0) return replacements[i].function;
    return NULL;
}

static unsigned replace_port(const uint8_t *file)
{
    const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *s = (const Elf64_Shdr *)(file + e->e_shoff);
    unsigned count = 0;
    for (int i = 0; i < e->e_shnum; i++) {
        if (s[i].sh_type != SHT_SYMTAB) continue;
        const char *names = (const char *)file + s[s[i].sh_link].sh_offset;
        const Elf64_Sym *symbols = (const Elf64_Sym *)(file + s[i].sh_offset);
        for (uint64_t j = 0; j < s[i].sh_size / sizeof *symbols; j++) {
            void *function = replacement_of(names + symbols[j].st_name);
            if (function == NULL || symbols[j].st_shndx == SHN_UNDEF) continue;
            jump_to(symbols[j].st_value, function);
            count++;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 4) fail("usage: prelink RUNTIME.elf.debug LIB-FOLDER IMAGE");
    const uint8_t *file = open_file(argv[1]);
    map_segments(file);
    if (replace_port(file) != COUNT_OF(replacements)) fail("the runtime lacks functions of the port");
    struct port *port = port_hosted_new();
    struct system_options o = {.schedulers = 1};
    port_image_begin(port);
    struct system *s = system_new(port, &o);
    s->lib_root = argv[2];
    if (!boot_language(s)) fail("the language does not come up");
    if (!system_write_image(s, argv[3], 0)) fail("the image cannot be written");
    return 0;
}
