/* Defining words: data, values, deferred words, structures, markers. */
#include "forth/internal.h"

static cell make(struct forth *f, enum word_kind kind, cell value)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    if (size > 255) return THROW_NAME_LONG;
    if (f->defining != 0) return THROW_NESTED;
    return word_new(f, name, size, kind, 0, value) == 0 ? THROW_DICTIONARY_FULL : 0;
}
/* A word with data of its own at HERE, aligned. */
static cell make_data(struct forth *f, enum word_kind kind, cell bytes)
{
    cell status = align_here(f, CELL);
    if (status == 0) status = make(f, kind, f->here);
    return status != 0 ? status : allot(f, bytes);
}

cell p_create(struct forth *f)
{
    return make_data(f, W_CREATE, 0);
}
cell p_variable(struct forth *f)
{
    return make_data(f, W_VARIABLE, CELL);
}
cell p_two_variable(struct forth *f)
{
    return make_data(f, W_VARIABLE, 2 * CELL);
}
cell p_fvariable(struct forth *f)
{
    return make_data(f, W_VARIABLE, CELL);
}
cell p_buffer_colon(struct forth *f)
{
    cell size = pop(f);
    return size < 0 ? THROW_DICTIONARY_FULL : make_data(f, W_VARIABLE, size);
}
cell p_constant(struct forth *f)
{
    return make(f, W_CONSTANT, pop(f));
}
static cell make_cells(struct forth *f, enum word_kind kind, cell count)
{
    cell status = make_data(f, kind, count * CELL);
    for (cell i = 0; status == 0 && i < count; i++)
        store_cell(f->bias + f->here - (count - i) * CELL, pop(f));
    return status;
}
cell p_two_constant(struct forth *f)
{
    return make_cells(f, W_2CONSTANT, 2);
}
cell p_value(struct forth *f)
{
    return make_cells(f, W_VALUE, 1);
}
cell p_two_value(struct forth *f)
{
    return make_cells(f, W_2VALUE, 2);
}
static cell float_pop_bits(struct forth *f, cell *bits)
{
    if (f->fp >= f->f0) return THROW_FLOAT_UNDERFLOW;
    memcpy(bits, f->fp++, CELL);
    return 0;
}
cell p_fconstant(struct forth *f)
{
    cell bits, status = float_pop_bits(f, &bits);
    return status != 0 ? status : make(f, W_FCONSTANT, bits);
}
cell p_fvalue(struct forth *f)
{
    cell bits, status = float_pop_bits(f, &bits);
    if (status == 0) status = make_data(f, W_FVALUE, CELL);
    if (status == 0) store_cell(f->bias + f->here - CELL, bits);
    return status;
}
cell p_to_body(struct forth *f)
{
    uint32_t word = from_xt(f, *f->sp);
    if (word == 0) return THROW_UNDEFINED;
    const struct word *w = &f->words[word_real(f, word)];
    if (w->kind != W_CREATE && w->kind != W_VARIABLE) return THROW_NOT_CREATED;
    *f->sp = w->value;
    return 0;
}

static cell named(struct forth *f, uint32_t *word)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    *word = word_find(f, name, size);
    if (*word == 0) return THROW_UNDEFINED;
    *word = word_real(f, *word);
    return 0;
}

/* `TO name`: compiled as a store to a place that is known now. */
static cell store_compiled(struct forth *f, const struct word *w)
{
    cell status = emit_literal(f, w->value);
    if (status != 0) return status;
    return w->kind == W_VALUE    ? emit_op(f, OP_STORE, 0)
           : w->kind == W_2VALUE ? emit_op(f, OP_TWO_STORE, 0)
                                 : emit_op(f, OP_PRIM, P_f_store);
}
static cell store_now(struct forth *f, const struct word *w)
{
    if (at(f, w->value, 2 * CELL) == NULL) return THROW_ADDRESS;
    if (w->kind == W_FVALUE) {
        push(f, w->value);
        return p_f_store(f);
    }
    cell count = w->kind == W_VALUE ? 1 : 2;
    if (depth(f) < count) return THROW_STACK_UNDERFLOW;
    for (cell i = 0; i < count; i++) store_cell(f->bias + w->value + i * CELL, pop(f));
    return 0;
}
cell p_to(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    int local = f->compiling ? local_find(f, name, size) : -1;
    if (local >= 0) return emit_op(f, OP_LOCAL_STORE, local);
    uint32_t word = word_find(f, name, size);
    if (word == 0) return THROW_UNDEFINED;
    const struct word *w = &f->words[word_real(f, word)];
    if (w->kind == W_DEFER) {
        if (f->compiling) {
            cell status = emit_literal(f, to_xt(word_real(f, word)));
            return status != 0 ? status : emit_op(f, OP_PRIM, P_defer_store);
        }
        push(f, to_xt(word_real(f, word)));
        return depth(f) < 2 ? THROW_STACK_UNDERFLOW : p_defer_store(f);
    }
    if (w->kind != W_VALUE && w->kind != W_2VALUE && w->kind != W_FVALUE) return THROW_NAME_ARGUMENT;
    return f->compiling ? store_compiled(f, w) : store_now(f, w);
}

/* ---- deferred words ---- */
static cell deferred(struct forth *f, cell xt, struct word **w)
{
    uint32_t word = from_xt(f, xt);
    if (word == 0) return THROW_UNDEFINED;
    *w = &f->words[word_real(f, word)];
    return (*w)->kind == W_DEFER ? 0 : THROW_NAME_ARGUMENT;
}
cell p_defer(struct forth *f)
{
    return make(f, W_DEFER, 0);
}
cell p_defer_fetch(struct forth *f)
{
    struct word *w;
    cell status = deferred(f, *f->sp, &w);
    if (status == 0) *f->sp = w->value;
    return status;
}
cell p_defer_store(struct forth *f)
{
    struct word *w;
    cell status = deferred(f, pop(f), &w), action = pop(f);
    if (status == 0) w->value = action;
    return status;
}
static cell deferred_named(struct forth *f, uint32_t *word)
{
    cell status = named(f, word);
    return status == 0 && f->words[*word].kind != W_DEFER ? THROW_NAME_ARGUMENT : status;
}
cell p_is(struct forth *f)
{
    uint32_t word;
    cell status = deferred_named(f, &word);
    if (status != 0) return status;
    if (f->compiling) {
        status = emit_literal(f, to_xt(word));
        return status != 0 ? status : emit_op(f, OP_PRIM, P_defer_store);
    }
    if (depth(f) < 1) return THROW_STACK_UNDERFLOW;
    push(f, to_xt(word));
    return p_defer_store(f);
}
cell p_action_of(struct forth *f)
{
    uint32_t word;
    cell status = deferred_named(f, &word);
    if (status != 0) return status;
    if (f->compiling) {
        status = emit_literal(f, to_xt(word));
        return status != 0 ? status : emit_op(f, OP_PRIM, P_defer_fetch);
    }
    push(f, f->words[word].value);
    return 0;
}
cell p_synonym(struct forth *f)
{
    const char *name;
    size_t size;
    char kept[256];
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    if (size > 255) return THROW_NAME_LONG;
    memcpy(kept, name, size);
    uint32_t word, meant;
    cell status = named(f, &meant);
    if (status != 0) return status;
    word = word_new(f, kept, size, W_SYNONYM, f->words[meant].flags & (F_IMMEDIATE | F_COMPILE_ONLY), meant);
    return word == 0 ? THROW_DICTIONARY_FULL : 0;
}

/* ---- structures ---- */
cell p_begin_structure(struct forth *f)
{
    cell status = make_data(f, W_2CONSTANT, 0);
    if (status == 0) status = comma(f, 0);
    if (status != 0) return status;
    struct word *w = &f->words[f->last_made];
    w->kind = W_VALUE; /* its size, known at END-STRUCTURE */
    push(f, w->value);
    push(f, 0);
    return 0;
}
cell p_end_structure(struct forth *f)
{
    cell size = pop(f);
    void *p = at(f, pop(f), CELL);
    if (p == NULL) return THROW_ADDRESS;
    store_cell(p, size);
    return 0;
}
static cell field(struct forth *f, cell size, cell alignment)
{
    cell offset = (pop(f) + alignment - 1) & -alignment, status = make(f, W_FIELD, offset);
    push(f, offset + size);
    return status;
}
cell p_plus_field(struct forth *f)
{
    return field(f, pop(f), 1);
}
cell p_field(struct forth *f)
{
    return field(f, CELL, CELL);
}
cell p_cfield(struct forth *f)
{
    return field(f, 1, 1);
}
cell p_ffield(struct forth *f)
{
    return field(f, CELL, CELL);
}
cell p_dffield(struct forth *f)
{
    return field(f, CELL, CELL);
}
cell p_sffield(struct forth *f)
{
    return field(f, 4, 4);
}

/* ---- markers: what they restore stands in the data space behind them, and is checked like anything that a program can
 *      have changed ---- */
cell p_marker(struct forth *f)
{
    cell here = f->here, status = make_data(f, W_MARKER, 0);
    if (status != 0) return status;
    f->words[f->last_made].code = f->words[f->last_made].code_end = f->units;
    status = comma(f, here);
    if (status == 0) status = comma(f, f->lists);
    if (status == 0) status = comma(f, f->current);
    if (status == 0) status = comma(f, f->order_size);
    for (uint32_t i = 0; status == 0 && i < f->order_size; i++) status = comma(f, f->order[i]);
    return status;
}

static cell forget_from(struct forth *f, uint32_t word, cell here)
{
    const struct word *w = &f->words[word];
    if (f->defining != 0 || (w->flags & F_SYSTEM) != 0) return THROW_FORGET;
    uint32_t units = w->code_end != 0 ? w->code : f->units;
    for (uint32_t i = word; i < f->word_count && w->code_end == 0; i++)
        if (f->words[i].code_end != 0) {
            units = f->words[i].code;
            break;
        }
    f->units = units;
    f->names_size = w->name;
    if (here >= ORIGIN + DICT_START && here <= f->here) f->here = here;
    for (uint32_t i = 0; i < SUBSTITUTIONS && i < f->substitution_count; i++)
        if (f->substitution_text[i] >= w->name || f->substitution_name[i] >= w->name)
            f->substitution_count = i;
    for (uint32_t i = 0; i < f->required_count; i++)
        if (f->required_files[i] >= w->name) f->required_count = i;
    words_forget(f, word);
    for (uint32_t i = 1; i < f->word_count; i++)
        if (f->words[i].does >= f->word_count) f->words[i].does = 0;
    heat_forget(f);
    return 0;
}

cell marker_restore(struct forth *f, uint32_t word)
{
    cell where = f->words[word].value;
    if (at(f, where, 4 * CELL) == NULL) return THROW_FORGET;
    cell here = fixed(f, where);
    ucell lists = (ucell)fixed(f, where + CELL), current = (ucell)fixed(f, where + 2 * CELL);
    ucell count = (ucell)fixed(f, where + 3 * CELL);
    if (lists > f->lists || current >= lists || count > ORDER_MAX || at(f, where, (4 + count) * CELL) == NULL)
        return THROW_FORGET;
    for (ucell i = 0; i < count; i++)
        if ((ucell)fixed(f, where + 4 * CELL + (cell)i * CELL) >= lists) return THROW_FORGET;
    uint32_t order[ORDER_MAX];
    for (ucell i = 0; i < count; i++) order[i] = (uint32_t)fixed(f, where + 4 * CELL + (cell)i * CELL);
    cell status = forget_from(f, word, here);
    if (status != 0) return status;
    memcpy(f->order, order, count * sizeof order[0]);
    f->order_size = (uint32_t)count;
    f->current = (uint32_t)current;
    return 0;
}

cell p_forget(struct forth *f)
{
    uint32_t word;
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    word = word_find_in(f, f->current, name, size);
    if (word == 0) return THROW_FORGET;
    const struct word *w = &f->words[word];
    bool data = w->kind == W_CREATE || w->kind == W_VARIABLE || w->kind == W_VALUE || w->kind == W_MARKER;
    if (w->kind == W_MARKER) return marker_restore(f, word);
    return forget_from(f, word, data ? w->value : f->here);
}
