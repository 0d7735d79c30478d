/* Numbers to text and back, for what one call can do; number_job.c does the rest. */
#include "base/float_text.h"
#include "runtime/value/number_internal.h"
#include "runtime/value/string.h"

/* ---- to text ---- */

size_t fixnum_format(int64_t i, unsigned radix, char *to)
{
    limb m = i < 0 ? -(limb)i : (limb)i;
    char digits[64], *start = limbs_to_digits(&m, 1, radix, digits + sizeof digits, 1);
    size_t n = (size_t)(digits + sizeof digits - start);
    if (i < 0) *to++ = '-';
    __builtin_memcpy(to, start, n);
    return n + (i < 0);
}

size_t double_format(double d, char *to)
{
    return float_format(d, to);
}

size_t double_format_readable(double d, char *to)
{
    if (d - d == 0) return float_format(d, to);
    const char *text = d != d ? "##NaN" : d > 0 ? "##Inf" : "##-Inf";
    size_t n = __builtin_strlen(text);
    __builtin_memcpy(to, text, n);
    return n;
}

size_t exact_format_short(value v, char *to)
{
    enum { MOST = 8 };
    char *at = to, digits[MOST * 20 + 1], *end = digits + sizeof digits;
    for (int part = 0; part <= is_ratio(v); part++) {
        struct integer x;
        limb copy[MOST];
        integer_view(part ? ratio_denominator(v) : ratio_numerator(v), &x);
        if (part) *at++ = '/';
        if (x.negative) *at++ = '-';
        if (x.n > MOST) *at++ = '_';
        copy[0] = limbs_bit_length(x.d, x.n);
        if (x.n <= MOST) __builtin_memcpy(copy, x.d, x.n * sizeof *copy);
        char *start = limbs_to_digits(copy, x.n <= MOST ? x.n : 1, 10, end, 1);
        __builtin_memcpy(at, start, (size_t)(end - start));
        at += end - start;
    }
    return (size_t)(at - to);
}

/* ---- from text ---- */

static bool is_decimal(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_digit_of(char c, unsigned radix)
{
    unsigned d = is_decimal(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a');
    if (!is_decimal(c) && d >= 26) return false;
    return d + (is_decimal(c) ? 0 : 10) < radix;
}

static bool all_digits(const char *text, size_t size, unsigned radix)
{
    for (size_t i = 0; i < size; i++)
        if (!is_digit_of(text[i], radix)) return false;
    return size > 0;
}

value integer_parse_piece(struct process *p, const char *digits, size_t size, unsigned radix, bool negative)
{
    if (!all_digits(digits, size, radix)) return VAL_ABSENT;
    limb r[NUMBER_PARSE_DIRECT * 6 / 64 + 3]; /* log2(36) < 6 */
    size_t n = limbs_from_digits(r, digits, size, radix);
    return integer_make(p, r, n, negative);
}

value integer_parse(struct process *p, const char *digits, size_t size, unsigned radix, bool negative)
{
    return size > NUMBER_PARSE_DIRECT ? VAL_SLOW : integer_parse_piece(p, digits, size, radix, negative);
}

/* An integer's parts: sign, radix and digits.  False: no integer. */
struct integer_text {
    const char *digits;
    size_t size;
    unsigned radix;
    bool negative;
};

static bool scan_integer(const char *text, size_t size, struct integer_text *to)
{
    to->negative = size > 0 && text[0] == '-';
    if (size > 0 && (text[0] == '-' || text[0] == '+')) text++, size--;
    if (size == 0 || !is_decimal(text[0])) return false;
    to->radix = 10;
    size_t skip = 0;
    bool hex = size > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
    if (hex) {
        to->radix = 16;
        skip = 2;
    } else if (text[0] != '0' && size > 2 && (text[1] | 0x20) == 'r') {
        to->radix = (unsigned)(text[0] - '0');
        skip = 2;
    } else if (text[0] != '0' && size > 3 && is_decimal(text[1]) && (text[2] | 0x20) == 'r') {
        to->radix = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
        skip = 3;
    } else if (text[0] == '0' && size > 1 && text[1] != 'N') {
        to->radix = 8;
        skip = 1;
    }
    if (to->radix < 2 || to->radix > 36) return false;
    /* N marks an integer, except where it is a digit of the radix. */
    if (text[size - 1] == 'N' && to->radix <= 23) size--;
    to->digits = text + skip;
    to->size = size - skip;
    return to->size > 0;
}

/* [+-] digits [. digits] [e digits] [M]: at least one of point, exponent, M. */
static value parse_float(const char *text, size_t size)
{
    bool negative = size > 0 && text[0] == '-';
    if (size > 0 && (text[0] == '-' || text[0] == '+')) text++, size--;
    if (size == 0 || !is_decimal(text[0])) return VAL_ABSENT;
    bool marked = text[size - 1] == 'M';
    if (marked) size--;
    for (size_t i = 0; i < size && !marked; i++) marked = !is_decimal(text[i]);
    if (!marked) return VAL_ABSENT; /* such as 08 */
    size_t used;
    double d = float_parse(text, size, &used);
    return used == size ? from_double(negative ? -d : d) : VAL_ABSENT;
}

static const char *find_slash(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '/') return text + i;
    return NULL;
}

static struct integer_text part(const char *from, const char *to)
{
    struct integer_text t = {from, (size_t)(to - from), 10, false};
    if (t.size > 0 && (*from == '-' || *from == '+')) {
        t.negative = *from == '-';
        t.digits++, t.size--;
    }
    return t;
}

static value parse_ratio(struct process *p, const char *text, size_t size, const char *slash)
{
    struct integer_text n = part(text, slash), d = {slash + 1, (size_t)(text + size - slash - 1), 10, false};
    value a = integer_parse(p, n.digits, n.size, 10, n.negative),
          b = integer_parse(p, d.digits, d.size, 10, false);
    if (a == VAL_ABSENT || b == VAL_ABSENT) return VAL_ABSENT;
    if (a == VAL_SLOW || b == VAL_SLOW) return VAL_SLOW;
    return is_sentinel(a) ? a : is_sentinel(b) ? b : number_div(p, a, b);
}

value number_parse(struct process *p, const char *text, size_t size)
{
    struct integer_text t;
    if (size == 0) return VAL_ABSENT;
    const char *slash = find_slash(text, size);
    if (slash != NULL) return parse_ratio(p, text, size, slash);
    if (scan_integer(text, size, &t)) {
        value v = integer_parse(p, t.digits, t.size, t.radix, t.negative);
        if (v != VAL_ABSENT && !(v == VAL_SLOW && !all_digits(t.digits, t.size, t.radix))) return v;
    }
    return parse_float(text, size);
}

/* ---- from text, in turns ---- */

/* What is kept between them: where the slash of a ratio is (nil: an integer), numerator and denominator once they are known
 * (else VAL_UNBOUND), the state of the work in hand. */
enum { KEPT_SLASH, KEPT_PARTS, KEPT_INNER = KEPT_PARTS + 2, KEPT_WORDS };

static value resume_ratio(struct process *p, const char *text, size_t size, struct object *kept)
{
    const char *slash = text + to_fixnum(kept->p[KEPT_SLASH]);
    struct integer_text parts[2] = {part(text, slash),
                                    {slash + 1, (size_t)(text + size - slash - 1), 10, false}};
    value inner = kept->p[KEPT_INNER], v;
    for (uint32_t i = 0; i < 2; i++) {
        if (kept->p[KEPT_PARTS + i] != VAL_UNBOUND) continue;
        v = integer_parse_resume(p, parts[i].digits, parts[i].size, 10, parts[i].negative, &inner);
        heap_write(p, kept, KEPT_INNER, inner);
        if (is_sentinel(v)) return v;
        heap_write(p, kept, KEPT_PARTS + i, v);
    }
    if (inner == NIL) { /* also sees to a denominator of zero */
        v = number_div(p, kept->p[KEPT_PARTS], kept->p[KEPT_PARTS + 1]);
        if (v != VAL_SLOW) return v;
    }
    v = number_resume(p, NUMBER_DIV, kept->p[KEPT_PARTS], kept->p[KEPT_PARTS + 1], &inner);
    heap_write(p, kept, KEPT_INNER, inner);
    return v;
}

value number_parse_resume(struct process *p, const char *text, size_t size, value *state)
{
    struct integer_text t;
    if (*state == NIL) {
        value direct = number_parse(p, text, size);
        if (direct != VAL_SLOW) return direct;
        const char *slash = find_slash(text, size);
        struct object *o = heap_alloc(p, T_STATE, 0, KEPT_WORDS);
        o->p[KEPT_SLASH] = slash == NULL ? NIL : from_fixnum(slash - text);
        o->p[KEPT_PARTS] = o->p[KEPT_PARTS + 1] = VAL_UNBOUND;
        o->p[KEPT_INNER] = NIL;
        *state = from_obj(o);
    }
    struct object *kept = to_obj(*state);
    value v;
    if (kept->p[KEPT_SLASH] != NIL) {
        v = resume_ratio(p, text, size, kept);
    } else {
        value inner = kept->p[KEPT_INNER];
        scan_integer(text, size, &t);
        v = integer_parse_resume(p, t.digits, t.size, t.radix, t.negative, &inner);
        heap_write(p, kept, KEPT_INNER, inner);
    }
    if (v != VAL_YIELD) *state = NIL;
    return v;
}
