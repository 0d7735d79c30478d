/* The bytecode of one top-level form, as flat bytes: what the compiler yields, the verifier accepts, the cache keeps.
 *
 * A unit is position independent; all offsets count from its first byte; all numbers are little-endian.  Same source, same
 * bytes.  docs/design/bytecode.md explains it; the reader of a unit trusts it only after bytecode_verify().
 *
 *   struct unit_header
 *   protos      struct proto_record x proto_count (index 0 is the top-level function, of no parameters)
 *   code        struct insn x code_count, all prototypes one after the other
 *   live        one bitmap per instruction, (register_count + 7) / 8 bytes each, prototype by prototype; padded to 8 bytes
 *   regions     struct region_record x region_count
 *   positions   struct position_record x position_count, sorted by instruction
 *   locals      struct local_record x local_count: names of registers, for debuggers only
 *   globals     u32 x global_count: literal index of the (qualified) symbol
 *   literals    u32 x (literal_count + 1): offsets into the data section; then the data: serialised values (below)
 *
 * Collector maps and definite initialisation in one table: live(i) is the set of registers of the frame that hold a value
 * still needed when instruction i is about to run.  The rules, all local (the verifier checks them in one pass):
 *   B1  live(first) is a subset of the parameters.
 *   B2  uses(i) is a subset of live(i).
 *   B3  for each successor s of i: live(s) is a subset of live(i) with defs(i) added (and what i clobbers taken away).
 * A frame suspended in a call at i holds live(i+1) without the result register.
 *  B4  In a region, with L = live(handler) without the region's register: L is a subset of live(i) for each i of the region;
 *      a CATCH region's register is in live(i), too, and was set by a TOKEN right before the region; no call in the region has
 *      its result in L or in that register; the region does not end in a call.
 *  B5  Only LOOP, RECV_SKIP, RECV_WAIT, RECV_WAITT and the tests of loops (flow BACK) jump backward, and each is a safepoint
 *      before it does anything: whatever loops pays reductions. */
#ifndef LOADER_BYTECODE_FORMAT_H
#define LOADER_BYTECODE_FORMAT_H

#include "base/types.h"

struct insn {
    uint16_t op, a, b, c;
};
static inline int32_t insn_bc(struct insn i)
{
    return (int32_t)((uint32_t)i.b | (uint32_t)i.c << 16);
}

enum opcode {
#define OP(NAME, name, a, b, c, flow, doc) OP_##NAME,
#include "spec/opcodes.def"
#undef OP
    OP_COUNT
};

#define UNIT_MAGIC 0x31554c4eu /* "NLU1" */
#define UNIT_VERSION 2

struct unit_header {
    uint32_t magic, version;
    uint32_t total_bytes;
    uint32_t proto_count, code_count, region_count, position_count, local_count, global_count, literal_count;
    uint32_t protos, code, live, regions, positions, locals, globals, literals,
        data;                /* offsets of the sections */
    uint32_t source_literal; /* literal: source text of the form, or UINT32_MAX */
    uint32_t file_literal;   /* literal: file name, or UINT32_MAX */
    uint32_t reserved[3];
};

/* One arity of one function.  A function of several arities is a chain: next_arity. */
struct proto_record {
    uint32_t name_literal; /* string or symbol for frames and printing, or UINT32_MAX */
    uint32_t first_insn, insn_count;
    uint32_t live_offset; /* from the start of the live section */
    uint32_t first_region, region_count;
    uint32_t first_position, position_count;
    uint32_t first_local, local_count;
    uint16_t register_count; /* parameters are R[0] .. R[fixed_count - 1], then the rest list if variadic */
    uint16_t fixed_count;
    uint16_t upvalue_count;
    uint16_t flags;      /* PROTO_ */
    uint32_t next_arity; /* index of the record of the next arity of the same function, or UINT32_MAX */
    uint32_t reserved;
};
#define PROTO_VARIADIC 1u    /* R[fixed_count] takes the list of further arguments, nil if none */
#define PROTO_DEBUG 2u       /* compiled to keep every local until its scope ends */
#define PROTO_LATER_ARITY 4u /* not the first of its chain: not named by CLOSURE */
#define PROTO_MACRO 8u

/* Instructions [first, last) are protected.  Inner regions come before outer ones. */
struct region_record {
    uint32_t first, last; /* relative to the prototype's first instruction */
    uint32_t handler;     /* relative, too: where control goes, with only live(handler) and `reg` set */
    uint16_t
        reg; /* CATCH: holds the token while the region runs, receives the value thrown.  CLEANUP: receives
                                the description of the exit, for REUNWIND */
    uint16_t kind; /* REGION_ */
};
#define REGION_CATCH 0
#define REGION_CLEANUP 1

struct position_record {
    uint32_t insn;         /* first instruction (relative to the prototype) that this applies to */
    uint32_t line, column; /* 1-based, in the file */
    uint32_t start, end;   /* byte range of the expression within the form's source text */
};

struct local_record {
    uint32_t name_literal; /* symbol */
    uint32_t first, last;  /* scope: instructions [first, last), relative */
    uint32_t reg;
};

/* Serialised values: one tag byte, then:  (varint: unsigned LEB128; signed ones zigzag) */
enum serial_tag {
    SER_NIL,
    SER_TRUE,
    SER_FALSE,
    SER_INT,     /* signed varint, any size up to 64 bits */
    SER_BIGINT,  /* sign byte, varint limb count, limbs (8 bytes each) */
    SER_RATIO,   /* two integers (values) */
    SER_DOUBLE,  /* 8 bytes */
    SER_CHAR,    /* varint */
    SER_STRING,  /* varint byte size, UTF-8 bytes */
    SER_SYMBOL,  /* flag byte: 1 has ns; [ns string], name string (varint size, bytes) */
    SER_KEYWORD, /* the same */
    SER_LIST,    /* varint count, values */
    SER_VECTOR,
    SER_MAP,
    SER_SET,     /* varint count (entries), values; maps in iteration order, keys and values in turn */
    SER_BINARY,  /* varint size, bytes */
    SER_REGEX,   /* string */
    SER_INSTANT, /* signed varint, microseconds */
    SER_UUID,    /* 16 bytes */
    SER_TAGGED,  /* tag value, form value */
    SER_META,    /* metadata value, then the value that carries it */
    SER_VAR,     /* symbol value */
    SER_SORTED_MAP,
    SER_SORTED_SET, /* as SER_MAP, SER_SET; default order only */
    SER_NEST_END    /* number of tags */
};

#endif
