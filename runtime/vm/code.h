/* Code as it lies in the shared arena, after the loader has verified a unit and vm/load.c has laid it out.
 * Immutable, shared by every domain; what is private to a domain hangs off its struct link.
 *
 * Invariants:
 *  C1  A unit, its protos, code, maps and literals lie in one arena segment and live and die together.
 *  C2  Literals are SHARED objects of that segment (or of the boot image).
 *  C3  unit->index is unique among living units; every domain's links[] is indexed by it. */
#ifndef RUNTIME_VM_CODE_H
#define RUNTIME_VM_CODE_H

#include "loader/bytecode/format.h"
#include "runtime/value/value.h"
#include "spec/limits.h"

/* One arity of a function, ready to run. */
struct arity {
    const struct insn *entry;
    struct proto *proto;
    uint32_t frame_bytes; /* register_count in bytes */
    uint32_t insn_count;
    uint16_t fixed_count, register_count; /* register_count includes every call window the code opens */
    uint16_t flags;                       /* PROTO_ */
    uint16_t live_stride;                 /* bytes per instruction in live */
    uint32_t region_count, position_count, local_count;
    const uint8_t *live;
    const struct region_record *regions;
    const struct position_record *positions;
    const struct local_record *locals;
};

/* A function: what an FN object's first word points to. */
struct proto {
    struct unit *unit;
    uint32_t unit_index; /* = unit->index, here to save a load in calls */
    uint16_t upvalue_count;
    uint16_t arity_count;
    struct arity *exact[ARITY_TABLE]; /* by argument count; NULL: not an exact match, take the slow path */
    struct arity *variadic;           /* or NULL */
    value name;                       /* symbol or string, or NIL */
    uint32_t index;                   /* of its (first) record in the unit */
    uint32_t epoch;                   /* last code collection that saw it in use (atomic, relaxed) */
    struct arity arities[];
};

struct unit {
    uint64_t segment_bytes;
    uint32_t index;
    uint32_t proto_count, literal_count, global_count;
    struct proto **protos; /* by record index; NULL for later arities */
    const value *literals;
    const value *globals; /* symbols */
    const struct insn *code;
    value source; /* string, or NIL */
    value file;   /* string, or NIL */
    const uint8_t
        *bytes; /* the verified unit it was made from (for push-code, the image, the disassembler) */
};

/* What one domain keeps of one unit: where its globals are.  Built at the unit's first call in the domain.
 *
 * A hint is where the last call through the global went: words that may be stale or from different calls.  The call compares
 * them with what it finds along the chain cell, closure, prototype, arity; but the processor, which predicts that they are
 * equal, need not wait for that chain to go on in the callee. */
struct link_global {
    struct cell *cell;             /* the domain's */
    const struct insn *entry_hint; /* atomic, relaxed */
    struct link *link_hint;        /* atomic, relaxed */
};
struct link {
    struct unit *unit;
    const value *literals;        /* = unit->literals */
    struct link_global globals[]; /* by global index */
};

/* A global of a domain.  Redefinition is one atomic store to content. */
struct cell {
    value content;    /* VAL_UNBOUND: declared only */
    value symbol;     /* qualified, SHARED */
    value meta;       /* SHARED map: :doc :arglists :macro :dynamic :private :line :file ... or NIL */
    value definition; /* SHARED map: :source :provenance :history ..., or NIL */
    uint32_t flags;   /* CELL_ */
    uint32_t index;   /* in the domain's cell table */
};
#define CELL_MACRO 1u
#define CELL_DYNAMIC 2u
#define CELL_PRIVATE 4u
#define CELL_VM_MASK 0xffff0000u /* the interpreter's own: domain_define() keeps these */

/* Frame of an interpreted function, on the stack of its process, base = &R[0]:
 *   base[-3]  the closure that runs (an FN value); becomes the caller's R[a], where the result goes
 *   base[-2]  the caller's struct link *, raw; in its top 16 bits the register at which the call's window begins
 *   base[-1]  the caller's next instruction (const struct insn *), raw
 *   base[0] ... base[register_count - 1]
 * The caller's base is base - 3 - window.  (The call instruction says where its window is, too; but it would be one load more
 * to wait for at every return.)
 * The caller of the outermost function is a frame of the runtime's own: see frames.h. */
#define FRAME_CLOSURE (-3)
#define FRAME_LINK (-2)
#define FRAME_RETURN (-1)
static inline value frame_link_word(const struct link *caller, uint32_t window)
{
    return (value)(uintptr_t)caller | (value)window << 48;
}
static inline struct link *frame_link(value word)
{
    return (struct link *)(uintptr_t)(word << 16 >> 16);
}
static inline uint32_t frame_window(value word)
{
    return (uint32_t)(word >> 48);
}

#endif
