/* Calls that need what a module does not have: other programs, users, modes of files. */
#include <errno.h>

#include <pwd.h>

#include "liba_compat.h"

static int refuse(void)
{
    errno = ENOSYS;
    return -1;
}

int system(const char *command)
{
    return command == NULL ? 0 : refuse(); /* C11 7.22.4.8: zero says that there is no command processor */
}

char *tmpnam(char *name)
{
    return NULL;
}

FILE *tmpfile(void)
{
    errno = ENOSYS;
    return NULL;
}

FILE *popen(const char *command, const char *mode)
{
    errno = ENOSYS;
    return NULL;
}

int pclose(FILE *stream)
{
    return refuse();
}

/* Files have no modes and no owners: masks and changes of them are accepted as without effect, since programs treat a refusal as
 * an error of the file. */
mode_t umask(mode_t mask)
{
    return 022;
}

int chmod(const char *path, mode_t mode)
{
    return 0;
}

int fchmod(int file, mode_t mode)
{
    return 0;
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return 0;
}

int fchown(int file, uid_t owner, gid_t group)
{
    return 0;
}

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}

struct passwd *getpwuid(uid_t user)
{
    return NULL;
}

struct passwd *getpwnam(const char *name)
{
    return NULL;
}
