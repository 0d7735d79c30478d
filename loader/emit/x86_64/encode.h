/* Instruction encoding of x86_64: prefixes, REX or VEX, opcode map, ModRM, SIB.  Private to loader/emit/x86_64.
 * Source: Intel SDM volume 2, chapter 2. */
#ifndef LOADER_EMIT_X86_64_ENCODE_H
#define LOADER_EMIT_X86_64_ENCODE_H

#include "loader/emit/emit.h"
#include "base/mem.h"

/* An opcode: the byte, its map, its mandatory prefix. */
enum {
    MAP_0F = 1 << 8,
    MAP_0F38 = 2 << 8,
    MAP_0F3A = 3 << 8,
    PREFIX_66 = 1 << 10,
    PREFIX_F3 = 2 << 10,
    PREFIX_F2 = 3 << 10,
    BYTE_REG = 1 << 12, /* reg is a byte register: sil and its like need a REX prefix */
    BYTE_RM = 1 << 13,
};

/* Room for the longest instruction and the data that may follow it.  After an overflow writing goes on at the begin. */
static inline uint8_t *x86_room(struct emit *e)
{
    if (UNLIKELY(e->end - e->at < 32)) {
        e->overflow = true;
        e->at = e->begin;
    }
    return e->at;
}

static inline uint8_t *x86_opcode(uint8_t *p, uint32_t op, unsigned rex)
{
    unsigned prefix = op >> 10 & 3, map = op >> 8 & 3;
    if (prefix) *p++ = prefix == 1 ? 0x66 : prefix == 2 ? 0xf3 : 0xf2;
    if (rex) *p++ = (uint8_t)(0x40 | rex);
    if (map) {
        *p++ = 0x0f;
        if (map > 1) *p++ = map == 2 ? 0x38 : 0x3a;
    }
    *p++ = (uint8_t)op;
    return p;
}

static inline unsigned x86_force(uint32_t op, unsigned reg, unsigned rm)
{
    return ((op & BYTE_REG) && reg >= 4) || ((op & BYTE_RM) && rm >= 4) ? 0x40 : 0;
}

static inline uint8_t *x86_put32(uint8_t *p, uint32_t v)
{
    __builtin_memcpy(p, &v, 4);
    return p + 4;
}

/* ModRM, SIB and displacement of a memory operand. */
static inline uint8_t *x86_memory(uint8_t *p, unsigned reg, struct emit_mem m)
{
    unsigned r = (reg & 7) << 3, base = m.base & 7;
    bool sib = m.index != EMIT_NONE || base == 4;
    unsigned mod = m.disp == 0 && base != 5 ? 0 : m.disp == (int8_t)m.disp ? 1 : 2;
    *p++ = (uint8_t)(mod << 6 | r | (sib ? 4 : base));
    if (sib) *p++ = (uint8_t)(m.scale << 6 | (m.index == EMIT_NONE ? 4 : (m.index & 7)) << 3 | base);
    if (mod == 1) *p++ = (uint8_t)m.disp;
    if (mod == 2) p = x86_put32(p, (uint32_t)m.disp);
    return p;
}

static inline unsigned x86_rex_memory(unsigned w, unsigned reg, struct emit_mem m)
{
    return w << 3 | (reg >> 3) << 2 | (m.index != EMIT_NONE ? (m.index >> 3) << 1 : 0) | m.base >> 3;
}

/* op reg, rm */
static inline void x86_rr(struct emit *e, uint32_t op, unsigned w, unsigned reg, unsigned rm)
{
    uint8_t *p = x86_room(e);
    p = x86_opcode(p, op, w << 3 | (reg >> 3) << 2 | rm >> 3 | x86_force(op, reg, rm));
    *p++ = (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7));
    e->at = p;
}
static inline void x86_rm(struct emit *e, uint32_t op, unsigned w, unsigned reg, struct emit_mem m)
{
    uint8_t *p = x86_room(e);
    p = x86_opcode(p, op, x86_rex_memory(w, reg, m) | x86_force(op & ~BYTE_RM, reg, 0));
    e->at = x86_memory(p, reg, m);
}
/* Immediates follow the instruction that was just emitted; its room covers them. */
static inline void x86_imm8(struct emit *e, int value)
{
    *e->at++ = (uint8_t)value;
}
static inline void x86_imm32(struct emit *e, uint32_t value)
{
    e->at = x86_put32(e->at, value);
}

/* op reg, [code + target]; trailing: bytes of the immediate that follows */
static inline void x86_rip(struct emit *e, uint32_t op, unsigned reg, uint32_t target, unsigned trailing)
{
    uint8_t *p = x86_room(e);
    p = x86_opcode(p, op, (reg >> 3) << 2);
    *p++ = (uint8_t)((reg & 7) << 3 | 5);
    e->at = x86_put32(p, target - ((uint32_t)(p - e->begin) + 4 + trailing));
}

static inline uint8_t *x86_vex(uint8_t *p, uint32_t op, unsigned w, unsigned rxb, unsigned v)
{
    unsigned prefix = op >> 10 & 3, map = op >> 8 & 3, inverted = ~rxb & 7;
    if (map == 1 && !w && !(rxb & 3)) {
        *p++ = 0xc5;
        *p++ = (uint8_t)((inverted >> 2) << 7 | (~v & 15) << 3 | prefix);
    } else {
        *p++ = 0xc4;
        *p++ = (uint8_t)(inverted << 5 | map);
        *p++ = (uint8_t)(w << 7 | (~v & 15) << 3 | prefix);
    }
    *p++ = (uint8_t)op;
    return p;
}
/* op reg, v, rm with a VEX prefix, 128 bits; v 0 where the instruction has no such operand (it is encoded inverted as 1111). */
static inline void x86_vrr(struct emit *e, uint32_t op, unsigned w, unsigned reg, unsigned v, unsigned rm)
{
    uint8_t *p = x86_room(e);
    p = x86_vex(p, op, w, (reg >> 3) << 2 | rm >> 3, v);
    *p++ = (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7));
    e->at = p;
}
static inline void x86_vrm(struct emit *e, uint32_t op, unsigned w, unsigned reg, unsigned v,
                           struct emit_mem m)
{
    uint8_t *p = x86_room(e);
    p = x86_vex(p, op, w, x86_rex_memory(0, reg, m), v);
    e->at = x86_memory(p, reg, m);
}
static inline void x86_vrip(struct emit *e, uint32_t op, unsigned reg, unsigned v, uint32_t target,
                            unsigned trailing)
{
    uint8_t *p = x86_room(e);
    p = x86_vex(p, op, 0, (reg >> 3) << 2, v);
    *p++ = (uint8_t)((reg & 7) << 3 | 5);
    e->at = x86_put32(p, target - ((uint32_t)(p - e->begin) + 4 + trailing));
}

static inline bool x86_avx(const struct emit *e)
{
    return e->features & EMIT_FEATURE_AVX;
}

/* A vector register and memory, in the encoding that the processor has. */
static inline void x86_vector_memory(struct emit *e, uint32_t op, emit_reg r, struct emit_mem m)
{
    if (x86_avx(e)) {
        x86_vrm(e, op, 0, r, 0, m);
    } else {
        x86_rm(e, op, 0, r, m);
    }
}

/* The constants that emit_pool() places at the code's begin: offsets. */
enum {
    POOL_F32_SIGN = 0,
    POOL_F32_ABS = 16,
    POOL_F64_SIGN = 32,
    POOL_F64_ABS = 48,
    POOL_NIBBLES = 64,      /* 15 in every byte */
    POOL_BIT_COUNTS = 80,   /* bits set in 0 to 15 */
    POOL_ONE_BYTES = 96,    /* 1 in every byte */
    POOL_ONE_WORDS = 112,   /* 1 in every 16-bit lane */
    POOL_SWIZZLE = 128,     /* 0x70 in every byte */
    POOL_WORD_SIGN = 144,   /* 0x8000 in every 16-bit lane */
    POOL_U32_HIGH = 160,    /* 0x43300000 0x43300000 0 0: exponent of 2^52 */
    POOL_F64_2_52 = 176,    /* 2^52 twice */
    POOL_F64_I32_MAX = 192, /* 2147483647.0 twice */
    POOL_F64_U32_MAX = 208, /* 4294967295.0 twice */
    POOL_F32_2_31 = 224,    /* 2^31 four times */
    POOL_BYTES = 240,
};
/* Offset of a pool constant from the code's begin: the pool stands first, after the jump over nothing. */

/* op d, a, b: with VEX as it is, without by way of moves.  op commutes if commutative. */
void x86_vector(struct emit *e, uint32_t op, bool commutative, emit_reg d, emit_reg a, emit_reg b);

#endif
