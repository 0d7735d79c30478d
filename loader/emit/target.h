/* The registers of the machine that code is made for.  Today there is one target; the AArch64 twin is chosen here. */
#ifndef LOADER_EMIT_TARGET_H
#define LOADER_EMIT_TARGET_H

#include "loader/emit/x86_64/target.h"

#endif
