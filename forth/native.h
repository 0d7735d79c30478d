/* What the translator's own files share.
 *
 * Registers while native code runs: CTX the instance, SP the stack pointer (at the item under those in registers), MEM the data
 * space's bias, LIMIT the greatest offset of a cell in it, INDEX and FUDGE the innermost loop's (index - limit ^ MIN).  The others
 * hold items of the stack.  Between blocks and calls just the top item is in a register (TOP), the rest in memory.  Items of the
 * return stack and locals lie on the machine's stack, at places known from the code alone.
 *
 * A word keeps INDEX and FUDGE.  A status other than 0 leaves by the throw stub, which takes the stack of the last entry from C. */
#ifndef FORTH_NATIVE_H
#define FORTH_NATIVE_H

#include "forth/internal.h"
#include "loader/emit/emit.h"

#define CTX X86_RBX
#define SP_REG X86_R12
#define MEM X86_R13
#define LIMIT X86_R15
#define INDEX X86_R14
#define FUDGE X86_RBP
#define TOP EMIT_R_RESULT

#define NATIVE_BYTES (64u << 20)
#define NATIVE_UNITS 16384 /* longest definition translated */
#define NATIVE_MARGIN 256  /* bytes an instruction's code may take */
#define INLINE_UNITS 10    /* longest definition put in its callers' place */
#define R_MAX 28           /* items on the return stack at once */
#define DEPTH_UNKNOWN INT16_MIN

enum r_kind { R_ITEM, R_LOOP, R_LOCAL };

struct unit_info {
    struct emit_label label;
    uint64_t r_kinds; /* two bits each, the newest lowest */
    int16_t depth;    /* against the entry */
    int16_t known;    /* items at entry that are known to have been there */
    uint8_t r_count;
    bool reached, target, loop_head, bound;
};

/* An item that is not in memory: a constant (reg EMIT_NONE), or a register plus value. */
struct item {
    emit_reg reg;
    int64_t value;
};
#define ITEMS 8

struct slow_path { /* out of line: the end of a quantum at a jump backwards */
    struct emit_label from, to_head;
    uint32_t head;
};
#define SLOW_PATHS 256

struct native_job {
    struct emit e;
    struct forth *f;
    uint32_t word, start, end;
    struct unit_info *info, inline_info[INLINE_UNITS + 2]; /* those of a body put in place: no targets */
    bool dynamic, leaf;
    int recursion; /* effect assumed of the word itself, DEPTH_UNKNOWN: none */
    int exit_depth;
    /* code being made */
    struct item items[ITEMS];
    unsigned count;
    int32_t shift; /* cells between SP and where it would be */
    int depth, known;
    uint64_t r_kinds;
    unsigned r_count;
    struct slow_path slow[SLOW_PATHS];
    unsigned slow_count;
    struct emit_label underflow, overflow, address, division;
    uint32_t begin;
    uint32_t enter, c_call, throw_status; /* fixed code, offsets */
    unsigned levels;                      /* of callees being translated */
};

/* native_flow.c: depths, blocks; false: not for native code. */
bool native_analyse(struct native_job *n);
/* What the code from that unit to the end of its block takes from the stack; *growth what it adds at most. */
int native_need(struct native_job *n, uint32_t at, int *growth);
/* A definition short and straight enough to be put in its callers' place. */
bool native_inlined(struct forth *f, uint32_t word);
/* Effect of a call or primitive, if it is known. */
bool native_effect(struct native_job *n, unsigned op, int64_t arg, int *in, int *net);
/* native_ops.c: one instruction; false: not for native code. */
bool native_op(struct native_job *n, uint32_t *at);
void native_flush(struct native_job *n);  /* just the top item in TOP, SP exact */
void native_spill(struct native_job *n);  /* everything in memory, SP exact */
void native_reload(struct native_job *n); /* the state between blocks */
void native_check(struct native_job *n, int need);
void native_c_call(struct native_job *n, cell (*function)(struct forth *, uint32_t), uint32_t argument);
void native_segment(struct native_job *n, uint32_t at); /* checks that what begins here needs */

#endif
