#include "forth/internal.h"
bool native_start(struct forth *f)
{
    return false;
}
void native_translate(struct forth *f, uint32_t word) {}
cell native_run(struct forth *f, uint32_t word)
{
    return THROW_UNSUPPORTED;
}
void native_end(struct forth *f) {}
