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

/* All literals as one published vector's worth of values into to.  NIL or VAL_ERROR. */
static value publish_literals(struct process *p, const uint8_t *bytes, value *to)
{
    const struct unit_header *h = (const struct unit_header *)bytes;
    if (h->literal_count == 0) return NIL;
    value reserved = heap_reserve(p, (uint64_t)h->literal_count + 1 + h->total_bytes);
    if (reserved == VAL_ERROR) return VAL_ERROR;
    struct object *all = heap_alloc(p, T_TAGGED, 0, h->literal_count);
    for (uint32_t i = 0; i < h->literal_count; i++) all->p[i] = NIL;
    for (uint32_t i = 0; i < h->literal_count; i++) {
        value v = literal_decode(p, bytes, i);
        if (v == VAL_ERROR) return v;
        all->p[i] = v;
    }
    value shared = arena_publish(p, from_obj(all));
    if (shared == VAL_ERROR) return VAL_ERROR;
    __builtin_memcpy(to, to_obj(shared)->p, h->literal_count * sizeof(value));
    return NIL;
}

struct unit *unit_load(struct process *p, const uint8_t *bytes, size_t size)
{
    struct verify_error e;
    if (!bytecode_verify(bytes, size, &e)) {
        if (e.insn == UINT32_MAX)
            process_fail(p, ERR_COMPILE, NIL, "the bytecode is not valid: %s (byte %u)", e.rule,
                         (uint64_t)e.offset);
        else
            process_fail(p, ERR_COMPILE, NIL, "the bytecode is not valid: %s (function %u, instruction %u)",
                         e.rule, (uint64_t)e.proto, (uint64_t)e.insn);
        return NULL;
    }
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
    if (publish_literals(p, u->bytes, literals) == VAL_ERROR) {
        arena_free(s, u);
        return NULL;
    }
    const uint32_t *global_literals = (const uint32_t *)(u->bytes + h->globals);
    for (uint32_t i = 0; i < h->global_count; i++) globals[i] = literals[global_literals[i]];
    if (h->source_literal != UINT32_MAX) u->source = literals[h->source_literal];
    if (h->file_literal != UINT32_MAX) u->file = literals[h->file_literal];
    fill_protos(u, segment + l.records);
    if (!take_index(s->units, u)) {
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "there are %u code units already", (uint64_t)LIMIT_UNITS);
        return NULL;
    }
    set_unit_index(u);
    arena_set_kind(s, u, SEGMENT_UNIT);
    return u;
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
