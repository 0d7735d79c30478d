/* Primitives over binaries: parts, text, and integers and floats of any width and place in them. */
#include "runtime/prims/string_internal.h"
#include "runtime/value/collection.h"
#include "runtime/value/number_internal.h"
#include "base/utf8.h"

prim_fn prim_byte_size, prim_binary_ref, prim_subbinary, prim_string_to_utf8, prim_utf8_to_string,
    prim_utf8_prefix;

/* ---- parts ---- */

value prim_byte_size(struct process *p, value *a, unsigned argc)
{
    size_t size;
    if (is_string(a[0]))
        string_bytes(a[0], &size);
    else if (is_binary(a[0]))
        binary_bytes(a[0], &size);
    else
        return fail_type(p, "byte-size", 1, a[0], "a binary or string");
    return from_fixnum((int64_t)size);
}

static bool place(value v, uint64_t most, uint64_t *to)
{
    if (!is_fixnum(v) || to_fixnum(v) < 0 || (uint64_t)to_fixnum(v) > most) return false;
    *to = (uint64_t)to_fixnum(v);
    return true;
}

value prim_binary_ref(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0])) return fail_type(p, "binary-ref", 1, a[0], "a binary");
    size_t size;
    uint64_t i;
    const uint8_t *b = binary_bytes(a[0], &size);
    if (size == 0 || !place(a[1], size - 1, &i)) return fail_range(p, "binary-ref", a[1], size);
    return from_fixnum(b[i]);
}

value prim_subbinary(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0])) return fail_type(p, "subbinary", 1, a[0], "a binary");
    size_t size;
    binary_bytes(a[0], &size);
    uint64_t from, to = size;
    if (argc == 3 && !place(a[2], size, &to)) return fail_range(p, "subbinary", a[2], size + 1);
    if (!place(a[1], to, &from)) return fail_range(p, "subbinary", a[1], to + 1);
    return binary_slice(p, a[0], from, to);
}

/* ---- text ---- */

value prim_string_to_utf8(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "string->utf8", 1, a[0], "a string");
    return binary_of_string(p, a[0]);
}

#define CHECK_STEP 65536u

/* Checks in steps; state: [offset, code points so far]. */
value prim_utf8_to_string(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0])) return fail_type(p, "utf8->string", 1, a[0], "a binary");
    size_t size, at = 0, chars = 0;
    const char *b = (const char *)binary_bytes(a[0], &size);
    struct job job;
    job_start(&job, p);
    if (p->prim_state != NIL) {
        at = (size_t)to_fixnum(to_obj(p->prim_state)->p[0]);
        chars = (size_t)to_fixnum(to_obj(p->prim_state)->p[1]);
        p->prim_state = NIL;
    }
    while (at < size && job.work > 0) {
        size_t more, step = min_u64(size - at, CHECK_STEP), good = utf8_validate(b + at, step, &more);
        chars += more;
        at += good;
        job.work -= 1 + (int64_t)(step / 64);
        /* A sequence may go on beyond the step. */
        if (good < step && (step < CHECK_STEP || step - good >= 4)) {
            job_end(&job);
            return process_fail(p, ERR_ARGUMENT, from_fixnum((int64_t)at),
                                "utf8->string: invalid UTF-8 at byte offset %u", (uint64_t)at);
        }
    }
    job_end(&job);
    if (at == size) return string_from_blob(p, a[0], size, chars);
    struct object *o = heap_alloc(p, T_STATE, 0, 2);
    o->p[0] = from_fixnum((int64_t)at);
    o->p[1] = from_fixnum((int64_t)chars);
    p->prim_state = from_obj(o);
    return VAL_YIELD;
}

/* Is s the beginning of a sequence that only lacks its end? */
static bool cut_off(const char *s, size_t size)
{
    static const char fill[2][4] = {{'\x80', '\x80', '\x80', '\x80'}, {'\xbf', '\xbf', '\xbf', '\xbf'}};
    for (unsigned f = 0; f < 2 && size < 4; f++) {
        char whole[4];
        uint32_t c;
        __builtin_memcpy(whole, fill[f], 4);
        __builtin_memcpy(whole, s, size);
        if (utf8_decode(whole, 4, &c) > size) return true;
    }
    return false;
}

/* For streams: [text rest]; what is invalid becomes U+FFFD, an unfinished character at the end stays in rest. */
value prim_utf8_prefix(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0])) return fail_type(p, "utf8-prefix", 1, a[0], "a binary");
    struct text_job t;
    text_job_start(&t, p);
    size_t size;
    const char *b = (const char *)binary_bytes(a[0], &size);
    bool done = false;
    while (!done && t.job.work > 0) {
        size_t step = min_u64(size - t.at, 4096), good = utf8_validate(b + t.at, step, NULL);
        text_put(&t.out, b + t.at, good);
        t.at += good;
        t.job.work -= 1 + (int64_t)good / 24;
        if (t.at == size || cut_off(b + t.at, size - t.at)) {
            done = true;
        } else if (good < step && step - good >= min_u64(4, size - t.at)) {
            text_char(&t.out, 0xfffd);
            t.at++;
        }
    }
    value text = text_job_end(&t, done);
    if (is_sentinel(text)) return text;
    value items[] = {text, binary_slice(p, a[0], t.at, size)};
    return is_sentinel(items[1]) ? items[1] : vector_make(p, items, 2);
}

/* ---- bits: the first bit of a byte is its highest ---- */

static uint64_t bits_get(const uint8_t *b, uint64_t at, unsigned n) /* n <= 64 */
{
    uint64_t v = 0;
    while (n > 0) {
        unsigned in_byte = at % 8, take = (unsigned)min_u64(8 - in_byte, n);
        v = v << take | (b[at / 8] >> (8 - in_byte - take) & ((1u << take) - 1));
        at += take;
        n -= take;
    }
    return v;
}

static void bits_put(uint8_t *b, uint64_t at, unsigned n, uint64_t v) /* pre: the bits there are 0 */
{
    while (n > 0) {
        unsigned in_byte = at % 8, take = (unsigned)min_u64(8 - in_byte, n);
        uint64_t part = v >> (n - take) & ((1u << take) - 1);
        b[at / 8] |= (uint8_t)(part << (8 - in_byte - take));
        at += take;
        n -= take;
    }
}

/* Bits [64 i, 64 i + width) of a field of n bits, counted from its least significant one. */
static uint64_t field_get(const uint8_t *b, uint64_t at, uint64_t n, uint64_t i, unsigned width, bool little)
{
    if (!little) return bits_get(b, at + n - 64 * i - width, width);
    uint64_t v = 0;
    for (unsigned k = 0; k < width; k += 8)
        v |= bits_get(b, at + 64 * i + k, (unsigned)min_u64(8, width - k)) << k;
    return v;
}

static void field_put(uint8_t *b, uint64_t at, uint64_t n, uint64_t i, unsigned width, bool little,
                      uint64_t v)
{
    if (!little) {
        bits_put(b, at + n - 64 * i - width, width, v);
        return;
    }
    for (unsigned k = 0; k < width; k += 8)
        bits_put(b, at + 64 * i + k, (unsigned)min_u64(8, width - k), v >> k);
}

static value integer_get(struct process *p, const uint8_t *b, uint64_t at, uint64_t n, bool is_signed,
                         bool little)
{
    if (n == 0) return from_fixnum(0);
    if (n <= 64) {
        uint64_t v = field_get(b, at, n, 0, (unsigned)n, little);
        if (!is_signed) return number_from_u64(p, v);
        return number_from_i64(p, (int64_t)(v << (64 - n)) >> (64 - n));
    }
    size_t limbs = (size_t)((n + 63) / 64);
    struct object *o = integer_new(p, limbs);
    if (!o) return VAL_ERROR;
    for (size_t i = 0; i < limbs; i++)
        o->p[i] = field_get(b, at, n, i, (unsigned)min_u64(64, n - 64 * i), little);
    unsigned top = (unsigned)(n - 64 * (limbs - 1));
    bool negative = is_signed && (o->p[limbs - 1] >> (top - 1) & 1);
    if (negative) { /* magnitude = 2^n - field */
        uint64_t carry = 1;
        for (size_t i = 0; i < limbs; i++) {
            o->p[i] = ~o->p[i] + carry;
            carry = carry && o->p[i] == 0;
        }
        if (top < 64) o->p[limbs - 1] &= ((uint64_t)1 << top) - 1;
    }
    p->reductions -= (int32_t)(n / 512);
    return integer_finish(p, o, negative);
}

/* The low n bits of an integer's two's complement. */
static void integer_put(uint8_t *b, uint64_t at, uint64_t n, value v, bool little)
{
    struct integer x;
    integer_view(v, &x);
    uint64_t carry = 1;
    for (uint64_t i = 0; 64 * i < n; i++) {
        uint64_t limb = i < x.n ? x.d[i] : 0;
        if (x.negative) {
            limb = ~limb + carry;
            carry = carry && limb == 0;
        }
        field_put(b, at, n, i, (unsigned)min_u64(64, n - 64 * i), little, limb);
    }
}

static value float_get(const uint8_t *b, uint64_t at, unsigned n, bool little)
{
    uint64_t bits = field_get(b, at, n, 0, n, little);
    if (n == 64) {
        double d;
        __builtin_memcpy(&d, &bits, 8);
        return from_double(d);
    }
    uint32_t low = (uint32_t)bits;
    float f;
    __builtin_memcpy(&f, &low, 4);
    return from_double(f);
}

static void float_put(uint8_t *b, uint64_t at, unsigned n, double d, bool little)
{
    uint64_t bits;
    if (n == 64) {
        __builtin_memcpy(&bits, &d, 8);
    } else {
        float f = (float)d;
        uint32_t low;
        __builtin_memcpy(&low, &f, 4);
        bits = low;
    }
    field_put(b, at, n, 0, n, little, bits);
}

/* n bits (whole bytes) from any bit on, as a binary: shared when they start at a byte. */
static value binary_get(struct process *p, value source, const uint8_t *b, uint64_t at, uint64_t n)
{
    if (at % 8 == 0) return binary_slice(p, source, at / 8, (at + n) / 8);
    value v;
    uint8_t *to = binary_new(p, n / 8, &v);
    if (!to) return v;
    for (uint64_t i = 0; i < n / 8; i++)
        to[i] = (uint8_t)(b[at / 8 + i] << at % 8 | b[at / 8 + i + 1] >> (8 - at % 8));
    p->reductions -= (int32_t)(n / 512);
    return v;
}

/* ---- segments: what a place in a binary means ---- */

enum segment_type { SEGMENT_INTEGER, SEGMENT_FLOAT, SEGMENT_BYTES, SEGMENT_BITS, SEGMENT_UTF8, SEGMENT_REST };
struct segment {
    enum segment_type type;
    bool little, is_signed;
};

static const struct {
    const char *name;
    enum segment_type type;
} segment_names[] = {{"integer", SEGMENT_INTEGER}, {"float", SEGMENT_FLOAT}, {"bytes", SEGMENT_BYTES},
                     {"bits", SEGMENT_BITS},       {"utf8", SEGMENT_UTF8},   {"rest", SEGMENT_REST}};

/* One word of a segment's description; false: there is no such word. */
static bool segment_word(struct segment *s, value word)
{
    if (!is_keyword(word)) return false;
    for (unsigned i = 0; i < COUNT_OF(segment_names); i++)
        if (name_is(word, NULL, segment_names[i].name)) {
            s->type = segment_names[i].type;
            return true;
        }
    bool little = name_is(word, NULL, "little"), is_signed = name_is(word, NULL, "signed");
    if (little || name_is(word, NULL, "big"))
        s->little = little;
    else if (is_signed || name_is(word, NULL, "unsigned"))
        s->is_signed = is_signed;
    else
        return false;
    return true;
}

static value spec_field(struct process *p, value spec, const char *name)
{
    value v = map_get_keyword(spec, keyword_c(p, NULL, name));
    return is_sentinel(v) ? NIL : v;
}

static value match_utf8(struct process *p, const uint8_t *b, uint64_t at, uint64_t total)
{
    char c[4];
    uint32_t code;
    uint64_t have = min_u64((total - at) / 8, 4);
    for (uint64_t i = 0; i < have; i++) c[i] = (char)bits_get(b, at + 8 * i, 8);
    unsigned n = utf8_decode(c, have, &code);
    if (n == 0) return NIL;
    value pair[] = {from_char(code), from_fixnum((int64_t)(at + 8 * n))};
    return vector_make(p, pair, 2);
}

prim_fn prim_match_bits, prim_bits, prim_integer_to_binary, prim_binary_to_integer;

/* (-match-bits binary bit-offset size spec) => [value next-bit-offset], nil if it does not fit. */
value prim_match_bits(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0])) return fail_type(p, "-match-bits", 1, a[0], "a binary");
    if (!is_map(a[3])) return fail_type(p, "-match-bits", 4, a[3], "a map");
    struct segment s = {SEGMENT_INTEGER, false, false};
    segment_word(&s, spec_field(p, a[3], "type"));
    segment_word(&s, spec_field(p, a[3], "endian"));
    s.is_signed = truthy(spec_field(p, a[3], "signed"));
    size_t size;
    const uint8_t *b = binary_bytes(a[0], &size);
    uint64_t total = (uint64_t)size * 8, at, n = 0;
    if (!place(a[1], total, &at)) return fail_range(p, "-match-bits", a[1], total + 1);
    if (s.type == SEGMENT_UTF8) return match_utf8(p, b, at, total);
    if (s.type == SEGMENT_REST)
        n = total - at;
    else if (!place(a[2], s.type == SEGMENT_BYTES ? size : total, &n))
        return NIL;
    if (s.type == SEGMENT_BYTES) n *= 8;
    if (n > total - at) return NIL;
    value v;
    switch (s.type) {
    case SEGMENT_INTEGER: v = integer_get(p, b, at, n, s.is_signed, s.little); break;
    case SEGMENT_FLOAT:
        if (n != 32 && n != 64)
            return process_fail(p, ERR_ARGUMENT, a[2], "a float segment has 32 or 64 bits");
        v = float_get(b, at, (unsigned)n, s.little);
        break;
    default:
        if (n % 8) return NIL;
        v = binary_get(p, a[0], b, at, n);
    }
    if (is_sentinel(v)) return v;
    value pair[] = {v, from_fixnum((int64_t)(at + n))};
    return vector_make(p, pair, 2);
}

/* ---- building ---- */

struct part {
    struct segment s;
    value v;
    uint64_t bits;
};

static value part_fail(struct process *p, value segment, const char *what)
{
    return process_fail(p, ERR_ARGUMENT, segment, "bits: %s: %v", what, segment);
}

static value bytes_of(struct process *p, value v)
{
    return is_string(v) ? binary_of_string(p, v) : v;
}

/* A segment [value size word ...], or a byte, a string or a binary alone. */
static value part_read(struct process *p, value segment, struct part *to)
{
    *to = (struct part){.v = segment, .bits = 8};
    value size = NIL;
    if (is_vector(segment)) {
        uint64_t n = vector_count(segment);
        if (n == 0) return part_fail(p, segment, "an empty segment");
        to->v = vector_nth(segment, 0);
        for (uint64_t i = 1; i < n; i++) {
            value word = vector_nth(segment, i);
            if (i == 1 && !is_keyword(word))
                size = word;
            else if (!segment_word(&to->s, word))
                return part_fail(p, segment, "a word that segments do not know");
        }
    }
    bool bytes = is_binary(to->v) || is_string(to->v);
    if (bytes && to->s.type == SEGMENT_INTEGER) to->s.type = SEGMENT_BYTES;
    uint64_t unit = to->s.type == SEGMENT_BYTES ? 8 : 1, most = (uint64_t)LIMIT_STRING_BYTES * 8;
    if (size != NIL && (!place(size, most / unit, &to->bits)))
        return part_fail(p, segment, "the size is not a number of bits");
    if (size != NIL) to->bits *= unit;
    switch (to->s.type) {
    case SEGMENT_INTEGER:
        return is_integer(to->v) ? NIL : part_fail(p, segment, "the value is not an integer");
    case SEGMENT_FLOAT:
        if (size == NIL) to->bits = 64;
        if (to->bits != 32 && to->bits != 64) return part_fail(p, segment, "a float has 32 or 64 bits");
        return is_number(to->v) ? NIL : part_fail(p, segment, "the value is not a number");
    case SEGMENT_UTF8:
        if (!is_char(to->v)) return part_fail(p, segment, "the value is not a character");
        to->bits = 8 * utf8_size(to_char(to->v));
        return NIL;
    default: {
        if (!bytes) return part_fail(p, segment, "the value is not a binary");
        to->v = bytes_of(p, to->v);
        if (to->v == VAL_ERROR) return VAL_ERROR;
        size_t have;
        binary_bytes(to->v, &have);
        if (size == NIL) to->bits = (uint64_t)have * 8;
        return to->bits > (uint64_t)have * 8 ? part_fail(p, segment, "the binary is shorter than the size")
                                             : NIL;
    }
    }
}

static void part_write(struct process *p, uint8_t *to, uint64_t at, const struct part *part)
{
    char c[4];
    size_t size;
    switch (part->s.type) {
    case SEGMENT_INTEGER: integer_put(to, at, part->bits, part->v, part->s.little); break;
    case SEGMENT_FLOAT:
        float_put(to, at, (unsigned)part->bits, number_to_double(part->v), part->s.little);
        break;
    case SEGMENT_UTF8:
        utf8_encode(to_char(part->v), c);
        for (unsigned i = 0; i < part->bits / 8; i++) bits_put(to, at + 8 * i, 8, (uint8_t)c[i]);
        break;
    default: {
        const uint8_t *from = binary_bytes(part->v, &size);
        if (at % 8 == 0)
            __builtin_memcpy(to + at / 8, from, part->bits / 8);
        else
            for (uint64_t i = 0; i < part->bits / 8; i++) bits_put(to, at + 8 * i, 8, from[i]);
        if (part->bits % 8)
            bits_put(to, at + part->bits / 8 * 8, part->bits % 8,
                     from[part->bits / 8] >> (8 - part->bits % 8));
        p->reductions -= (int32_t)(part->bits / 4096);
    }
    }
}

/* Two passes over the segments: check and add up, then write; nothing can fail in the second. */
value prim_bits(struct process *p, value *a, unsigned argc)
{
    uint64_t total = 0, at = 0;
    struct part part;
    for (unsigned i = 0; i < argc; i++) {
        value v = part_read(p, a[i], &part);
        if (v == VAL_ERROR) return v;
        total += part.bits;
    }
    if (total % 8) return process_fail(p, ERR_ARGUMENT, NIL, "bits: %u bits do not make whole bytes", total);
    if (total / 8 > LIMIT_STRING_BYTES)
        return process_fail(p, ERR_TOO_LARGE, NIL, "bits: a binary of %u bytes", total / 8);
    value b;
    uint8_t *to = binary_new(p, total / 8, &b);
    if (!to) return b;
    __builtin_memset(to, 0, total / 8);
    for (unsigned i = 0; i < argc; i++) {
        part_read(p, a[i], &part);
        part_write(p, to, at, &part);
        at += part.bits;
    }
    p->reductions -= (int32_t)(argc + total / 4096);
    return b;
}

/* ---- whole binaries as integers ---- */

static bool endian_argument(value v, bool *little)
{
    *little = is_keyword(v) && name_is(v, NULL, "little");
    return *little || (is_keyword(v) && name_is(v, NULL, "big"));
}

value prim_integer_to_binary(struct process *p, value *a, unsigned argc)
{
    uint64_t size;
    bool little = false;
    if (!is_integer(a[0])) return fail_type(p, "integer->binary", 1, a[0], "an integer");
    if (!place(a[1], LIMIT_STRING_BYTES, &size))
        return fail_range(p, "integer->binary", a[1], LIMIT_STRING_BYTES);
    if (argc == 3 && !endian_argument(a[2], &little))
        return fail_type(p, "integer->binary", 3, a[2], ":big or :little");
    value b;
    uint8_t *to = binary_new(p, size, &b);
    if (!to) return b;
    __builtin_memset(to, 0, size);
    integer_put(to, 0, size * 8, a[0], little);
    p->reductions -= (int32_t)(size / 64);
    return b;
}

value prim_binary_to_integer(struct process *p, value *a, unsigned argc)
{
    size_t size;
    bool little = false;
    if (!is_binary(a[0])) return fail_type(p, "binary->integer", 1, a[0], "a binary");
    if (argc >= 2 && !endian_argument(a[1], &little))
        return fail_type(p, "binary->integer", 2, a[1], ":big or :little");
    const uint8_t *b = binary_bytes(a[0], &size);
    bool is_signed = argc == 3 && is_keyword(a[2]) && name_is(a[2], NULL, "signed");
    return integer_get(p, b, 0, (uint64_t)size * 8, is_signed, little);
}
