#include "runtime/value/number.h"
__attribute__((weak)) bool number_equal(value a, value b)
{
    return a == b;
}
__attribute__((weak)) uint32_t number_hash(value a)
{
    return hash_mix64(a);
}
__attribute__((weak)) int number_compare(value a, value b)
{
    double x = is_double(a) ? to_double(a) : (double)to_fixnum(a),
           y = is_double(b) ? to_double(b) : (double)to_fixnum(b);
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}
__attribute__((weak)) value number_add(struct process *p, value a, value b)
{
    return num(to_fixnum(a) + to_fixnum(b));
}
__attribute__((weak)) value number_mul(struct process *p, value a, value b)
{
    return num(to_fixnum(a) * to_fixnum(b));
}
__attribute__((weak)) value number_from_u64(struct process *p, uint64_t u)
{
    return num((int64_t)u);
}
