/* From verified unit bytes to code that runs, and from a unit to its link vector in a domain.
 *
 * The bytes are copied into the segment of the unit; instructions, live maps, regions, positions and locals are used there
 * as they are.  Literals are decoded into the process's heap and published in one go. */
#include "runtime/vm/load.h"

#include "loader/bytecode/verify.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/tree.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/lock.h"
#include "runtime/vm/literal.h"
#include "runtime/vm/vm.h"

/* Units in use, by index. */
struct unit_table {
    struct lock lock;
    uint32_t used;       /* indices below were given out at some time */
    uint32_t free_count; /* entries of free_list */
    struct unit **units; /* LIMIT_UNITS, lazily committed; NULL: free */
    uint32_t *free_list; /* LIMIT_UNITS, lazily committed */
};

bool unit_table_init(struct system *s)
{
    uint64_t bytes =
        sizeof(struct unit_table) + (uint64_t)LIMIT_UNITS * (sizeof(struct unit *) + sizeof(uint32_t));
    struct unit_table *t =
        port_memory_allocate(s->port, (bytes + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1));
    if (t == NULL) return false;
    t->units = (struct unit **)(t + 1);
    t->free_list = (uint32_t *)(t->units + LIMIT_UNITS);
    s->units = t;
    return true;
}

static bool take_index(struct unit_table *t, struct unit *u)
{
    bool ok = true;
    lock_acquire(&t->lock);
    if (t->free_count > 0)
        u->index = t->free_list[--t->free_count];
    else if (t->used < LIMIT_UNITS)
        u->index = t->used++;
    else
        ok = false;
    if (ok) t->units[u->index] = u;
    lock_release(&t->lock);
    return ok;
}

struct unit *unit_by_index(struct system *s, uint32_t index)
{
    struct unit_table *t = s->units;
    return index < __atomic_load_n(&t->used, __ATOMIC_RELAXED)
               ? __atomic_load_n(&t->units[index], __ATOMIC_ACQUIRE)
               : NULL;
}

uint32_t unit_index_limit(struct system *s)
{
    return __atomic_load_n(&s->units->used, __ATOMIC_RELAXED);
}

/* ---- layout of the segment ---- */
struct layout {
    uint64_t bytes, literals, globals, protos, records, total;
};

/* The records of prototypes come last: their size is bounded by that of as many prototypes of one arity each. */
static struct layout plan(const struct unit_header *h)
{
    struct layout l;
    l.bytes = sizeof(struct unit);
    l.literals = l.bytes + ((h->total_bytes + 7u) & ~7u);
    l.globals = l.literals + h->literal_count * sizeof(value);
    l.protos = l.globals + h->global_count * sizeof(value);
    l.records = l.protos + h->proto_count * sizeof(struct proto *);
    l.total = l.records + h->proto_count * (sizeof(struct proto) + sizeof(struct arity));
    return l;
}

static const struct proto_record *records_of(const uint8_t *bytes)
{
    return (const struct proto_record *)(bytes + ((const struct unit_header *)bytes)->protos);
}

static uint32_t chain_length(const struct proto_record *records, uint32_t first)
{
    uint32_t n = 1;
    for (uint32_t i = records[first].next_arity; i != UINT32_MAX; i = records[i].next_arity) n++;
    return n;
}

static void fill_arity(struct arity *a, struct proto *proto, const uint8_t *bytes,
                       const struct proto_record *r)
{
    const struct unit_header *h = (const struct unit_header *)bytes;
    a->proto = proto;
    a->entry = (const struct insn *)(bytes + h->code) + r->first_insn;
    a->insn_count = r->insn_count;
    a->fixed_count = r->fixed_count;
    a->register_count = r->register_count;
    a->frame_bytes = (uint32_t)(r->register_count * sizeof(value));
    a->flags = r->flags;
    a->live_stride = (uint16_t)((r->register_count + 7) / 8);
    a->live = bytes + h->live + r->live_offset;
    a->regions = (const struct region_record *)(bytes + h->regions) + r->first_region;
    a->region_count = r->region_count;
    a->positions = (const struct position_record *)(bytes + h->positions) + r->first_position;
    a->position_count = r->position_count;
    a->locals = (const struct local_record *)(bytes + h->locals) + r->first_local;
    a->local_count = r->local_count;
    if (a->flags & PROTO_VARIADIC)
        proto->variadic = a;
    else if (a->fixed_count < ARITY_TABLE)
        proto->exact[a->fixed_count] = a;
}

static void fill_proto(struct proto *proto, struct unit *u, uint32_t index, uint32_t arities)
{
    const struct proto_record *records = records_of(u->bytes);
    __builtin_memset(proto, 0, sizeof *proto);
    proto->unit = u;
    proto->index = index;
    proto->upvalue_count = records[index].upvalue_count;
    proto->arity_count = (uint16_t)arities;
    uint32_t name = records[index].name_literal;
    proto->name = name == UINT32_MAX ? NIL : u->literals[name];
    for (uint32_t i = index, n = 0; i != UINT32_MAX; i = records[i].next_arity)
        fill_arity(&proto->arities[n++], proto, u->bytes, &records[i]);
}

static void fill_protos(struct unit *u, uint8_t *at)
{
    const struct proto_record *records = records_of(u->bytes);
    for (uint32_t i = 0; i < u->proto_count; i++) {
        u->protos[i] = NULL;
        if (records[i].flags & PROTO_LATER_ARITY) continue;
        uint32_t arities = chain_length(records, i);
        u->protos[i] = (struct proto *)at;
        fill_proto(u->protos[i], u, i, arities);
        at += sizeof(struct proto) + arities * sizeof(struct arity);
    }
}

static void set_unit_index(struct unit *u)
{
    for (uint32_t i = 0; i < u->proto_count; i++)
        if (u->protos[i] != NULL) u->protos[i]->unit_index = u->index;
}

/* ---- loading ---- */
/* Literals are published so many at a time: publishing is one step. */
#define BATCH_LITERALS 1024
#define BATCH_BYTES 65536u

enum { LOAD_VERIFY, LOAD_LITERALS, LOAD_PLACE };

struct loading {
    struct process *p;
    const uint8_t *bytes;
    size_t size;
    uint32_t stage;
    uint32_t next, literal_count; /* literals */
    struct object *all;           /* ARRAY: the literals that are published */
    struct object *batch;         /* or NULL: some that are decoded; of them */
    uint32_t batch_count, batch_bytes;
    bool decoding;
    const uint8_t *begin; /* of the literal */
    union {
        struct verifier verifier;
        struct literal_decoder decoder;
    };
};

static void loading_start(struct loading *l, struct process *p, const uint8_t *bytes, size_t size)
{
    l->p = p;
    l->bytes = bytes;
    l->size = size;
    l->stage = LOAD_VERIFY;
    l->next = 0;
    l->all = l->batch = NULL;
    l->batch_count = l->batch_bytes = 0;
    l->decoding = false;
    bytecode_verify_start(&l->verifier, bytes, size);
}

static value verify(struct loading *l, int64_t *steps)
{
    enum verify_result result = bytecode_verify_continue(&l->verifier, steps);
    const struct verify_error *e = &l->verifier.error;
    if (result == VERIFY_MORE) return VAL_YIELD;
    if (result == VERIFY_GOOD) {
        const struct unit_header *h = &l->verifier.h;
        uint32_t count = h->literal_count;
        if (heap_reserve(l->p, (uint64_t)count * 2 + 2 + h->total_bytes) == VAL_ERROR) return VAL_ERROR;
        l->literal_count = count;
        l->all = heap_alloc(l->p, T_ARRAY, 0, count);
        for (uint32_t i = 0; i < count; i++) l->all->p[i] = NIL;
        return NIL;
    }
    if (e->insn == UINT32_MAX)
        return process_fail(l->p, ERR_COMPILE, NIL, "the bytecode is not valid: %s (byte %u)", e->rule,
                            (uint64_t)e->offset);
    return process_fail(l->p, ERR_COMPILE, NIL, "the bytecode is not valid: %s (function %u, instruction %u)",
                        e->rule, (uint64_t)e->proto, (uint64_t)e->insn);
}

static value publish_batch(struct loading *l)
{
    if (l->batch == NULL) return NIL;
    for (uint32_t i = l->batch_count; i < obj_size(l->batch); i++) l->batch->p[i] = NIL;
    value shared = arena_publish(l->p, from_obj(l->batch));
    if (shared == VAL_ERROR) return shared;
    uint32_t first = l->next - l->batch_count;
    __builtin_memcpy(&l->all->p[first], to_obj(shared)->p, l->batch_count * sizeof(value));
    l->batch = NULL;
    l->batch_count = l->batch_bytes = 0;
    return NIL;
}

/* Decodes and publishes the literals into l->all. */
static value load_literals(struct loading *l, int64_t *steps)
{
    while (l->next < l->literal_count) {
        if (!l->decoding) {
            literal_decode_start(&l->decoder, l->p, l->bytes, l->next);
            l->begin = l->decoder.at;
            l->decoding = true;
        }
        value v = literal_decode_continue(&l->decoder, steps);
        if (v == VAL_YIELD || v == VAL_ERROR) return v;
        l->decoding = false;
        l->batch_bytes += (uint32_t)(l->decoder.end - l->begin);
        if (l->batch == NULL) {
            uint32_t left = l->literal_count - l->next;
            l->batch = heap_alloc(l->p, T_TAGGED, 0, left < BATCH_LITERALS ? left : BATCH_LITERALS);
        }
        l->batch->p[l->batch_count++] = v;
        l->next++;
        if (l->batch_count < obj_size(l->batch) && l->batch_bytes < BATCH_BYTES) continue;
        *steps -= l->batch_count * 2 + l->batch_bytes / 8;
        if (publish_batch(l) == VAL_ERROR) return VAL_ERROR;
    }
    return publish_batch(l);
}

/* The unit itself, verified, its literals published. */
static struct unit *place(struct process *p, const uint8_t *bytes, const value *all)
{
    struct unit_header header;
    __builtin_memcpy(&header, bytes, sizeof header);
    const struct unit_header *h = &header;
    struct layout l = plan(h);
    struct system *s = process_system(p);
    uint8_t *segment = arena_alloc(s, l.total);
    if (segment == NULL) {
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for code");
        return NULL;
    }
    struct unit *u = (struct unit *)segment;
    value *literals = (value *)(segment + l.literals), *globals = (value *)(segment + l.globals);
    __builtin_memcpy(segment + l.bytes, bytes, h->total_bytes);
    *u = (struct unit){.segment_bytes = l.total,
                       .proto_count = h->proto_count,
                       .literal_count = h->literal_count,
                       .global_count = h->global_count,
                       .protos = (struct proto **)(segment + l.protos),
                       .literals = literals,
                       .globals = globals,
                       .code = (const struct insn *)(segment + l.bytes + h->code),
                       .source = NIL,
                       .file = NIL,
                       .bytes = segment + l.bytes};
    __builtin_memcpy(literals, all, h->literal_count * sizeof(value));
    const uint32_t *global_literals = (const uint32_t *)(u->bytes + h->globals);
    for (uint32_t i = 0; i < h->global_count; i++) globals[i] = literals[global_literals[i]];
    if (h->source_literal != UINT32_MAX) u->source = literals[h->source_literal];
    if (h->file_literal != UINT32_MAX) u->file = literals[h->file_literal];
    fill_protos(u, segment + l.records);
    if (!take_index(s->units, u)) {
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "there are %u code units already", (uint64_t)LIMIT_UNITS);
        arena_free(s, u);
        return NULL;
    }
    set_unit_index(u);
    arena_set_kind(s, u, SEGMENT_UNIT);
    return u;
}

/* Everything before the unit is placed: NIL, VAL_YIELD or VAL_ERROR. */
static value prepare(struct loading *l, int64_t *steps)
{
    value v = NIL;
    while (l->stage < LOAD_PLACE) {
        v = l->stage == LOAD_VERIFY ? verify(l, steps) : load_literals(l, steps);
        if (v != NIL) return v;
        l->stage++;
    }
    return v;
}

struct unit *unit_load(struct process *p, const uint8_t *bytes, size_t size)
{
    struct loading l;
    int64_t steps = INT64_MAX;
    loading_start(&l, p, bytes, size);
    return prepare(&l, &steps) == VAL_ERROR ? NULL : place(p, bytes, l.all->p);
}

enum { STATE_LOADING, STATE_LITERALS /* for the collector of the arena to see */, STATE_WORDS };

value unit_load_start(struct process *p, const uint8_t *bytes, size_t size)
{
    if (heap_reserve(p, sizeof(struct loading) / 8 + 8) == VAL_ERROR) return VAL_ERROR;
    struct object *raw = heap_alloc(p, T_STATE_RAW, 0, (sizeof(struct loading) + 7) / 8);
    struct object *state = heap_alloc(p, T_STATE, OBJ_PINS, STATE_WORDS);
    state->p[STATE_LOADING] = from_obj(raw);
    state->p[STATE_LITERALS] = NIL;
    loading_start((struct loading *)raw->p, p, bytes, size);
    return from_obj(state);
}

value unit_load_continue(struct process *p, value state, int64_t *steps)
{
    struct loading *l = (struct loading *)to_obj(to_obj(state)->p[STATE_LOADING])->p;
    value v = prepare(l, steps);
    if (l->all != NULL) heap_write(p, to_obj(state), STATE_LITERALS, from_obj(l->all));
    if (v == VAL_YIELD || v == VAL_ERROR) return v;
    struct unit *u = place(p, l->bytes, l->all->p);
    return u == NULL ? VAL_ERROR : unit_function(p, u);
}

/* Nothing refers to the unit any more: its index and the links to it are free for others. */
void unit_retire(struct system *s, void *unit)
{
    struct unit *u = unit;
    struct domain_table *domains = s->domains;
    lock_acquire(&domains->lock);
    for (uint32_t i = 0; i < domains->limit; i++) {
        struct domain *d = domains->slots[i];
        if (d == NULL || d->vm.links == NULL) continue;
        struct link *link = d->vm.links[u->index];
        d->vm.links[u->index] = NULL;
        if (link != NULL) arena_free(s, link);
    }
    lock_release(&domains->lock);
    struct unit_table *t = s->units;
    lock_acquire(&t->lock);
    t->units[u->index] = NULL;
    t->free_list[t->free_count++] = u->index;
    lock_release(&t->lock);
}

value unit_function(struct process *p, struct unit *u)
{
    struct object *o = heap_alloc(p, T_FN, 0, 1);
    o->p[0] = (value)(uintptr_t)u->protos[0];
    return from_obj(o);
}

/* ---- links ---- */
struct link *domain_link(struct domain *d, struct unit *u)
{
    struct link **slot = &((struct vm_domain *)d)->links[u->index];
    struct link *known = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    if (known != NULL) return known;
    struct link *link = arena_alloc(d->system, sizeof *link + u->global_count * sizeof(struct link_global));
    if (link == NULL) return NULL;
    arena_set_kind(d->system, link, SEGMENT_LINK);
    link->unit = u;
    link->literals = u->literals;
    for (uint32_t i = 0; i < u->global_count; i++) {
        link->globals[i].cell = domain_cell(d, u->globals[i], true);
        if (link->globals[i].cell == NULL) return NULL;
    }
    struct link *expected = NULL;
    if (__atomic_compare_exchange_n(slot, &expected, link, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return link;
    arena_free(d->system, link);
    return expected;
}
