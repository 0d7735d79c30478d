/* The interpreter: one small function an instruction, each ending in a jump to the next.  Here stand the fast ways; a
 * handler that calls C functions would have to save registers on every way, so whatever does stands in slow.c and call.c. */
#include "runtime/vm/interp.h"

#define HANDLER(NAME) static VM_HANDLER enum vm_exit op_##NAME(HANDLER_ARGS)
#define RA base[OPERAND_A(w)]
#define RB base[OPERAND_B(w)]
#define RC base[OPERAND_C(w)]
/* Each way of a branch ends in a dispatch of its own: merged into one with a computed address, the next instruction would
 * have to wait for the comparison, which a predicted branch does not. */
#define OPAQUE(x) __asm__("" : "+r"(x))
#define JUMP_BC()                                                                                            \
    do {                                                                                                     \
        ip += OPERAND_SBC(w);                                                                                \
        OPAQUE(ip);                                                                                          \
        NEXT();                                                                                              \
    } while (0)
#define JUMP_C()                                                                                             \
    do {                                                                                                     \
        ip += OPERAND_SC(w);                                                                                 \
        OPAQUE(ip);                                                                                          \
        NEXT();                                                                                              \
    } while (0)

/* ---- moves, constants, jumps ---- */
HANDLER(NOP)
{
    NEXT();
}
HANDLER(MOVE)
{
    RA = RB;
    NEXT();
}
HANDLER(MOVE2)
{
    value x = RB, y = RC, *to = &RA;
    to[0] = x;
    to[1] = y;
    NEXT();
}
HANDLER(LIT)
{
    RA = link->literals[OPERAND_BC(w)];
    NEXT();
}
HANDLER(INT)
{
    RA = from_fixnum(OPERAND_SBC(w));
    NEXT();
}
HANDLER(SPECIAL)
{
    RA = OPERAND_BC(w);
    NEXT();
}
HANDLER(GLOBAL)
{
    value v = __atomic_load_n(&link->globals[OPERAND_BC(w)].cell->content, __ATOMIC_RELAXED);
    if (UNLIKELY(v == VAL_UNBOUND)) GO(vm_undefined);
    RA = v;
    NEXT();
}
HANDLER(UPVAL)
{
    RA = to_obj(base[FRAME_CLOSURE])->p[1 + OPERAND_B(w)];
    NEXT();
}
HANDLER(SELF)
{
    RA = base[FRAME_CLOSURE];
    NEXT();
}
HANDLER(JMP)
{
    JUMP_BC();
}
HANDLER(LOOP)
{
    if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    JUMP_BC();
}
#define GO_ROUND()                                                                                           \
    do {                                                                                                     \
        if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);                                                \
    } while (0)
HANDLER(LOOPT)
{
    GO_ROUND();
    if (truthy(RA)) JUMP_BC();
    NEXT();
}
HANDLER(LOOPF)
{
    GO_ROUND();
    if (falsy(RA)) JUMP_BC();
    NEXT();
}
HANDLER(JF)
{
    if (falsy(RA)) JUMP_BC();
    NEXT();
}
HANDLER(JT)
{
    if (truthy(RA)) JUMP_BC();
    NEXT();
}
HANDLER(JNNOT)
{
    if (truthy(RA)) JUMP_BC();
    NEXT();
}
HANDLER(JNIL)
{
    if (RA == NIL) JUMP_BC();
    NEXT();
}
HANDLER(JNNIL)
{
    if (RA != NIL) JUMP_BC();
    NEXT();
}

/* ---- numbers.  A fixnum shifted up by 13 bits is its number in the high 51, so that the processor's overflow is ours;
 *      rotated instead of shifted, it keeps its tag in the low bits. ---- */
static inline int64_t high(value v)
{
    return (int64_t)(v << 13);
}
static inline uint64_t rotated(value v)
{
    OPAQUE(v); /* knowing the tag, the compiler would take a slower instruction */
    return v << 13 | v >> 51;
}
static inline value unrotated(uint64_t r)
{
    OPAQUE(r);
    return r >> 13 | r << 51;
}
static inline bool both_double(value x, value y)
{
    return is_double(x) && is_double(y);
}

/* Arithmetic on what should be doubles: every value that is none looks like a NaN when it is taken for one, so the result is
 * a NaN; and a comparison finds it unordered.  (A true NaN goes the slow way, too.) */
#define FLOATING(expression)                                                                                 \
    do {                                                                                                     \
        double result = (expression);                                                                        \
        if (UNLIKELY(result != result)) GO(vm_operator_slow);                                                \
        uint64_t bits = 0;                                                                                   \
        __builtin_memcpy(&bits, &result, sizeof bits);                                                       \
        RA = bits + DOUBLE_OFFSET;                                                                           \
        NEXT();                                                                                              \
    } while (0)

#define ADDITIVE(NAME, overflow, operator)                                                                   \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RB, y = RC;                                                                                \
        if (LIKELY(both_fixnum(x, y))) {                                                                     \
            int64_t r;                                                                                       \
            if (UNLIKELY(overflow((int64_t)rotated(x), high(y), &r))) GO(vm_operator_slow);                  \
            RA = unrotated((uint64_t)r);                                                                     \
            NEXT();                                                                                          \
        }                                                                                                    \
        FLOATING(to_double(x) operator to_double(y));                                                        \
    }                                                                                                        \
    HANDLER(NAME##I)                                                                                         \
    {                                                                                                        \
        value x = RB;                                                                                        \
        int64_t r;                                                                                           \
        if (LIKELY(is_fixnum(x)) && !overflow((int64_t)rotated(x), OPERAND_SC(w) << 13, &r)) {               \
            RA = unrotated((uint64_t)r);                                                                     \
            NEXT();                                                                                          \
        }                                                                                                    \
        FLOATING(to_double(x) operator(double) OPERAND_SC(w));                                               \
    }
ADDITIVE(ADD, __builtin_add_overflow, +)
ADDITIVE(SUB, __builtin_sub_overflow, -)
#define IMMEDIATE_FIRST(NAME, overflow, operator)                                                            \
    HANDLER(I##NAME)                                                                                         \
    {                                                                                                        \
        value y = RC;                                                                                        \
        int64_t r;                                                                                           \
        if (LIKELY(is_fixnum(y)) && !overflow((int64_t)rotated(from_fixnum(OPERAND_SB(w))), high(y), &r)) {  \
            RA = unrotated((uint64_t)r);                                                                     \
            NEXT();                                                                                          \
        }                                                                                                    \
        FLOATING((double)OPERAND_SB(w) operator to_double(y));                                               \
    }
IMMEDIATE_FIRST(ADD, __builtin_add_overflow, +)
IMMEDIATE_FIRST(SUB, __builtin_sub_overflow, -)
/* With a literal, which the compiler takes these for if it is a double; whatever else it is goes the slow way. */
#define WITH_LITERAL(NAME, operator)                                                                         \
    HANDLER(NAME##L)                                                                                         \
    {                                                                                                        \
        FLOATING(to_double(RB) operator to_double(link->literals[OPERAND_C(w)]));                            \
    }                                                                                                        \
    HANDLER(L##NAME)                                                                                         \
    {                                                                                                        \
        FLOATING(to_double(link->literals[OPERAND_B(w)]) operator to_double(RC));                            \
    }
WITH_LITERAL(ADD, +)
WITH_LITERAL(SUB, -)
WITH_LITERAL(MUL, *)
WITH_LITERAL(DIV, /)
#define STEP_BY_ONE(NAME, overflow, operator)                                                                \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RB;                                                                                        \
        int64_t r;                                                                                           \
        if (LIKELY(is_fixnum(x)) && !overflow((int64_t)rotated(x), (int64_t)1 << 13, &r)) {                  \
            RA = unrotated((uint64_t)r);                                                                     \
            NEXT();                                                                                          \
        }                                                                                                    \
        FLOATING(to_double(x) operator(1.0));                                                                \
    }
STEP_BY_ONE(INC, __builtin_add_overflow, +)
STEP_BY_ONE(DEC, __builtin_sub_overflow, -)

HANDLER(MUL)
{
    value x = RB, y = RC;
    if (LIKELY(both_fixnum(x, y))) {
        int64_t r;
        if (UNLIKELY(__builtin_mul_overflow(high(x), to_fixnum(y), &r))) GO(vm_operator_slow);
        RA = (uint64_t)r >> 13 | FIXNUM_TAG;
        NEXT();
    }
    FLOATING(to_double(x) * to_double(y));
}
HANDLER(MULI)
{
    value x = RB;
    int64_t r;
    if (LIKELY(is_fixnum(x)) && !__builtin_mul_overflow(high(x), OPERAND_SC(w), &r)) {
        RA = (uint64_t)r >> 13 | FIXNUM_TAG;
        NEXT();
    }
    FLOATING(to_double(x) * (double)OPERAND_SC(w));
}
HANDLER(IMUL)
{
    value y = RC;
    int64_t r;
    if (LIKELY(is_fixnum(y)) && !__builtin_mul_overflow(high(y), OPERAND_SB(w), &r)) {
        RA = (uint64_t)r >> 13 | FIXNUM_TAG;
        NEXT();
    }
    FLOATING((double)OPERAND_SB(w) * to_double(y));
}
HANDLER(DIV)
{
    value x = RB, y = RC;
    if (both_fixnum(x, y) && y != from_fixnum(0)) {
        int64_t q = to_fixnum(x) / to_fixnum(y);
        if (q * to_fixnum(y) != to_fixnum(x) || !fits_fixnum(q)) GO(vm_operator_slow);
        RA = from_fixnum(q);
        NEXT();
    }
    FLOATING(to_double(x) / to_double(y));
}
/* Division of numbers that fit 32 bits takes a fraction of the time of the full one. */
static inline bool both_small(value x, value y)
{
    return ((x | y) & ~FIXNUM_TAG) >> 32 == 0;
}
HANDLER(QUOT)
{
    value x = RB, y = RC;
    if (UNLIKELY(!both_fixnum(x, y)) || y == from_fixnum(0) || y == from_fixnum(-1)) GO(vm_operator_slow);
    RA = from_fixnum(both_small(x, y) ? (int64_t)((uint32_t)x / (uint32_t)y) : to_fixnum(x) / to_fixnum(y));
    NEXT();
}
HANDLER(REM)
{
    value x = RB, y = RC;
    if (UNLIKELY(!both_fixnum(x, y)) || y == from_fixnum(0)) GO(vm_operator_slow);
    RA = from_fixnum(both_small(x, y) ? (int64_t)((uint32_t)x % (uint32_t)y) : to_fixnum(x) % to_fixnum(y));
    NEXT();
}
HANDLER(MOD)
{
    value x = RB, y = RC;
    if (UNLIKELY(!both_fixnum(x, y)) || y == from_fixnum(0)) GO(vm_operator_slow);
    if (both_small(x, y)) {
        RA = from_fixnum((int64_t)((uint32_t)x % (uint32_t)y));
        NEXT();
    }
    int64_t m = to_fixnum(y), r = to_fixnum(x) % m;
    RA = from_fixnum(r != 0 && (r ^ m) < 0 ? r + m : r);
    NEXT();
}

/* By a small constant a number that fits 32 bits is divided with two multiplications (Lemire, Kaser and Kurz, "Faster
 * remainder by direct computation", 2019): with m = ceil(2^64 / d), the quotient is the high half of m * x, and the remainder
 * the high half of d times the low half of that. */
#define RECIPROCALS 256
#define R1(d) ((d) < 2 ? 0 : ~0ull / ((d) < 2 ? 1 : (d)) + 1)
#define R4(d) R1(d), R1((d) + 1), R1((d) + 2), R1((d) + 3)
#define R16(d) R4(d), R4((d) + 4), R4((d) + 8), R4((d) + 12)
#define R64(d) R16(d), R16((d) + 16), R16((d) + 32), R16((d) + 48)
static const uint64_t reciprocal[RECIPROCALS] = {R64(0ull), R64(64ull), R64(128ull), R64(192ull)};
static inline bool short_division(value x, uint32_t d)
{
    return is_fixnum(x) && (x & ~FIXNUM_TAG) >> 32 == 0 && d - 2 < RECIPROCALS - 2;
}
static inline uint64_t short_quotient(value x, uint32_t d)
{
    return (uint64_t)((unsigned __int128)reciprocal[d] * (uint32_t)x >> 64);
}
static inline uint64_t short_remainder(value x, uint32_t d)
{
    return (uint64_t)((unsigned __int128)(reciprocal[d] * (uint32_t)x) * d >> 64);
}
HANDLER(QUOTI)
{
    value x = RB;
    uint32_t by = OPERAND_C(w);
    if (LIKELY(short_division(x, by))) {
        RA = short_quotient(x, by) | FIXNUM_TAG;
        NEXT();
    }
    int64_t y = OPERAND_SC(w);
    if (UNLIKELY(!is_fixnum(x)) || y == 0 || y == -1) GO(vm_operator_slow);
    RA = from_fixnum(to_fixnum(x) / y);
    NEXT();
}
HANDLER(REMI)
{
    value x = RB;
    uint32_t by = OPERAND_C(w);
    if (LIKELY(short_division(x, by))) {
        RA = short_remainder(x, by) | FIXNUM_TAG;
        NEXT();
    }
    int64_t y = OPERAND_SC(w);
    if (UNLIKELY(!is_fixnum(x)) || y == 0) GO(vm_operator_slow);
    RA = from_fixnum(to_fixnum(x) % y);
    NEXT();
}
HANDLER(MODI)
{
    value x = RB;
    uint32_t by = OPERAND_C(w);
    if (LIKELY(short_division(x, by))) {
        RA = short_remainder(x, by) | FIXNUM_TAG;
        NEXT();
    }
    int64_t y = OPERAND_SC(w);
    if (UNLIKELY(!is_fixnum(x)) || y == 0) GO(vm_operator_slow);
    int64_t r = to_fixnum(x) % y;
    RA = from_fixnum(r != 0 && (r ^ y) < 0 ? r + y : r);
    NEXT();
}

#define BITWISE(NAME, operator)                                                                              \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RB, y = RC;                                                                                \
        if (LIKELY(both_fixnum(x, y))) {                                                                     \
            RA = (x operator y) | FIXNUM_TAG;                                                                \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }
BITWISE(BITAND, &)
BITWISE(BITOR, |)
BITWISE(BITXOR, ^)

HANDLER(SHL)
{
    value x = RB, y = RC;
    if (LIKELY(both_fixnum(x, y)) && (y & ~FIXNUM_TAG) < 50) {
        unsigned n = (unsigned)(y & ~FIXNUM_TAG);
        int64_t h = high(x), r = (int64_t)((uint64_t)h << n);
        if (LIKELY(r >> n == h)) {
            RA = (uint64_t)r >> 13 | FIXNUM_TAG;
            NEXT();
        }
    }
    GO(vm_operator_slow);
}
HANDLER(SHR)
{
    value x = RB, y = RC;
    if (LIKELY(both_fixnum(x, y)) && (y & ~FIXNUM_TAG) < 64) {
        RA = from_fixnum(to_fixnum(x) >> (y & ~FIXNUM_TAG));
        NEXT();
    }
    GO(vm_operator_slow);
}

/* ---- comparisons ---- */
#define COMPARISON(NAME, operator)                                                                           \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RB, y = RC;                                                                                \
        if (LIKELY(both_fixnum(x, y))) {                                                                     \
            RA = from_bool(high(x) operator high(y));                                                        \
            NEXT();                                                                                          \
        }                                                                                                    \
        if (LIKELY(!__builtin_isunordered(to_double(x), to_double(y)))) {                                    \
            RA = from_bool(to_double(x) operator to_double(y));                                              \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }
COMPARISON(LT, <)
COMPARISON(LE, <=)
COMPARISON(GT, >)
COMPARISON(GE, >=)
COMPARISON(NUMEQ, ==)

#define JUMP_UNLESS(NAME, operator)                                                                          \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RA, y = RB;                                                                                \
        if (LIKELY(both_fixnum(x, y))) {                                                                     \
            if (!(high(x) operator high(y))) JUMP_C();                                                       \
            NEXT();                                                                                          \
        }                                                                                                    \
        if (LIKELY(!__builtin_isunordered(to_double(x), to_double(y)))) {                                    \
            if (!(to_double(x) operator to_double(y))) JUMP_C();                                             \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }
JUMP_UNLESS(JNLT, <)
JUMP_UNLESS(JNLE, <=)
JUMP_UNLESS(JNGT, >)
JUMP_UNLESS(JNGE, >=)
JUMP_UNLESS(JNNUMEQ, ==)

#define JUMP_UNLESS_IMMEDIATE(NAME, operator)                                                                \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RA;                                                                                        \
        if (LIKELY(is_fixnum(x))) {                                                                          \
            if (!(high(x) operator(OPERAND_SB(w) << 13))) JUMP_C();                                          \
            NEXT();                                                                                          \
        }                                                                                                    \
        if (LIKELY(!__builtin_isunordered(to_double(x), 0.0))) {                                             \
            if (!(to_double(x) operator(double) OPERAND_SB(w))) JUMP_C();                                    \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }
JUMP_UNLESS_IMMEDIATE(JNLTI, <)
JUMP_UNLESS_IMMEDIATE(JNLEI, <=)
JUMP_UNLESS_IMMEDIATE(JNGTI, >)
JUMP_UNLESS_IMMEDIATE(JNGEI, >=)
JUMP_UNLESS_IMMEDIATE(JNNUMEQI, ==)

#define JUMP_UNLESS_LITERAL(NAME, operator)                                                                  \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RA, y = link->literals[OPERAND_B(w)];                                                      \
        if (UNLIKELY(__builtin_isunordered(to_double(x), to_double(y)))) GO(vm_operator_slow);               \
        if (!(to_double(x) operator to_double(y))) JUMP_C();                                                 \
        NEXT();                                                                                              \
    }
JUMP_UNLESS_LITERAL(JNLTL, <)
JUMP_UNLESS_LITERAL(JNLEL, <=)
JUMP_UNLESS_LITERAL(JNGTL, >)
JUMP_UNLESS_LITERAL(JNGEL, >=)

/* The test of a loop at its end: a reduction is paid before anything else, since at a safepoint nothing has happened. */
#define LOOP_TEST(NAME, sense, operator)                                                                     \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        value x = RA, y = RB;                                                                                \
        GO_ROUND();                                                                                          \
        if (LIKELY(both_fixnum(x, y))) {                                                                     \
            if (sense(high(x) operator high(y))) JUMP_C();                                                   \
            NEXT();                                                                                          \
        }                                                                                                    \
        if (LIKELY(!__builtin_isunordered(to_double(x), to_double(y)))) {                                    \
            if (sense(to_double(x) operator to_double(y))) JUMP_C();                                         \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }                                                                                                        \
    HANDLER(NAME##I)                                                                                         \
    {                                                                                                        \
        value x = RA;                                                                                        \
        GO_ROUND();                                                                                          \
        if (LIKELY(is_fixnum(x))) {                                                                          \
            if (sense(high(x) operator(OPERAND_SB(w) << 13))) JUMP_C();                                      \
            NEXT();                                                                                          \
        }                                                                                                    \
        if (LIKELY(!__builtin_isunordered(to_double(x), 0.0))) {                                             \
            if (sense(to_double(x) operator(double) OPERAND_SB(w))) JUMP_C();                                \
            NEXT();                                                                                          \
        }                                                                                                    \
        GO(vm_operator_slow);                                                                                \
    }
#define YES
#define LOOP_TESTS(NAME, operator)                                                                           \
    LOOP_TEST(LOOP##NAME, YES, operator)                                                                     \
    LOOP_TEST(LOOPN##NAME, !, operator)
LOOP_TESTS(LT, <)
LOOP_TESTS(LE, <=)
LOOP_TESTS(GT, >)
LOOP_TESTS(GE, >=)
LOOP_TESTS(NUMEQ, ==)

/* Equality that the words alone decide: 1 equal, 0 not, -1 unknown.  The only equal immediates that differ are 0.0 and
 * -0.0; an object equals an immediate only if it is a record with an equality of its own. */
static inline int equal_at_once(value x, value y)
{
    if (x == y) return x != NAN_BITS + DOUBLE_OFFSET;
    if (is_ptr(x)) return is_ptr(y) || obj_type(to_obj(x)) == T_RECORD ? -1 : 0;
    return both_double(x, y) && to_double(x) == to_double(y);
}
HANDLER(EQ)
{
    int e = equal_at_once(RB, RC);
    if (UNLIKELY(e < 0)) GO(vm_operator_slow);
    RA = from_bool(e);
    NEXT();
}
HANDLER(JNEQ)
{
    if (LIKELY(both_fixnum(RA, RB))) {
        if (RA != RB) JUMP_C();
        NEXT();
    }
    int e = equal_at_once(RA, RB);
    if (UNLIKELY(e < 0)) GO(vm_operator_slow);
    if (!e) JUMP_C();
    NEXT();
}
#define LOOP_EQUAL(NAME, sense)                                                                              \
    HANDLER(NAME)                                                                                            \
    {                                                                                                        \
        GO_ROUND();                                                                                          \
        if (LIKELY(both_fixnum(RA, RB))) {                                                                   \
            if (sense(RA == RB)) JUMP_C();                                                                   \
            NEXT();                                                                                          \
        }                                                                                                    \
        int e = equal_at_once(RA, RB);                                                                       \
        if (UNLIKELY(e < 0)) GO(vm_operator_slow);                                                           \
        if (sense(e)) JUMP_C();                                                                              \
        NEXT();                                                                                              \
    }                                                                                                        \
    HANDLER(NAME##I)                                                                                         \
    {                                                                                                        \
        GO_ROUND();                                                                                          \
        if (sense(RA == from_fixnum(OPERAND_SB(w)))) JUMP_C();                                               \
        NEXT();                                                                                              \
    }
LOOP_EQUAL(LOOPEQ, YES)
LOOP_EQUAL(LOOPNEQ, !)
HANDLER(JNEQI)
{
    if (RA != from_fixnum(OPERAND_SB(w))) JUMP_C();
    NEXT();
}
/* Most comparisons of this kind tell keywords apart: two that are not the same word differ, unless the hash agrees. */
HANDLER(JNEQL)
{
    value x = RA, y = link->literals[OPERAND_B(w)];
    if (x == y) NEXT();
    if (!is_ptr(x)) JUMP_C();
    if (LIKELY(is_type(y, T_KEYWORD))) {
        enum object_type t = obj_type(to_obj(x));
        if (t == T_KEYWORD ? to_obj(x)->p[0] != to_obj(y)->p[0] : t != T_RECORD) JUMP_C();
    }
    GO(vm_operator_slow);
}
HANDLER(ID)
{
    value x = RB, y = RC;
    if (x != y && is_type(x, T_KEYWORD) && is_type(y, T_KEYWORD)) GO(vm_operator_slow);
    RA = from_bool(x == y);
    NEXT();
}
HANDLER(JNID)
{
    value x = RA, y = RB;
    if (x != y && is_type(x, T_KEYWORD) && is_type(y, T_KEYWORD)) GO(vm_operator_slow);
    if (x != y) JUMP_C();
    NEXT();
}
HANDLER(NOT)
{
    RA = from_bool(falsy(RB));
    NEXT();
}
HANDLER(ISNIL)
{
    RA = from_bool(RB == NIL);
    NEXT();
}

/* ---- data ---- */
static inline bool is_object_of(value v, enum object_type t)
{
    return is_ptr(v) && to_obj(v)->header >> 40 == (HEADER_TAG >> 40 | t);
}
HANDLER(ISREDUCED)
{
    RA = from_bool(is_object_of(RB, T_REDUCED));
    NEXT();
}
HANDLER(FIRST)
{
    value x = RB;
    if (LIKELY(is_object_of(x, T_CONS)))
        x = to_obj(x)->p[0];
    else if (x != NIL)
        GO(vm_operator_slow);
    RA = x;
    NEXT();
}
HANDLER(NEXT)
{
    value x = RB;
    if (LIKELY(is_object_of(x, T_CONS))) {
        x = to_obj(x)->p[1];
        if (is_object_of(x, T_EMPTY_LIST))
            x = NIL;
        else if (x != NIL && !is_object_of(x, T_CONS))
            GO(vm_operator_slow);
    } else if (x != NIL)
        GO(vm_operator_slow);
    RA = x;
    NEXT();
}
HANDLER(REST)
{
    value x = RB;
    if (UNLIKELY(!is_object_of(x, T_CONS))) GO(vm_operator_slow);
    x = to_obj(x)->p[1];
    if (UNLIKELY(x == NIL)) GO(vm_operator_slow);
    RA = x;
    NEXT();
}
HANDLER(CONS)
{
    value x = RB, rest = RC;
    if (UNLIKELY(rest != NIL && !is_object_of(rest, T_CONS) && !is_object_of(rest, T_LAZY)) ||
        p->hp_limit - p->hp < 3)
        GO(vm_operator_slow);
    struct object *o = (struct object *)p->hp;
    p->hp += 3;
    o->header = make_header(T_CONS, 0, 2);
    o->p[0] = x;
    o->p[1] = rest;
    RA = from_obj(o);
    NEXT();
}
HANDLER(NTH)
{
    value x = RB, i = RC;
    if (LIKELY(is_object_of(x, T_SVECTOR)) && is_fixnum(i)) {
        uint64_t h = to_obj(x)->header, index = i & ~FIXNUM_TAG;
        uint32_t count = (uint32_t)h - ((header_flags(h) & OBJ_META) != 0);
        if (LIKELY(index < count)) {
            RA = to_obj(x)->p[index];
            NEXT();
        }
    }
    GO(vm_operator_slow);
}

HANDLER(NTHI)
{
    value x = RB;
    if (LIKELY(is_object_of(x, T_SVECTOR))) {
        uint64_t h = to_obj(x)->header;
        uint32_t count = (uint32_t)h - ((header_flags(h) & OBJ_META) != 0);
        uint32_t index = (uint32_t)OPERAND_SC(w); /* negative: beyond every end */
        if (LIKELY(index < count)) {
            RA = to_obj(x)->p[index];
            NEXT();
        }
    }
    GO(vm_operator_slow);
}

/* ---- calls ---- */
static inline const struct arity *exact_arity(value f, uint32_t argc)
{
    if (UNLIKELY(argc >= ARITY_TABLE)) return NULL;
    return ((const struct proto *)(uintptr_t)to_obj(f)->p[0])->exact[argc];
}
/* The frame of the callee is at to; its arguments are in place. */
#define ENTER(arity, to, callee_link)                                                                        \
    do {                                                                                                     \
        ip = (arity)->entry;                                                                                 \
        base = (to);                                                                                         \
        link = (callee_link);                                                                                \
        DISPATCH();                                                                                          \
    } while (0)
#define FITS(arity, to)                                                                                      \
    ((size_t)((char *)p->stack_end - (char *)(to)) >= (arity)->register_count * sizeof(value))

HANDLER(CALL)
{
    value *window = base + OPERAND_A(w);
    value f = window[0];
    if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    if (LIKELY(is_object_of(f, T_FN))) {
        const struct arity *arity = exact_arity(f, OPERAND_B(w));
        if (LIKELY(arity != NULL)) {
            struct link *callee = p->links[arity->proto->unit_index];
            if (LIKELY(callee != NULL && FITS(arity, window + FRAME_HIDDEN))) {
                window[1] = frame_link_word(link, OPERAND_A(w));
                window[2] = (value)(uintptr_t)(ip + 1);
                ENTER(arity, window + FRAME_HIDDEN, callee);
            }
        }
    }
    w = CALL_WORD(OPERAND_A(w), OPERAND_B(w));
    GO(vm_call_any);
}
/* A call through a global: *entry and *callee, read from its hints, are what the rest of the chain confirms, or are set. */
static inline void check_hints(struct link_global *g, const struct arity *arity, struct link *found,
                               const struct insn **entry, struct link **callee)
{
    if (LIKELY(*entry == arity->entry && *callee == found)) {
        OPAQUE(*entry); /* equal, but not to be taken from there */
        OPAQUE(*callee);
        return;
    }
    *entry = arity->entry;
    *callee = found;
    __atomic_store_n(&g->entry_hint, *entry, __ATOMIC_RELAXED);
    __atomic_store_n(&g->link_hint, *callee, __ATOMIC_RELAXED);
}

HANDLER(CALLG)
{
    value *window = base + OPERAND_A(w);
    struct link_global *g = &link->globals[OPERAND_C(w)];
    const struct insn *entry = __atomic_load_n(&g->entry_hint, __ATOMIC_RELAXED);
    struct link *callee = __atomic_load_n(&g->link_hint, __ATOMIC_RELAXED);
    value f = __atomic_load_n(&g->cell->content, __ATOMIC_RELAXED);
    if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    if (LIKELY(is_object_of(f, T_FN))) {
        const struct arity *arity = exact_arity(f, OPERAND_B(w));
        if (LIKELY(arity != NULL)) {
            struct link *found = p->links[arity->proto->unit_index];
            if (LIKELY(found != NULL && FITS(arity, window + FRAME_HIDDEN))) {
                check_hints(g, arity, found, &entry, &callee);
                window[0] = f;
                window[1] = frame_link_word(link, OPERAND_A(w));
                window[2] = (value)(uintptr_t)(ip + 1);
                ip = entry;
                base = window + FRAME_HIDDEN;
                link = callee;
                DISPATCH();
            }
        }
    }
    if (UNLIKELY(f == VAL_UNBOUND)) GO(vm_undefined);
    window[0] = f;
    w = CALL_WORD(OPERAND_A(w), OPERAND_B(w));
    GO(vm_call_any);
}

static inline void move_down(value *to, const value *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) to[i] = from[i];
}
/* Tail calls, in two forms: one that looks whether a debugger wants to know of the frame that goes away, and one that comes
 * after it has been told (vm_note_tail). */
static inline bool wants_tails(const struct process *p)
{
    return UNLIKELY(p->flags & PROC_DEBUGGED);
}

#define TAIL_CALL(f, entry_known, entry, callee)                                                             \
    if (LIKELY(is_object_of(f, T_FN))) {                                                                     \
        const struct arity *arity = exact_arity(f, OPERAND_B(w));                                            \
        if (LIKELY(arity != NULL)) {                                                                         \
            struct link *found = p->links[arity->proto->unit_index];                                         \
            if (LIKELY(found != NULL && FITS(arity, base))) {                                                \
                if (entry_known) {                                                                           \
                    check_hints(g, arity, found, &entry, &callee);                                           \
                } else {                                                                                     \
                    entry = arity->entry;                                                                    \
                    callee = found;                                                                          \
                }                                                                                            \
                base[FRAME_CLOSURE] = f;                                                                     \
                move_down(base, base + OPERAND_A(w) + FRAME_HIDDEN, OPERAND_B(w));                           \
                ip = entry;                                                                                  \
                link = callee;                                                                               \
                DISPATCH();                                                                                  \
            }                                                                                                \
        }                                                                                                    \
    }

HANDLER(TAIL)
{
    value f = RA;
    struct link_global *g = NULL;
    const struct insn *entry = NULL;
    struct link *callee = NULL;
    if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    if (wants_tails(p)) GO(vm_note_tail);
    TAIL_CALL(f, false, entry, callee)
    w = CALL_WORD(OPERAND_A(w), OPERAND_B(w));
    GO(vm_call_any);
}
HANDLER(TAILG)
{
    struct link_global *g = &link->globals[OPERAND_C(w)];
    const struct insn *entry = __atomic_load_n(&g->entry_hint, __ATOMIC_RELAXED);
    struct link *callee = __atomic_load_n(&g->link_hint, __ATOMIC_RELAXED);
    value f = __atomic_load_n(&g->cell->content, __ATOMIC_RELAXED);
    if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    if (wants_tails(p)) GO(vm_note_tail);
    TAIL_CALL(f, true, entry, callee)
    if (UNLIKELY(f == VAL_UNBOUND)) GO(vm_undefined);
    RA = f;
    w = CALL_WORD(OPERAND_A(w), OPERAND_B(w));
    GO(vm_call_any);
}
HANDLER(RET)
{
    value v = RA;
    RETURN(v);
}

/* A token is a number that no other living catch region of the process has. */
HANDLER(TOKEN)
{
    RA = from_fixnum((int64_t)++p->catch_counter);
    NEXT();
}

static const struct dispatch plain = {{
#define OP(NAME, name, a, b, c, flow, doc) [OP_##NAME] = op_##NAME,
#define op_CLOSURE vm_closure
#define op_GET vm_get
#define op_GETL vm_getl
#define op_KEYGET vm_keyget
#define op_VECTOR vm_collection
#define op_MAP vm_collection
#define op_SET vm_collection
#define op_REUNWIND vm_reunwind
#define op_RECV_START vm_receive
#define op_RECV_PEEK vm_receive
#define op_RECV_TAKE vm_receive
#define op_RECV_SKIP vm_receive
#define op_RECV_WAIT vm_receive
#define op_RECV_WAITT vm_receive
#define op_BREAK vm_break
#include "spec/opcodes.def"
#undef OP
    [OP_START] = vm_shim_op,
    [OP_SHIM_CALL] = vm_shim_op,
    [OP_SHIM_RESUME] = vm_shim_op,
    [OP_FINISH] = vm_shim_op,
}};
/* Stepping: the debugger is asked before each instruction. */
static const struct dispatch stepping = {{
#define OP(NAME, name, a, b, c, flow, doc) [OP_##NAME] = vm_step,
#include "spec/opcodes.def"
#undef OP
    [OP_START] = vm_shim_op,
    [OP_SHIM_CALL] = vm_shim_op,
    [OP_SHIM_RESUME] = vm_shim_op,
    [OP_FINISH] = vm_shim_op,
}};

void vm_dispatch_init(struct dispatch *d)
{
    *d = plain;
}
void vm_dispatch_restore(struct dispatch *d, unsigned op)
{
    __atomic_store_n(&d->op[op], plain.op[op], __ATOMIC_RELAXED);
}

void vm_choose_dispatch(struct process *p)
{
    p->dispatch = p->flags & PROC_STEPPING ? &stepping : &vm_of(p)->dispatch;
}

enum vm_exit vm_run(struct process *p)
{
    vm_choose_dispatch(p);
    p->links = vm_of(p)->links;
    if (p->flags & PROC_ATTENTION && p->reductions > 0) p->reductions -= ATTENTION_BIAS;
    const struct dispatch *d = p->dispatch;
    if (UNLIKELY(p->prim_state != NIL))
        return vm_resume_primitive(p, p->ip, p->base, p->link, d, insn_word(p->ip));
    uint64_t w = insn_word(p->ip);
    return d->op[w & 0xffff](p, p->ip, p->base, p->link, d, w);
}
