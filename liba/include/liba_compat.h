/* What command-line programs expect of a host and wasi-libc leaves out: declared here, defined in liba/compat.c, answered with
 * "there is none" (errno ENOSYS).  Force it into a program's files with `-include liba_compat.h`. */
#ifndef LIBA_INCLUDE_LIBA_COMPAT_H
#define LIBA_INCLUDE_LIBA_COMPAT_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>

/* Locks of files: fcntl refuses them (EINVAL). */
#ifndef F_RDLCK
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#endif

#define L_tmpnam 20
#define TMP_MAX 1
int system(const char *command);
char *tmpnam(char *name);
FILE *tmpfile(void);
FILE *popen(const char *command, const char *mode);
int pclose(FILE *stream);
mode_t umask(mode_t mask);
int chmod(const char *path, mode_t mode);
int fchmod(int file, mode_t mode);
int fchown(int file, uid_t owner, gid_t group);
int chown(const char *path, uid_t owner, gid_t group);
uid_t getuid(void), geteuid(void);
gid_t getgid(void), getegid(void);
int isatty(int file);

#endif
