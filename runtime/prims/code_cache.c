/* Primitives of the bytecode cache: a digest, and files of units.  The format is described in docs/design/bytecode.md.
 *
 * A cache file may be damaged or hostile: whatever is not exactly as written here reads as nil ("nothing cached"), and
 * every unit still has to pass the verifier before it runs. */
#include "base/sha256.h"
#include "loader/bytecode/format.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"

#define CACHE_MAGIC 0x3145484341434c4eull /* "NLCACHE1" */
#define CACHE_VERSION UNIT_VERSION
#define CACHE_UNITS_MAX 65536u
#define CACHE_BYTES_MAX (256u << 20)

struct cache_header {
    uint64_t magic;
    uint32_t version, unit_count;
    uint64_t total_bytes; /* of the file, the digest at its end included */
    uint8_t key[SHA256_BYTES];
    /* uint32_t sizes[unit_count], padded to 8 bytes; the units, each padded to 8 bytes; SHA-256 of all before */
};

/* ---- a digest over several turns: its state is a STATE_RAW object ---- */
struct digest_job {
    uint64_t at;
    struct sha256 sha;
};
#define JOB_WORDS ((sizeof(struct digest_job) + 7) / 8)
#define DIGEST_CHUNK 16384u
#define DIGEST_REDUCTIONS 1600 /* for a chunk */

static struct object *digest_start(struct process *p)
{
    struct object *o = heap_alloc(p, T_STATE_RAW, 0, JOB_WORDS);
    struct digest_job *job = (struct digest_job *)o->p;
    job->at = 0;
    sha256_start(&job->sha);
    return o;
}
/* Goes on with bytes[0 .. size); true when all of them are in. */
static bool digest_go_on(struct process *p, struct object *state, const uint8_t *bytes, uint64_t size)
{
    struct digest_job *job = (struct digest_job *)state->p;
    do {
        uint64_t n = min_u64(size - job->at, DIGEST_CHUNK);
        sha256_add(&job->sha, bytes + job->at, n);
        job->at += n;
        p->reductions -= (int32_t)(n * DIGEST_REDUCTIONS / DIGEST_CHUNK);
    } while (job->at < size && p->reductions > 0);
    return job->at == size;
}

static const uint8_t *bytes_of(value v, size_t *size)
{
    return is_binary(v) ? binary_bytes(v, size) : (const uint8_t *)string_bytes(v, size);
}

value prim_sha256(struct process *p, value *a, unsigned argc);
value prim_sha256(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0]) && !is_string(a[0])) return fail_type(p, "-sha256", 1, a[0], "a binary or a string");
    size_t size;
    const uint8_t *bytes = bytes_of(a[0], &size);
    uint8_t digest[SHA256_BYTES];
    if (p->prim_state == NIL) p->prim_state = from_obj(digest_start(p));
    struct object *state = to_obj(p->prim_state);
    if (!digest_go_on(p, state, bytes, size)) return VAL_YIELD;
    sha256_end(&((struct digest_job *)state->p)->sha, digest);
    p->prim_state = NIL;
    return binary_make(p, digest, sizeof digest);
}

/* ---- writing ---- */
static uint64_t padded(uint64_t size)
{
    return (size + 7) & ~7ull;
}

static value pack_body(struct process *p, value key, value units)
{
    uint64_t count = vector_count(units), total, at;
    size_t size;
    total = sizeof(struct cache_header) + padded(count * 4) + SHA256_BYTES;
    for (uint64_t i = 0; i < count; i++) {
        value unit = vector_nth(units, i);
        if (!is_binary(unit)) return fail_type(p, "-cache-pack", 2, unit, "units, which are binaries");
        binary_bytes(unit, &size);
        total += padded(size);
        if (total > CACHE_BYTES_MAX)
            return process_fail(p, ERR_TOO_LARGE, NIL, "the units are too large to cache");
    }
    value file;
    uint8_t *to = binary_new(p, total, &file);
    if (!to) return VAL_ERROR;
    __builtin_memset(to, 0, total);
    struct cache_header h = {
        .magic = CACHE_MAGIC, .version = CACHE_VERSION, .unit_count = (uint32_t)count, .total_bytes = total};
    __builtin_memcpy(h.key, binary_bytes(key, &size), SHA256_BYTES);
    __builtin_memcpy(to, &h, sizeof h);
    at = sizeof h + padded(count * 4);
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *unit = binary_bytes(vector_nth(units, i), &size);
        uint32_t size32 = (uint32_t)size;
        __builtin_memcpy(to + sizeof h + 4 * i, &size32, 4);
        __builtin_memcpy(to + at, unit, size);
        at += padded(size);
    }
    return file;
}

static bool is_key(value v)
{
    size_t size = 0;
    if (is_binary(v)) binary_bytes(v, &size);
    return size == SHA256_BYTES;
}

value prim_cache_pack(struct process *p, value *a, unsigned argc);
value prim_cache_pack(struct process *p, value *a, unsigned argc)
{
    if (!is_key(a[0])) return fail_type(p, "-cache-pack", 1, a[0], "a binary of 32 bytes");
    if (!is_vector(a[1]) || vector_count(a[1]) > CACHE_UNITS_MAX)
        return fail_type(p, "-cache-pack", 2, a[1], "a vector of up to 65536 units");
    if (p->prim_state == NIL) {
        value file = pack_body(p, a[0], a[1]);
        if (file == VAL_ERROR) return VAL_ERROR;
        struct object *digest = digest_start(p), *state = heap_alloc(p, T_STATE, 0, 2);
        state->p[0] = file;
        state->p[1] = from_obj(digest);
        p->prim_state = from_obj(state);
    }
    value file = to_obj(p->prim_state)->p[0];
    struct object *digest = to_obj(to_obj(p->prim_state)->p[1]);
    size_t size;
    uint8_t *bytes = (uint8_t *)(uintptr_t)binary_bytes(file, &size); /* nobody else has seen it yet */
    if (!digest_go_on(p, digest, bytes, size - SHA256_BYTES)) return VAL_YIELD;
    sha256_end(&((struct digest_job *)digest->p)->sha, bytes + size - SHA256_BYTES);
    p->prim_state = NIL;
    return file;
}

/* ---- reading ---- */
static bool header_good(value key, const uint8_t *bytes, size_t size, struct cache_header *h)
{
    size_t key_size;
    if (size < sizeof *h + SHA256_BYTES) return false;
    __builtin_memcpy(h, bytes, sizeof *h);
    return h->magic == CACHE_MAGIC && h->version == CACHE_VERSION && h->total_bytes == size &&
           h->unit_count <= CACHE_UNITS_MAX &&
           sizeof *h + padded((uint64_t)h->unit_count * 4) + SHA256_BYTES <= size &&
           __builtin_memcmp(h->key, binary_bytes(key, &key_size), SHA256_BYTES) == 0;
}

static value unpack_units(struct process *p, value file, const struct cache_header *h)
{
    value units = empty_vector();
    uint64_t at = sizeof *h + padded((uint64_t)h->unit_count * 4);
    for (uint32_t i = 0; i < h->unit_count; i++) {
        uint32_t size;
        __builtin_memcpy(&size, binary_bytes(file, &(size_t){0}) + sizeof *h + 4 * (uint64_t)i, 4);
        if (padded(size) > h->total_bytes - SHA256_BYTES - at) return NIL;
        value unit = binary_slice(p, file, at, at + size);
        if (unit == VAL_ERROR) return VAL_ERROR;
        units = vector_conj(p, units, unit);
        at += padded(size);
    }
    return at == h->total_bytes - SHA256_BYTES ? units : NIL;
}

value prim_cache_unpack(struct process *p, value *a, unsigned argc);
value prim_cache_unpack(struct process *p, value *a, unsigned argc)
{
    if (!is_key(a[0])) return fail_type(p, "-cache-unpack", 1, a[0], "a binary of 32 bytes");
    if (!is_binary(a[1])) return fail_type(p, "-cache-unpack", 2, a[1], "a binary");
    size_t size;
    const uint8_t *bytes = binary_bytes(a[1], &size);
    struct cache_header h;
    uint8_t digest[SHA256_BYTES];
    if (!header_good(a[0], bytes, size, &h)) return NIL;
    if (p->prim_state == NIL) p->prim_state = from_obj(digest_start(p));
    struct object *state = to_obj(p->prim_state);
    if (!digest_go_on(p, state, bytes, size - SHA256_BYTES)) return VAL_YIELD;
    sha256_end(&((struct digest_job *)state->p)->sha, digest);
    p->prim_state = NIL;
    if (__builtin_memcmp(digest, bytes + size - SHA256_BYTES, SHA256_BYTES) != 0) return NIL;
    return unpack_units(p, a[1], &h);
}
