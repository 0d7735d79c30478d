/* Primitives on numbers, doubles, the stack and the data space. */
#include "forth/internal.h"

typedef unsigned __int128 udcell;
typedef __int128 dcell;

/* ---- stack ---- */
cell p_pick(struct forth *f)
{
    ucell u = (ucell)pop(f);
    if (u >= (ucell)depth(f)) return THROW_STACK_UNDERFLOW;
    push(f, f->sp[u]);
    return 0;
}
cell p_roll(struct forth *f)
{
    ucell u = (ucell)pop(f);
    if (u >= (ucell)depth(f)) return THROW_STACK_UNDERFLOW;
    cell x = f->sp[u];
    memmove(f->sp + 1, f->sp, u * sizeof x);
    *f->sp = x;
    return 0;
}
cell p_depth(struct forth *f)
{
    push(f, depth(f));
    return 0;
}
cell p_two_rot(struct forth *f)
{
    cell *s = f->sp, low = s[5], high = s[4];
    memmove(s + 2, s, 4 * sizeof low);
    s[1] = low;
    s[0] = high;
    return 0;
}
cell p_n_to_r(struct forth *f)
{
    ucell n = (ucell)pop(f);
    if (n > (ucell)depth(f)) return THROW_STACK_UNDERFLOW;
    if (n + 1 > (ucell)(f->side - (f->side0 - SIDE_CELLS))) return THROW_RETURN_OVERFLOW;
    f->side -= n;
    memcpy(f->side, f->sp, n * sizeof(cell));
    f->sp += n;
    *--f->side = (cell)n;
    return 0;
}
cell p_n_r_from(struct forth *f)
{
    if (f->side == f->side0) return THROW_RETURN_UNDERFLOW;
    cell n = *f->side;
    if (!has_room(f, n + 1)) return THROW_STACK_OVERFLOW;
    f->sp -= n;
    memcpy(f->sp, f->side + 1, (size_t)n * sizeof(cell));
    f->side += n + 1;
    push(f, n);
    return 0;
}

/* high < d.  Source: D. Knuth, The Art of Computer Programming 2, algorithm 4.3.1 D, for two digits of 32 bits. */
static ucell divide_two(ucell high, ucell low, ucell d, ucell *rest)
{
    if (high == 0) {
        *rest = low % d;
        return low / d;
    }
    unsigned shift = (unsigned)__builtin_clzll(d);
    d <<= shift;
    ucell digits[2], left, q = 0;
    udcell n = ((udcell)high << 64 | low) << shift;
    ucell d1 = d >> 32, d0 = d & UINT32_MAX;
    digits[0] = (ucell)n & UINT32_MAX;
    digits[1] = (ucell)n >> 32;
    left = (ucell)(n >> 64);
    for (unsigned i = 2; i-- > 0;) {
        ucell guess = left / d1, r = left % d1;
        while (guess > UINT32_MAX || guess * d0 > (r << 32 | digits[i])) {
            guess--;
            r += d1;
            if (r > UINT32_MAX) break;
        }
        left = (left << 32 | digits[i]) - guess * d;
        q = q << 32 | guess;
    }
    *rest = left >> shift;
    return q;
}
udcell double_divide(udcell n, ucell d, ucell *rest)
{
    ucell high = (ucell)(n >> 64), low_quotient = divide_two(high % d, (ucell)n, d, rest);
    return (udcell)(high / d) << 64 | low_quotient;
}
static udcell magnitude(dcell n)
{
    return n < 0 ? -(udcell)n : (udcell)n;
}

/* ---- division: floored, and as the machine does it ---- */
static cell divide_floored(dcell n, cell d, cell *quotient, cell *remainder)
{
    if (d == 0) return THROW_DIVISION;
    ucell by = (ucell)magnitude(d), rest;
    udcell u = double_divide(magnitude(n), by, &rest);
    bool negative = (n < 0) != (d < 0);
    dcell q = (dcell)(negative ? -u - (rest != 0) : u);
    if (negative && rest != 0) rest = by - rest;
    *quotient = (cell)q;
    *remainder = (cell)(d < 0 ? -rest : rest);
    return q == *quotient && (q < 0) == (negative && q != 0) ? 0 : THROW_RANGE;
}
cell p_slash_mod(struct forth *f)
{
    cell q = 0, r = 0, d = pop(f), n = pop(f), status = divide_floored(n, d, &q, &r);
    push(f, r);
    push(f, q);
    return status == THROW_RANGE ? 0 : status; /* the least number by -1 wraps, as everywhere */
}
static cell scaled(struct forth *f, bool both)
{
    cell q = 0, r = 0, d = pop(f), b = pop(f), a = pop(f), status = divide_floored((dcell)a * b, d, &q, &r);
    if (both) push(f, r);
    push(f, q);
    return status;
}
cell p_star_slash(struct forth *f)
{
    return scaled(f, false);
}
cell p_star_slash_mod(struct forth *f)
{
    return scaled(f, true);
}
cell p_fm_slash_mod(struct forth *f)
{
    cell q = 0, r = 0, d = pop(f), status = divide_floored(pop_double(f), d, &q, &r);
    push(f, r);
    push(f, q);
    return status;
}
cell p_sm_slash_rem(struct forth *f)
{
    cell d = pop(f);
    dcell n = pop_double(f);
    if (d == 0) return THROW_DIVISION;
    ucell rest;
    udcell u = double_divide(magnitude(n), (ucell)magnitude(d), &rest);
    bool negative = (n < 0) != (d < 0);
    dcell q = (dcell)(negative ? -u : u);
    push(f, (cell)(n < 0 ? -rest : rest));
    push(f, (cell)q);
    return q == (cell)q && (q < 0) == (negative && q != 0) ? 0 : THROW_RANGE;
}
cell p_um_slash_mod(struct forth *f)
{
    ucell d = (ucell)pop(f);
    udcell n = (udcell)pop_double(f);
    if (d == 0) return THROW_DIVISION;
    ucell rest;
    udcell q = double_divide(n, d, &rest);
    push(f, (cell)rest);
    push(f, (cell)q);
    return q == (ucell)q ? 0 : THROW_RANGE;
}
cell p_um_star(struct forth *f)
{
    ucell b = (ucell)pop(f), a = (ucell)pop(f);
    push_double(f, (dcell)((udcell)a * b));
    return 0;
}
cell p_m_star(struct forth *f)
{
    cell b = pop(f), a = pop(f);
    push_double(f, (dcell)a * b);
    return 0;
}
cell p_chars(struct forth *f)
{
    return 0;
}
cell p_within(struct forth *f)
{
    ucell high = (ucell)pop(f), low = (ucell)pop(f), n = (ucell)pop(f);
    push(f, FLAG(n - low < high - low));
    return 0;
}

/* ---- doubles ---- */
#define DOUBLE_BINARY(name, expression)                                                                      \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        udcell y = (udcell)pop_double(f), x = (udcell)pop_double(f);                                         \
        push_double(f, (dcell)(expression));                                                                 \
        return 0;                                                                                            \
    }
#define DOUBLE_COMPARE(name, expression)                                                                     \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        udcell y = (udcell)pop_double(f), x = (udcell)pop_double(f);                                         \
        push(f, FLAG(expression));                                                                           \
        return 0;                                                                                            \
    }
#define DOUBLE_UNARY(name, expression)                                                                       \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        udcell x = (udcell)pop_double(f);                                                                    \
        push_double(f, (dcell)(expression));                                                                 \
        return 0;                                                                                            \
    }
DOUBLE_BINARY(d_plus, x + y)
DOUBLE_BINARY(d_minus, x - y)
DOUBLE_BINARY(dmin, (dcell)x < (dcell)y ? x : y)
DOUBLE_BINARY(dmax, (dcell)x > (dcell)y ? x : y)
DOUBLE_COMPARE(d_equal, x == y)
DOUBLE_COMPARE(d_less, (dcell)x < (dcell)y)
DOUBLE_COMPARE(du_less, x < y)
DOUBLE_UNARY(dnegate, -x)
DOUBLE_UNARY(dabs, (dcell)x < 0 ? -x : x)
DOUBLE_UNARY(d_two_times, x << 1)
DOUBLE_UNARY(d_two_slash, (dcell)x >> 1)
cell p_d_zero_equal(struct forth *f)
{
    dcell d = pop_double(f);
    push(f, FLAG(d == 0));
    return 0;
}
cell p_d_zero_less(struct forth *f)
{
    dcell d = pop_double(f);
    push(f, FLAG(d < 0));
    return 0;
}
cell p_d_to_s(struct forth *f)
{
    pop(f);
    return 0;
}
cell p_m_plus(struct forth *f)
{
    cell n = pop(f);
    udcell d = (udcell)pop_double(f);
    push_double(f, (dcell)(d + (udcell)(dcell)n));
    return 0;
}
/* The product has three cells: high and low part times n1, divided one after the other. */
cell p_m_star_slash(struct forth *f)
{
    cell divisor = pop(f), n = pop(f);
    dcell d = pop_double(f);
    if (divisor == 0) return THROW_DIVISION;
    bool negative = ((d < 0) != (n < 0)) != (divisor < 0);
    udcell u = d < 0 ? -(udcell)d : (udcell)d;
    ucell m = n < 0 ? -(ucell)n : (ucell)n, by = divisor < 0 ? -(ucell)divisor : (ucell)divisor;
    udcell low = (udcell)(ucell)u * m, high = (udcell)(ucell)(u >> 64) * m + (ucell)(low >> 64);
    ucell rest, left;
    udcell top = double_divide(high, by, &rest);
    udcell q = top << 64 | (ucell)double_divide((udcell)rest << 64 | (ucell)low, by, &left);
    if (negative) q = -q - (left != 0); /* floored, as all division here */
    push_double(f, (dcell)q);
    return top >> 64 != 0 ? THROW_RANGE : 0;
}

/* ---- the data space ---- */
static cell both(struct forth *f, cell from, cell to, ucell size)
{
    return size == 0 || (at(f, from, size) != NULL && at(f, to, size) != NULL) ? 0 : THROW_ADDRESS;
}
cell p_move(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell to = pop(f), from = pop(f), status = both(f, from, to, size);
    if (status == 0 && size != 0) memmove(f->bias + to, f->bias + from, size);
    return status;
}
cell p_cmove(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell to = pop(f), from = pop(f), status = both(f, from, to, size);
    for (ucell i = 0; status == 0 && i < size; i++) f->bias[to + (cell)i] = f->bias[from + (cell)i];
    return status;
}
cell p_cmove_up(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell to = pop(f), from = pop(f), status = both(f, from, to, size);
    for (ucell i = size; status == 0 && i-- > 0;) f->bias[to + (cell)i] = f->bias[from + (cell)i];
    return status;
}
static cell fill_with(struct forth *f, int c)
{
    cell size = pop(f), address = pop(f);
    if (size <= 0) return size == 0 ? 0 : THROW_ADDRESS;
    void *p = at(f, address, (ucell)size);
    if (p == NULL) return THROW_ADDRESS;
    memset(p, c, (size_t)size);
    return 0;
}
cell p_fill(struct forth *f)
{
    return fill_with(f, (uint8_t)pop(f));
}
cell p_erase(struct forth *f)
{
    return fill_with(f, 0);
}
cell p_blank(struct forth *f)
{
    return fill_with(f, ' ');
}
cell p_here(struct forth *f)
{
    push(f, f->here);
    return 0;
}
cell p_allot(struct forth *f)
{
    return allot(f, pop(f));
}
cell p_comma(struct forth *f)
{
    return comma(f, pop(f));
}
cell p_c_comma(struct forth *f)
{
    return comma_byte(f, (uint8_t)pop(f));
}
cell p_align(struct forth *f)
{
    return align_here(f, CELL);
}
cell p_aligned(struct forth *f)
{
    push(f, (cell)(((ucell)pop(f) + CELL - 1) & ~(ucell)(CELL - 1)));
    return 0;
}
cell p_unused(struct forth *f)
{
    push(f, (cell)(f->heap_low - (ucell)f->here));
    return 0;
}
cell p_allocate(struct forth *f)
{
    cell address = 0, status = heap_allocate(f, (ucell)pop(f), &address);
    push(f, address);
    push(f, status);
    return 0;
}
cell p_free(struct forth *f)
{
    push(f, heap_release(f, pop(f)));
    return 0;
}
cell p_resize(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell address = pop(f), moved = address, status = heap_resize(f, address, size, &moved);
    push(f, moved);
    push(f, status);
    return 0;
}
