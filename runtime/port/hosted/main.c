/* The `lona` program: makes a runtime, brings up the language from source, hands over to lona.main/main. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/boot.h"
#include "runtime/port/hosted/hosted.h"
#include "runtime/sched/image.h"

#define EXIT_FAULT 70

#define COMMAND(name, function, what) int function(int argc, char **argv);
#include "runtime/port/hosted/commands.def"
#undef COMMAND

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, function, what) {name, function},
#include "runtime/port/hosted/commands.def"
#undef COMMAND
    {NULL, NULL},
};

static const struct command *find_command(int argc, char **argv)
{
    const struct command *c = commands;
    while (c->name != NULL && (argc < 2 || strcmp(argv[1], c->name) != 0)) c++;
    return c->name != NULL ? c : NULL;
}

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
    char *end;
    *out = strtoull(argument + size + 1, &end, 10);
    return *end == 0 && end != argument + size + 1; /* else lona.main complains */
}

/* What the library's sources look like: an image made from other ones is stale. */
static uint64_t fingerprint(const char *root)
{
    char path[PATH_MAX + 300];
    uint64_t all = 0;
    snprintf(path, sizeof path, "%s/lona", root);
    DIR *d = opendir(path);
    if (d == NULL) return 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        snprintf(path, sizeof path, "%s/lona/%s", root, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0) continue;
        uint64_t one = 0xcbf29ce484222325u;
        for (const char *c = e->d_name; *c != 0; c++) one = (one ^ (uint8_t)*c) * 0x100000001b3u;
        uint64_t facts[] = {(uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
        for (unsigned i = 0; i < COUNT_OF(facts); i++) one = (one ^ facts[i]) * 0x9e3779b97f4a7c15u;
        all += one ^ one >> 29; /* in whatever order the directory has them */
    }
    closedir(d);
    return all;
}

struct start {
    struct system_options options;
    const char *write_image; /* bring the language up, write it there, end */
    bool no_image;
    int first; /* argument that is not the runtime's */
};

/* Options for the runtime come first; all else is lona.main's. */
static void read_options(struct start *o, int argc, char **argv)
{
    uint64_t n;
    for (o->first = 1; o->first < argc; o->first++) {
        const char *argument = argv[o->first];
        if (number_option(argument, "--schedulers", &n))
            o->options.schedulers = (unsigned)n;
        else if (number_option(argument, "--memory", &n))
            o->options.memory_bytes = n << 20;
        else if (strcmp(argument, "--no-image") == 0)
            o->no_image = true;
        else if (strcmp(argument, "--write-image") == 0 && o->first + 1 < argc)
            o->write_image = argv[++o->first];
        else
            break;
    }
}

/* The image beside the program, if it is of this program and these sources. */
static struct system *open_image(struct port *port, const struct start *o, uint64_t sources)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 7);
    if (n <= 0 || o->no_image || o->write_image != NULL) return NULL;
    memcpy(path + n, ".image", 7);
    return system_open_image(port, path, sources, &o->options);
}

static int write_image(struct system *s, const char *path, uint64_t sources)
{
    if (system_write_image(s, path, sources)) return 0;
    fprintf(stderr, "lona: the image %s cannot be written\n", path);
    return EXIT_FAULT;
}

int main(int argc, char **argv)
{
    char root[PATH_MAX];
    struct start o = {0};
    const struct command *command = find_command(argc, argv);
    if (command != NULL) return command->run(argc - 1, argv + 1);
    read_options(&o, argc, argv);
    struct port *port = port_hosted_new();
    if (port == NULL) return EXIT_FAULT;
    const char *library = find_library(root);
    uint64_t sources = fingerprint(library);
    struct system *s = open_image(port, &o, sources);
    bool up = s != NULL;
    if (o.write_image != NULL) {
        port_image_begin(port);
        o.options.schedulers = 1;
    }
    if (s == NULL) s = system_new(port, &o.options);
    s->lib_root = library;
    if (library[0] == 0) fprintf(stderr, "lona: the library (lib/lona) was not found; set LONA_LIB\n");
    int code = EXIT_FAULT;
    if (!up && library[0] != 0) up = boot_language(s);
    if (up && o.write_image != NULL)
        code = write_image(s, o.write_image, sources);
    else if (up)
        code = boot_main(s, argc - o.first, argv + o.first);
    system_stop_all(s);
    port_hosted_restore_terminal(port);
    fflush(NULL);
#if defined(LONA_ASAN)
    bool clean = true;
#else
    bool clean = getenv("LONA_CLEAN_EXIT") != NULL;
#endif
    if (clean) { /* for leak checkers; otherwise the host frees faster */
        system_free(s);
        port_hosted_free(port);
    }
    return code;
}
