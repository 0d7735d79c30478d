/* Values: how every Lonala datum is represented.  docs/design/values.md gives the reasons.
 *
 * A value is one 64-bit word, told apart by its top 16 bits:
 *   0x0000            a pointer to an object (8-byte aligned, >= 4096) or a special (low three bits nonzero)
 *   0x0001 .. 0xFFF1  a double, its bits plus 2^48 (every NaN is stored as the one canonical NaN)
 *   0xFFF4            never a value: the header word of an object
 *   0xFFF8 .. 0xFFFF  a fixnum: 51-bit two's complement in the low bits
 *
 * Invariants:
 *  V1  A value never points into the middle of an object.
 *  V2  A number has one representation: an integer in fixnum range is never a BIGINT, a ratio never has denominator 1.
 *  V3  A SHARED object points to SHARED objects only.  It is immutable and may lie in read-only memory.
 *  V4  Sentinels (VAL_ABSENT and beyond) never reach a register that a program can see. */
#ifndef RUNTIME_VALUE_VALUE_H
#define RUNTIME_VALUE_VALUE_H

#include "base/types.h"

typedef uint64_t value;

/* ---- specials: truthiness is one comparison, since nil and false differ in bit 2 only ---- */
#define NIL ((value)0x02)
#define FALSE_ ((value)0x06)
#define TRUE_ ((value)0x0e)
#define VAL_UNBOUND ((value)0x0a) /* the content of a cell that was declared and not yet defined */

/* Sentinels: results of C functions, never seen by programs. */
#define VAL_ABSENT ((value)0x12) /* no such key, index, message, ... */
#define VAL_ERROR ((value)0x1a)  /* an error was raised: see process_fail() */
#define VAL_YIELD ((value)0x22)  /* reductions used up: call again with the same arguments (state is in p->prim_state) */
#define VAL_TRAP ((value)0x2a)   /* continue in the Lonala function p->trap, with the same arguments */
#define VAL_SUSPEND ((value)0x32)/* the process has to wait; it runs the same primitive again when woken */
#define VAL_SLOW ((value)0x3a)   /* a bounded operation ran out of its bound: take the resumable way */
#define VAL_EXIT ((value)0x42)   /* the process ends; the reason is in p->exit_reason */

static inline bool is_sentinel(value v) { return v - VAL_ABSENT <= VAL_EXIT - VAL_ABSENT; }
static inline bool truthy(value v) { return (v & ~(value)4) != NIL; }
static inline bool falsy(value v) { return (v & ~(value)4) == NIL; }
static inline value from_bool(bool b) { return b ? TRUE_ : FALSE_; }

/* ---- characters: code point << 8 | 1 ---- */
static inline bool is_char(value v) { return (v & 0xffffffff000000ffull) == 1; }
static inline value from_char(uint32_t c) { return (value)c << 8 | 1; }
static inline uint32_t to_char(value v) { return (uint32_t)(v >> 8); }

/* ---- fixnums ---- */
#define FIXNUM_TAG 0xfff8000000000000ull
#define FIXNUM_BITS 51
#define FIXNUM_MAX ((int64_t)0x3ffffffffffff)
#define FIXNUM_MIN (-FIXNUM_MAX - 1)
static inline bool is_fixnum(value v) { return v >= FIXNUM_TAG; }
static inline bool both_fixnum(value a, value b) { return (a & b) >= FIXNUM_TAG; }
static inline bool fits_fixnum(int64_t i) { return i >= FIXNUM_MIN && i <= FIXNUM_MAX; }
static inline value from_fixnum(int64_t i) { return (value)i | FIXNUM_TAG; } /* pre: fits_fixnum(i) */
static inline int64_t to_fixnum(value v) { return (int64_t)(v << 13) >> 13; }

/* ---- doubles ---- */
#define DOUBLE_OFFSET 0x0001000000000000ull
#define NAN_BITS 0x7ff8000000000000ull
static inline bool is_double(value v) { return v - DOUBLE_OFFSET <= 0xfff0000000000000ull; }
static inline value from_double(double d)
{
    uint64_t bits = 0;
    if (UNLIKELY(d != d)) return NAN_BITS + DOUBLE_OFFSET;
    __builtin_memcpy(&bits, &d, 8);
    return bits + DOUBLE_OFFSET;
}
static inline double to_double(value v)
{
    double d;
    v -= DOUBLE_OFFSET;
    __builtin_memcpy(&d, &v, 8);
    return d;
}

/* ---- objects ---- */
enum object_type {
#define OBJ(NAME, name, raw, layout) T_##NAME,
#include "spec/objects.def"
#undef OBJ
    T_COUNT
};
enum object_layout { LAYOUT_VALUES, LAYOUT_RAW, LAYOUT_NODE };

/* Header: 0xFFF4 | type (8 bits) | flags (8) | payload size in words (32; for NODE: edit token 24 | size 8).
 * A moved object's header is replaced by the pointer to its new place: the top 16 bits tell. */
#define HEADER_TAG 0xfff4000000000000ull
#define OBJ_OLD 0x01u        /* in the old generation of its process */
#define OBJ_SHARED 0x02u     /* outside every process heap: code literals, definitions, segments; immutable */
#define OBJ_MARK 0x04u       /* collector's mark */
#define OBJ_REMEMBERED 0x08u /* old and in the remembered set */
#define OBJ_META 0x10u       /* the last payload word is metadata */
#define OBJ_A 0x20u          /* meaning by type: see spec/objects.def */
#define OBJ_B 0x40u
#define OBJ_C 0x80u

struct object {
    uint64_t header;
    value p[]; /* payload */
};

static inline bool is_ptr(value v) { return (v & 0xffff000000000007ull) == 0; }
static inline struct object *to_obj(value v) { return (struct object *)(uintptr_t)v; }
static inline value from_obj(const void *o) { return (value)(uintptr_t)o; }

static inline enum object_type header_type(uint64_t h) { return (enum object_type)(h >> 40 & 0xff); }
static inline uint32_t header_flags(uint64_t h) { return (uint32_t)(h >> 32 & 0xff); }
static inline uint64_t make_header(enum object_type t, uint32_t flags, uint32_t size_words)
{
    return HEADER_TAG | (uint64_t)t << 40 | (uint64_t)(flags & 0xff) << 32 | size_words;
}
static inline bool is_header(uint64_t w) { return w >> 48 == 0xfff4; }

static inline enum object_type obj_type(const struct object *o) { return header_type(o->header); }
static inline bool obj_has(const struct object *o, uint32_t flags) { return (header_flags(o->header) & flags) != 0; }

/* True if v is an object of type t. */
static inline bool is_type(value v, enum object_type t) { return is_ptr(v) && obj_type(to_obj(v)) == t; }
/* The type of an object, or T_COUNT for an immediate. */
static inline enum object_type type_of(value v) { return is_ptr(v) ? obj_type(to_obj(v)) : T_COUNT; }

/* Layout tables, indexed by type (runtime/value/object.c). */
struct object_info {
    const char *name;
    uint8_t raw_words;
    uint8_t layout;
};
extern const struct object_info object_info[T_COUNT];

/* Payload size in words, whatever the type. */
static inline uint32_t obj_size(const struct object *o)
{
    enum object_type t = obj_type(o);
    return (uint32_t)o->header & (t == T_VNODE || t == T_HNODE ? 0xffu : 0xffffffffu);
}
/* Edit token of a node (VNODE, HNODE): the transient that may change it in place, 0 for none.
 * Tokens are numbers of one process, from p->edit_token; so a copy for any other heap (a message, a SHARED object) has
 * token 0, see header_without_token().  When the counter is used up, PROC_CLEAR_TOKENS asks the next collection to begin
 * anew: gc/tokens.c. */
#define EDIT_TOKEN_MAX 0xffffffu
static inline uint64_t header_without_token(uint64_t h)
{
    enum object_type t = header_type(h);
    return t == T_VNODE || t == T_HNODE ? h & ~((uint64_t)EDIT_TOKEN_MAX << 8) : h;
}
static inline uint32_t node_token(const struct object *o) { return (uint32_t)o->header >> 8; }

/* Metadata of any object, or NIL. */
static inline value obj_meta(value v)
{
    if (!is_ptr(v) || !obj_has(to_obj(v), OBJ_META)) return NIL;
    return to_obj(v)->p[obj_size(to_obj(v)) - 1];
}

#endif
