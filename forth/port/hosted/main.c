/* `lona forth [OPTION...] [FILE...]`: files are interpreted in turn, then, unless there were some, lines from the console. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forth/port/hosted/hosted.h"

int forth_main(int argc, char **argv);

static const char usage[] =
    "usage: lona forth [OPTION...] [FILE...]\n"
    "A Forth 2012 system.  Files are interpreted in turn; without any, lines from the console.\n"
    "  -e TEXT          interpret TEXT\n"
    "  -i               the console, after files and texts\n"
    "  --blocks=FILE    blocks lie in FILE (else in blocks.fb if it is there, else in memory)\n"
    "  --memory=MB      size of the data space (64)\n"
    "  --threaded       no translation to machine code\n"
    "  --vm0            as VM[0]: init.fth and its services first\n"
    "  --quiet          no greeting\n"
    "Exit code: 0; 1 after an exception that nothing caught; 2 for a wrong option.\n";

struct arguments {
    struct forth_config config;
    const char *blocks;
    bool interactive, quiet, vm0, no_heat;
    int items; /* files and texts */
};

static void on_interrupt(int signal)
{
    arbiter_interrupt();
}

static int wrong(const char *option)
{
    fprintf(stderr, "lona forth: unknown option %s\n%s", option, usage);
    return 2;
}

/* Options; -1: go on, else the exit code. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(arg, "-i") == 0)
            a->interactive = true;
        else if (strcmp(arg, "--quiet") == 0)
            a->quiet = true;
        else if (strcmp(arg, "--threaded") == 0)
            a->config.native = false;
        else if (strcmp(arg, "--eager") == 0)
            a->config.eager = true;
        else if (strcmp(arg, "--no-heat") == 0)
            a->no_heat = true;
        else if (strcmp(arg, "--vm0") == 0)
            a->vm0 = true;
        else if (strncmp(arg, "--blocks=", 9) == 0)
            a->blocks = arg + 9;
        else if (strncmp(arg, "--memory=", 9) == 0) {
            a->config.data_bytes = strtoull(arg + 9, NULL, 10) << 20;
            if (a->config.data_bytes == 0 || a->config.data_bytes > (uint64_t)1 << 40) return wrong(arg);
        } else if (strcmp(arg, "-e") == 0 && i + 1 < argc) {
            i++;
            a->items++;
        } else if (arg[0] == '-' && arg[1] != 0)
            return wrong(arg);
        else
            a->items++;
    }
    return -1;
}

/* Files and texts in turn; -1: go on, else the exit code. */
static int run_items(struct forth *f, int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        int64_t status;
        int code;
        if (strcmp(argv[i], "-e") == 0) {
            i++;
            status = forth_text(f, argv[i], strlen(argv[i]));
        } else if (argv[i][0] == '-')
            continue;
        else
            status = forth_file(f, argv[i], strlen(argv[i]));
        if (forth_is_bye(f, status, &code)) return code;
        if (status == THROW_QUIT) { /* to the console, as it says */
            a->interactive = true;
            return -1;
        }
        if (status != 0) {
            forth_report(f, status);
            return 1;
        }
    }
    return -1;
}

/* The boot image's block source: "\ Block N:" begins a block, of at most 16 lines of at most 63 characters
 * (the 64th keeps words of two lines apart). */
static bool load_image(struct forth_port *port, const char *path)
{
    char line[256], block[1024];
    unsigned long number = 0, lines = 0;
    FILE *in = fopen(path, "r");
    if (in == NULL) return false;
    port->block_file = -1;
    port->block_count = MEMORY_BLOCKS;
    bool good = true;
    while (good && fgets(line, sizeof line, in) != NULL) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, "\\ Block ", 8) == 0) {
            number = strtoul(line + 8, NULL, 10);
            lines = 0;
            memset(block, ' ', sizeof block);
        }
        good = number > 0 && number <= MEMORY_BLOCKS && lines < 16 && size < 64;
        if (!good) break;
        memcpy(block + 64 * lines++, line, size);
        good = forth_port_block_write(port, number, block) == 0;
    }
    fclose(in);
    return good;
}
static bool find_image(struct forth_port *port)
{
    static const char *const places[] = {"lib", "../lib", "../../lib", "../share/lona/lib"};
    char program[PATH_MAX - 64], path[PATH_MAX];
    const char *given = getenv("LONA_LIB");
    if (given != NULL) {
        snprintf(path, sizeof path, "%s/forth/init.fth", given);
        return load_image(port, path);
    }
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = 0;
    *strrchr(program, '/') = 0;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s/%s/forth/init.fth", program, places[i]);
        if (load_image(port, path)) return true;
    }
    return false;
}
/* As VM[0]: the dictionary is hydrated from block 1 on.  -1: go on, else the exit code. */
static int start_vm0(struct forth_port *port, struct forth *f)
{
    int code;
    if (!find_image(port)) {
        fputs("lona forth: no lib/forth/init.fth, or not in blocks of 16 lines of 63 characters\n", stderr);
        return 1;
    }
    int64_t status = forth_text(f, "1 load", 6);
    if (status == 0) return -1;
    if (forth_is_bye(f, status, &code)) return code;
    forth_report(f, status);
    return 1;
}

int forth_main(int argc, char **argv)
{
    struct arguments a = {.config = {.native = HOST_HAS_TRANSLATOR}};
    int code = read_arguments(argc, argv, &a);
    if (code >= 0) return code;
    struct forth_port *port = forth_port_hosted_new(a.blocks);
    struct forth *f = port == NULL ? NULL : forth_new(port, &a.config);
    if (f == NULL) {
        fprintf(stderr, "lona forth: no memory, or %s cannot be opened\n",
                a.blocks != NULL ? a.blocks : "blocks.fb");
        return 1;
    }
    forth_stack(f, forth_port_stack_low());
    struct vm *root = arbiter_root(port, f, a.quiet, !a.no_heat, a.config.native);
    signal(SIGINT, on_interrupt);
    if (a.vm0) code = start_vm0(port, f);
    if (code < 0) code = run_items(f, argc, argv, &a);
    if (code < 0 && (a.items == 0 || a.interactive)) {
        if (port->terminal && !a.quiet) forth_port_type(port, "Lona Forth.  HELP helps, BYE ends.\n", 35);
        code = forth_console(f);
    }
    forth_port_flush(port);
    arbiter_end(root);
    forth_free(f);
    forth_port_hosted_free(port);
    return code < 0 ? 0 : code;
}
