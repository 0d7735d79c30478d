/* The `lona` program: makes a runtime, brings up the language from source, hands over to lona.main/main. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/boot.h"
#include "runtime/port/hosted/hosted.h"

#define EXIT_FAULT 70

static bool has_library(const char *root)
{
    char path[PATH_MAX + 32];
    struct stat s;
    snprintf(path, sizeof path, "%s/lona/boot.order", root);
    return stat(path, &s) == 0;
}

/* $LONA_LIB, else lib/ beside or above the program, as it lies in a checkout (out/lona) or installed (bin/lona). */
static const char *find_library(char root[PATH_MAX])
{
    const char *given = getenv("LONA_LIB");
    if (given != NULL) return snprintf(root, PATH_MAX, "%s", given) < PATH_MAX ? root : "";
    static const char *const places[] = {"lib", "../lib", "../../lib", "../share/lona/lib", "../../../lib"};
    char program[PATH_MAX - 32];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return "";
    program[n] = 0;
    *strrchr(program, '/') = 0;
    for (unsigned i = 0; i < COUNT_OF(places); i++) {
        snprintf(root, PATH_MAX, "%s/%s", program, places[i]);
        if (has_library(root)) return root;
    }
    return "";
}

static bool number_option(const char *argument, const char *name, uint64_t *out)
{
    size_t size = strlen(name);
    if (strncmp(argument, name, size) != 0 || argument[size] != '=') return false;
    *out = strtoull(argument + size + 1, NULL, 10);
    return true;
}

int main(int argc, char **argv)
{
    char root[PATH_MAX];
    struct system_options options = {0};
    int first = 1;
    for (uint64_t n; first < argc;
         first++) { /* options for the runtime come first; all else is lona.main's */
        if (number_option(argv[first], "--schedulers", &n))
            options.schedulers = (unsigned)n;
        else if (number_option(argv[first], "--memory", &n))
            options.memory_bytes = n << 20;
        else
            break;
    }
    struct port *port = port_hosted_new();
    if (port == NULL) return EXIT_FAULT;
    struct system *s = system_new(port, &options);
    s->lib_root = find_library(root);
    if (s->lib_root[0] == 0) fprintf(stderr, "lona: the library (lib/lona) was not found; set LONA_LIB\n");
    int code = EXIT_FAULT;
    if (s->lib_root[0] != 0 && boot_language(s)) code = boot_main(s, argc - first, argv + first);
    system_stop_all(s);
    port_hosted_restore_terminal(port);
    fflush(NULL);
    if (getenv("LONA_CLEAN_EXIT") != NULL) { /* for leak checkers; otherwise the host frees faster */
        system_free(s);
        port_hosted_free(port);
    }
    return code;
}
