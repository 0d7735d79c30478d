/* Codes of THROW by name. */
#ifndef FORTH_THROW_H
#define FORTH_THROW_H

enum forth_throw {
#define FORTH_THROW(code, name, text) THROW_##name = code,
#include "spec/forth_throw.def"
};

#endif
