/* Finding words: ticks, word lists, the search order, conditional interpretation. */
#include "forth/internal.h"

static cell name_from_source(struct forth *f, uint32_t *word)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    *word = word_find(f, name, size);
    return *word == 0 ? THROW_UNDEFINED : 0;
}
cell p_tick(struct forth *f)
{
    uint32_t word;
    cell status = name_from_source(f, &word);
    if (status == 0) push(f, to_xt(word));
    return status;
}
cell p_bracket_tick(struct forth *f)
{
    uint32_t word;
    cell status = name_from_source(f, &word);
    return status != 0 ? status : emit_literal(f, to_xt(word));
}
static void push_found(struct forth *f, uint32_t word)
{
    push(f, to_xt(word));
    push(f, (f->words[word].flags & F_IMMEDIATE) != 0 ? 1 : -1);
}
cell p_find(struct forth *f)
{
    const uint8_t *counted = at(f, *f->sp, 1);
    const char *name = counted == NULL ? NULL : at(f, *f->sp, 1 + (ucell)*counted);
    if (name == NULL) return THROW_ADDRESS;
    uint32_t word = word_find(f, name + 1, *counted);
    if (word == 0) {
        push(f, 0);
        return 0;
    }
    pop(f);
    push_found(f, word);
    return 0;
}

/* ---- word lists ---- */
static cell to_wid(uint32_t list)
{
    return (cell)(WID_TAG + list);
}
static bool from_wid(struct forth *f, cell wid, uint32_t *list)
{
    ucell n = (ucell)wid - WID_TAG;
    *list = (uint32_t)n;
    return n < f->lists;
}
cell p_forth_wordlist(struct forth *f)
{
    push(f, to_wid(0));
    return 0;
}
cell p_wordlist(struct forth *f)
{
    if (f->lists >= LISTS_MAX) return THROW_DICTIONARY_FULL;
    f->list_head[f->lists] = 0;
    push(f, to_wid(f->lists++));
    return 0;
}
cell p_search_wordlist(struct forth *f)
{
    uint32_t list;
    if (!from_wid(f, pop(f), &list)) return THROW_ARGUMENT_TYPE;
    ucell size = (ucell)pop(f);
    const char *name = at(f, pop(f), size);
    if (name == NULL && size != 0) return THROW_ADDRESS;
    uint32_t word = word_find_in(f, list, size != 0 ? name : "", size);
    if (word == 0)
        push(f, 0);
    else
        push_found(f, word);
    return 0;
}
cell p_get_current(struct forth *f)
{
    push(f, to_wid(f->current));
    return 0;
}
cell p_set_current(struct forth *f)
{
    uint32_t list;
    if (!from_wid(f, pop(f), &list)) return THROW_ARGUMENT_TYPE;
    f->current = list;
    return 0;
}
cell p_get_order(struct forth *f)
{
    if (!has_room(f, f->order_size + 1)) return THROW_STACK_OVERFLOW;
    for (uint32_t i = f->order_size; i-- > 0;) push(f, to_wid(f->order[i]));
    push(f, f->order_size);
    return 0;
}
cell p_only(struct forth *f)
{
    f->order[0] = 0;
    f->order_size = 1;
    return 0;
}
cell p_set_order(struct forth *f)
{
    cell n = pop(f);
    if (n == -1) return p_only(f);
    if (n < 0 || n > depth(f)) return THROW_STACK_UNDERFLOW;
    if (n > ORDER_MAX) return THROW_ORDER_OVERFLOW;
    uint32_t order[ORDER_MAX];
    for (cell i = 0; i < n; i++)
        if (!from_wid(f, f->sp[i], &order[i])) return THROW_ARGUMENT_TYPE;
    memcpy(f->order, order, (size_t)n * sizeof order[0]);
    f->order_size = (uint32_t)n;
    f->sp += n;
    return 0;
}
cell p_definitions(struct forth *f)
{
    if (f->order_size == 0) return THROW_ORDER_UNDERFLOW;
    f->current = f->order[0];
    return 0;
}
cell p_also(struct forth *f)
{
    if (f->order_size == 0) return THROW_ORDER_UNDERFLOW;
    if (f->order_size >= ORDER_MAX) return THROW_ORDER_OVERFLOW;
    memmove(f->order + 1, f->order, f->order_size * sizeof f->order[0]);
    f->order_size++;
    return 0;
}
cell p_forth(struct forth *f)
{
    if (f->order_size == 0) f->order_size = 1;
    f->order[0] = 0;
    return 0;
}
cell p_previous(struct forth *f)
{
    if (f->order_size == 0) return THROW_ORDER_UNDERFLOW;
    f->order_size--;
    memmove(f->order, f->order + 1, f->order_size * sizeof f->order[0]);
    return 0;
}
static void print_list(struct forth *f, uint32_t list)
{
    char digits[65];
    say_string(f, list == 0 ? "FORTH" : "list ");
    if (list != 0) say(f, digits, digits_text(list, 10, digits));
    say(f, " ", 1);
}
cell p_order(struct forth *f)
{
    for (uint32_t i = 0; i < f->order_size; i++) print_list(f, f->order[i]);
    say_string(f, "  definitions: ");
    print_list(f, f->current);
    return 0;
}

/* ---- names ---- */
static uint32_t from_nt(struct forth *f, cell nt)
{
    ucell n = (ucell)nt - NT_TAG;
    return n < f->word_count ? (uint32_t)n : 0;
}
cell p_traverse_wordlist(struct forth *f)
{
    uint32_t list;
    if (!from_wid(f, pop(f), &list)) return THROW_ARGUMENT_TYPE;
    cell xt = pop(f);
    for (uint32_t word = f->list_head[list], next; word != 0; word = next) {
        next = f->words[word].list_next;
        if (!has_room(f, 2)) return THROW_STACK_OVERFLOW;
        push(f, (cell)(NT_TAG + word));
        cell status = execute_token(f, xt);
        if (status != 0) return status;
        if (depth(f) < 1) return THROW_STACK_UNDERFLOW;
        if (pop(f) == 0 || next >= f->word_count) break;
    }
    return 0;
}
cell p_name_to_string(struct forth *f)
{
    uint32_t word = from_nt(f, pop(f));
    if (word == 0) return THROW_ARGUMENT_TYPE;
    push(f, transient(f, word_name(f, word), f->words[word].name_size));
    push(f, f->words[word].name_size);
    return 0;
}
cell p_name_to_interpret(struct forth *f)
{
    uint32_t word = from_nt(f, pop(f));
    if (word == 0) return THROW_ARGUMENT_TYPE;
    push(f, (f->words[word].flags & F_COMPILE_ONLY) != 0 ? 0 : to_xt(word));
    return 0;
}
cell p_name_to_compile(struct forth *f)
{
    uint32_t word = from_nt(f, pop(f));
    if (word == 0) return THROW_ARGUMENT_TYPE;
    bool immediate = (f->words[word].flags & F_IMMEDIATE) != 0;
    uint32_t with = word_find_in(f, 0, immediate ? "EXECUTE" : "COMPILE,", immediate ? 7 : 8);
    push(f, to_xt(word));
    push(f, to_xt(with));
    return 0;
}

/* ---- conditional interpretation ---- */
cell p_bracket_defined(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    push(f, FLAG(word_find(f, name, size) != 0));
    return 0;
}
cell p_bracket_undefined(struct forth *f)
{
    cell status = p_bracket_defined(f);
    if (status == 0) *f->sp = ~*f->sp;
    return status;
}
static bool is_word(const char *text, size_t size, const char *wanted)
{
    return size == __builtin_strlen(wanted) && text_equal(text, wanted, size);
}
/* Past words, over lines, up to the [THEN] that belongs here, or [ELSE] if that ends it, too. */
static cell skip(struct forth *f, bool else_ends)
{
    for (unsigned level = 1;;) {
        const char *text;
        size_t size;
        while (!next_name(f, &text, &size)) {
            bool more;
            cell status = source_refill(f, &more);
            if (status != 0) return status;
            if (!more) return THROW_CONDITIONAL;
        }
        if (is_word(text, size, "[IF]"))
            level++;
        else if (is_word(text, size, "[THEN]") && --level == 0)
            return 0;
        else if (is_word(text, size, "[ELSE]") && level == 1 && else_ends)
            return 0;
    }
}
cell p_bracket_if(struct forth *f)
{
    return pop(f) != 0 ? 0 : skip(f, true);
}
cell p_bracket_else(struct forth *f)
{
    return skip(f, false);
}
cell p_bracket_then(struct forth *f)
{
    return 0;
}
