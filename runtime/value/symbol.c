#include "runtime/value/string.h"
#include "runtime/value/hash_bytes.h"

enum { NAME_HASH, NAME_NS, NAME_NAME, NAME_WORDS };

uint32_t name_hash_bytes(bool keyword, const char *ns, size_t ns_size, const char *name, size_t name_size)
{
    uint64_t h = hash_bytes(keyword ? HASH_SEED_KEYWORD : HASH_SEED_SYMBOL, name, name_size);
    if (ns_size) h = hash_bytes(h, ns, ns_size);
    return hash_bytes_finish(h);
}

uint32_t string_hash(value s)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    return hash_bytes_finish(hash_bytes(HASH_SEED_STRING, bytes, size));
}

uint32_t binary_hash(value b)
{
    size_t size;
    const uint8_t *bytes = binary_bytes(b, &size);
    return hash_bytes_finish(hash_bytes(HASH_SEED_BINARY, (const char *)bytes, size));
}

static value name_make(struct process *p, enum object_type t, value ns, value name)
{
    size_t name_size, ns_size = 0;
    const char *name_at = string_bytes(name, &name_size),
               *ns_at = ns == NIL ? NULL : string_bytes(ns, &ns_size);
    struct object *o = heap_alloc(p, t, 0, NAME_WORDS);
    o->p[NAME_HASH] = name_hash_bytes(t == T_KEYWORD, ns_at, ns_size, name_at, name_size);
    o->p[NAME_NS] = ns;
    o->p[NAME_NAME] = name;
    return from_obj(o);
}

value symbol_make(struct process *p, value ns, value name)
{
    return name_make(p, T_SYMBOL, ns, name);
}
value keyword_make(struct process *p, value ns, value name)
{
    return name_make(p, T_KEYWORD, ns, name);
}

static value name_c(struct process *p, enum object_type t, const char *ns, const char *name)
{
    value ns_string = ns ? string_make_unchecked(p, ns, __builtin_strlen(ns)) : NIL;
    value name_string = string_make_unchecked(p, name, __builtin_strlen(name));
    return name_make(p, t, ns_string, name_string);
}

value symbol_c(struct process *p, const char *ns, const char *name)
{
    return name_c(p, T_SYMBOL, ns, name);
}
value keyword_c(struct process *p, const char *ns, const char *name)
{
    return name_c(p, T_KEYWORD, ns, name);
}

value symbol_with_meta(struct process *p, value symbol, value meta)
{
    const struct object *o = to_obj(symbol);
    struct object *n = heap_alloc(p, T_SYMBOL, meta == NIL ? 0 : OBJ_META, NAME_WORDS + (meta != NIL));
    for (unsigned i = 0; i < NAME_WORDS; i++) n->p[i] = o->p[i];
    if (meta != NIL) n->p[NAME_WORDS] = meta;
    return from_obj(n);
}

bool name_is(value v, const char *ns, const char *name)
{
    size_t size;
    const char *at;
    if ((ns == NULL) != (name_ns(v) == NIL)) return false;
    if (ns) {
        at = string_bytes(name_ns(v), &size);
        if (size != __builtin_strlen(ns) || __builtin_memcmp(at, ns, size) != 0) return false;
    }
    at = string_bytes(name_name(v), &size);
    return size == __builtin_strlen(name) && __builtin_memcmp(at, name, size) == 0;
}

bool name_equal(value a, value b)
{
    if (a == b) return true;
    const struct object *x = to_obj(a), *y = to_obj(b);
    if (x->p[NAME_HASH] != y->p[NAME_HASH] || obj_type(x) != obj_type(y)) return false;
    if ((x->p[NAME_NS] == NIL) != (y->p[NAME_NS] == NIL)) return false;
    if (x->p[NAME_NS] != NIL && !string_equal(x->p[NAME_NS], y->p[NAME_NS])) return false;
    return string_equal(x->p[NAME_NAME], y->p[NAME_NAME]);
}

int name_compare(value a, value b)
{
    value x = name_ns(a), y = name_ns(b);
    if (x != y) {
        if (x == NIL) return -1;
        if (y == NIL) return 1;
        int order = string_compare(x, y);
        if (order) return order;
    }
    return string_compare(name_name(a), name_name(b));
}
