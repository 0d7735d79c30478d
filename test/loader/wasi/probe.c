/* What a command-line module can do and what it cannot: probe WHAT [ARG...].  Prints one line for each thing tried. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, int outcome)
{
    printf("%s %s\n", what, outcome >= 0 ? "ok" : strerror(errno));
}

static void try_open(const char *path)
{
    int fd = open(path, O_RDONLY);
    printf("open %s: %s\n", path, fd >= 0 ? "opened" : "refused");
    if (fd >= 0) close(fd);
}

static void escapes(void)
{
    static const char *const paths[] = {"../secret",           "/etc/passwd", "link",
                                        "folder/../../secret", "out/secret",  "./../secret",
                                        "folder/../inside"};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) try_open(paths[i]);
    printf("rename %s\n", rename("inside", "../stolen") == 0 ? "done" : "refused");
    printf("unlink %s\n", unlink("../secret") == 0 ? "done" : "refused");
    printf("mkdir %s\n", mkdir("../made", 0777) == 0 ? "done" : "refused");
    printf("symlink %s\n", symlink("../secret", "new-link") == 0 ? "done" : "refused");
    printf("create through a link %s\n", open("out/new", O_CREAT | O_WRONLY, 0666) >= 0 ? "done" : "refused");
}

static void files(void)
{
    char text[100];
    struct stat s;
    int fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0666);
    say("open", fd);
    printf("write %d\n", (int)write(fd, "hello world", 11));
    printf("seek %d\n", (int)lseek(fd, -5, SEEK_END));
    printf("read %d\n", (int)read(fd, text, 5));
    printf("text %.5s\n", text);
    printf("pread %d %.4s\n", (int)pread(fd, text, 4, 1), text);
    printf("pwrite %d\n", (int)pwrite(fd, "J", 1, 0));
    say("fstat", fstat(fd, &s));
    printf("size %d regular %d\n", (int)s.st_size, S_ISREG(s.st_mode));
    say("truncate", ftruncate(fd, 4));
    say("close", close(fd));
    fd = open("file", O_WRONLY | O_APPEND);
    printf("append %d\n", (int)write(fd, "!", 1));
    say("close", close(fd));
    say("mkdir", mkdir("d", 0777));
    say("rename", rename("file", "d/file"));
    FILE *f = fopen("d/file", "r");
    printf("contents %s\n", fgets(text, sizeof text, f));
    fclose(f);
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "d/entry-with-a-long-name-%d", i);
        close(open(text, O_CREAT | O_WRONLY, 0666));
    }
    DIR *d = opendir("d");
    int count = 0;
    while (readdir(d)) count++;
    closedir(d);
    printf("entries %d\n", count);
    say("rmdir of a full one", rmdir("d"));
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "d/entry-with-a-long-name-%d", i);
        unlink(text);
    }
    say("unlink", unlink("d/file"));
    say("rmdir", rmdir("d"));
    say("missing", open("missing", O_RDONLY));
    say("exclusive", open("inside", O_CREAT | O_EXCL | O_WRONLY, 0666));
    say("folder as file", open("folder", O_WRONLY));
    int open_files = 0;
    while (open("inside", O_RDONLY) >= 0 && open_files < 5000) open_files++;
    printf("open files %d\n", open_files);
}

static int down(volatile int *p)
{
    volatile int here = *p + 1;
    return down(&here) + here;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    struct timespec t;
    unsigned char bytes[32] = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "arguments") == 0) {
        for (int i = 1; i < argc; i++) printf("%d [%s]\n", i, argv[i]);
        printf("FOO=%s BAR=%s\n", getenv("FOO") ? getenv("FOO") : "-", getenv("BAR") ? getenv("BAR") : "-");
    } else if (strcmp(what, "files") == 0) {
        files();
    } else if (strcmp(what, "escapes") == 0) {
        escapes();
    } else if (strcmp(what, "clock") == 0) {
        printf("clock %s\n",
               clock_gettime(CLOCK_REALTIME, &t) == 0 && t.tv_sec > 1600000000 ? "ok" : "refused");
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        usleep(20000);
        clock_gettime(CLOCK_MONOTONIC, &end);
        long long ns = (end.tv_sec - begin.tv_sec) * 1000000000ll + end.tv_nsec - begin.tv_nsec;
        printf("slept %s\n", ns >= 20000000 ? "ok" : "not");
    } else if (strcmp(what, "random") == 0) {
        int outcome = getentropy(bytes, sizeof bytes), set = 0;
        for (unsigned i = 0; i < sizeof bytes; i++) set += bytes[i] != 0;
        printf("random %s\n", outcome == 0 && set > 20 ? "ok" : "refused");
    } else if (strcmp(what, "copy") == 0) {
        for (int c; (c = getchar()) != EOF;) putchar(c);
    } else if (strcmp(what, "exit") == 0) {
        exit(atoi(argv[2]));
    } else if (strcmp(what, "trap") == 0) {
        __builtin_trap();
    } else if (strcmp(what, "deep") == 0) {
        volatile int zero = 0;
        return down(&zero);
    } else if (strcmp(what, "wild") == 0) {
        return *(volatile int *)0xfffffff0;
    } else if (strcmp(what, "forever") == 0) {
        for (volatile int i = 0;; i++) {
        }
    }
    return 0;
}
