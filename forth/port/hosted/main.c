/* `lona forth [OPTION...] [FILE...]`: files are interpreted in turn, then, unless there were some, lines from the console. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
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
    bool interactive, quiet, vm0;
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
static int run_items(struct forth *f, int argc, char **argv)
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
        if (status == THROW_QUIT) return -1;
        if (status != 0) {
            forth_report(f, status);
            return 1;
        }
    }
    return -1;
}

int forth_main(int argc, char **argv)
{
    struct arguments a = {.config = {.native = true}};
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
    struct vm *root = arbiter_root(port, f, a.quiet);
    signal(SIGINT, on_interrupt);
    code = run_items(f, argc, argv);
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
