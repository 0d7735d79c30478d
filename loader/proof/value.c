#include "loader/proof/value.h"

/* Scales and addends beyond this are dropped, so that no product of two overflows 64 bits. */
#define SMALL (1ll << 33)

struct value value_range(uint32_t low, uint32_t high)
{
    struct value v; /* its bounds stay unset: there are none */
    v.low = low;
    v.high = high;
    v.local = NO_LOCAL;
    v.version = 0;
    v.bound_count = 0;
    return v;
}

struct value value_unknown(void)
{
    return value_range(0, UINT32_MAX);
}

struct value value_constant(uint32_t c)
{
    return value_range(c, c);
}

void value_add_bound(struct value *v, struct bound b)
{
    if (b.scale < 1 || b.scale > SMALL || b.add > SMALL || b.add < -SMALL) return;
    /* scale * v + add <= target <= 2^32 (a local: 2^32 - 1), so v is at most (2^32 - add) / scale */
    int64_t most = ((b.is_local ? LENGTH_MAX - 1 : LENGTH_MAX) - b.add) / b.scale;
    if (most >= 0 && most < v->high) v->high = (uint32_t)most;
    /* A bound with a scale and an addend no smaller says all that another one of the same target says. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->bound_count; i++) {
        struct bound old = v->bounds[i];
        bool same =
            old.is_local == b.is_local && old.target == b.target && (!b.is_local || old.version == b.version);
        if (same && old.scale >= b.scale && old.add >= b.add) return;
        if (!same || old.scale > b.scale || old.add > b.add) v->bounds[kept++] = old;
    }
    v->bound_count = kept;
    if (v->bound_count < BOUNDS) v->bounds[v->bound_count++] = b;
}

/* w = v + c without wrapping: scale * v + add = scale * w + (add - scale * c). */
struct value value_add_constant(const struct value *v, int64_t c)
{
    int64_t low = v->low + c, high = v->high + c;
    if (low < 0 || high > UINT32_MAX) return value_unknown();
    struct value w = value_range((uint32_t)low, (uint32_t)high);
    for (uint32_t i = 0; i < v->bound_count; i++) {
        struct bound b = v->bounds[i];
        if (b.scale > SMALL >> 1 || c > 1 << 30 || c < -(1 << 30) || b.scale > 1 << 30) continue;
        b.add -= b.scale * c;
        value_add_bound(&w, b);
    }
    return w;
}

struct value value_add(const struct value *a, const struct value *b)
{
    if (a->low == a->high)
        return value_add_constant(b, (int32_t)a->low < 0 && b->low >= -(int64_t)(int32_t)a->low
                                         ? (int32_t)a->low
                                         : (int64_t)a->low);
    if (b->low == b->high)
        return value_add_constant(a, (int32_t)b->low < 0 && a->low >= -(int64_t)(int32_t)b->low
                                         ? (int32_t)b->low
                                         : (int64_t)b->low);
    uint64_t high = (uint64_t)a->high + b->high;
    return high > UINT32_MAX ? value_unknown() : value_range(a->low + b->low, (uint32_t)high);
}

/* w = m * v: exact if m * v cannot reach 2^32; if it can reach 2^32 itself but not more, w may also be 0, for which bounds with add <= 0 hold. */
struct value value_multiply(const struct value *v, uint32_t m)
{
    if (m == 0) return value_constant(0);
    uint64_t high = (uint64_t)v->high * m; /* below 2^64 */
    if (high > (uint64_t)LENGTH_MAX) return value_unknown();
    bool may_wrap = high == (uint64_t)LENGTH_MAX;
    struct value w = may_wrap ? value_unknown() : value_range(v->low * m, (uint32_t)high);
    for (uint32_t i = 0; i < v->bound_count; i++) {
        struct bound b = v->bounds[i];
        if (b.scale % m != 0 || (may_wrap && b.add > 0)) continue;
        b.scale /= m;
        value_add_bound(&w, b);
    }
    return w;
}

/* w = v / d rounded down: d * w <= v, so scale * d * w + add <= scale * v + add. */
struct value value_divide(const struct value *v, uint32_t d)
{
    struct value w = value_range(v->low / d, v->high / d);
    for (uint32_t i = 0; i < v->bound_count; i++) {
        struct bound b = v->bounds[i];
        if (b.scale > 1 << 30) continue;
        b.scale *= d;
        value_add_bound(&w, b);
    }
    return w;
}

/* w = v & m is at most v and at most m. */
struct value value_and(const struct value *v, uint32_t m)
{
    struct value w = value_range(0, v->high < m ? v->high : m);
    for (uint32_t i = 0; i < v->bound_count; i++) value_add_bound(&w, v->bounds[i]);
    return w;
}
