/* There are no accounts: nobody is found. */
#ifndef LIBA_INCLUDE_PWD_H
#define LIBA_INCLUDE_PWD_H

#include <sys/types.h>

struct passwd {
    char *pw_name, *pw_dir, *pw_shell;
    uid_t pw_uid;
    gid_t pw_gid;
};
struct passwd *getpwuid(uid_t user);
struct passwd *getpwnam(const char *name);

#endif
