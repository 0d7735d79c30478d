/* Calling a word of the kernel on x86-64.  f: the word's number and arguments in, status and results out. */
#ifndef ABI_WORD_H
#define ABI_WORD_H

#include "abi/kernel.h"

#if defined(__x86_64__)
static inline uint64_t word_call(struct word_frame *f)
{
    register uint64_t r10 __asm__("r10") = f->arg[3];
    register uint64_t r8 __asm__("r8") = f->arg[4];
    register uint64_t r9 __asm__("r9") = f->arg[5];
    __asm__ volatile("syscall"
                     : "+a"(f->word), "+D"(f->arg[0]), "+S"(f->arg[1]), "+d"(f->arg[2]), "+r"(r10), "+r"(r8),
                       "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    f->arg[3] = r10;
    f->arg[4] = r8;
    f->arg[5] = r9;
    return f->word;
}

/* The last word of the calling context's page is its own to use: the kernel never looks at it.  It begins as 0. */
#define CONTEXT_LOCAL (PAGE_BYTES - 8)
static inline void *context_local(void)
{
    void *value;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(value) : "i"(CONTEXT_LOCAL));
    return value;
}
static inline void context_set_local(void *value)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(value), "i"(CONTEXT_LOCAL) : "memory");
}
#endif

#endif
