/* An instance: its memory, its words, its console. */
#include "forth/internal.h"
#include "forth/kernel.h"

const struct primitive_info primitives[] = {
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) {p_##function, in, out},
#include "spec/forth_words.def"
};
const uint32_t primitive_count = COUNT_OF(primitives);

static const struct {
    const char *name;
    cell value;
    uint16_t flags;
    uint8_t kind;
} system_words[] = {
#define FORTH_OPERATION(name, op, flags, effect, help) {name, OP_##op, flags, W_OP},
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) {name, P_##function, flags, W_PRIM},
#define FORTH_PLACE(name, number, effect, help) {name, number, 0, W_CONSTANT},
#include "spec/forth_words.def"
    {"CAP_SPAWN", CAP_SPAWN, 0, W_CONSTANT},     {"CAP_KILL", CAP_KILL, 0, W_CONSTANT},
    {"CAP_MMIO", CAP_MMIO, 0, W_CONSTANT},       {"CAP_IRQ", CAP_IRQ, 0, W_CONSTANT},
    {"CAP_SHARE", CAP_SHARE, 0, W_CONSTANT},     {"CAP_TIME_ADMIN", CAP_TIME_ADMIN, 0, W_CONSTANT},
    {"CAP_CONSOLE", CAP_CONSOLE, 0, W_CONSTANT}, {"CAP_FILES", CAP_FILES, 0, W_CONSTANT},
    {"CAP_BLOCKS", CAP_BLOCKS, 0, W_CONSTANT},   {"CAP_ALL", CAP_ALL, 0, W_CONSTANT},
    {"CAP_SEND", CAP_SEND, 0, W_CONSTANT},
};

static bool words_start(struct forth *f)
{
    f->word_count = 1; /* word 0 is none */
    f->names_size = 1;
    f->units = 1;
    f->lists = 1;
    f->order_size = 1;
    for (unsigned i = 0; i < COUNT_OF(system_words); i++) {
        const char *name = system_words[i].name;
        uint32_t word = name[0] == 0 ? 0
                                     : word_new(f, name, __builtin_strlen(name), system_words[i].kind,
                                                system_words[i].flags | F_SYSTEM, system_words[i].value);
        if (word == 0 || system_words[i].kind != W_OP) continue;
        f->words[word].code = f->units; /* so that it can be executed */
        f->code[f->units++] = unit_make((unsigned)system_words[i].value, 0);
        f->code[f->units++] = unit_make(OP_EXIT, 0);
        f->words[word].code_end = f->units;
    }
    f->last = f->last_made = 0;
    return f->word_count > COUNT_OF(system_words) / 2;
}

/* Every table of the instance, with its size: reserved together, given back together. */
struct part {
    void **at;
    size_t bytes;
};
#define PARTS 10
static void parts_of(struct forth *f, struct part parts[PARTS], void **data, void **data_stack,
                     void **return_stack, void **locals)
{
    const struct forth_config *c = &f->config;
    struct part all[PARTS] = {
        {data, c->data_bytes + 4096},
        {data_stack, (STACK_CELLS + 2 * SLACK_CELLS) * CELL},
        {return_stack, (RETURN_CELLS + 64) * CELL},
        {locals, (LOCAL_CELLS + FLOAT_CELLS + SIDE_CELLS + 64) * CELL},
        {(void **)&f->code, (size_t)c->units * 8},
        {(void **)&f->words, (size_t)c->words * sizeof(struct word)},
        {(void **)&f->names, (size_t)c->words * 16},
        {(void **)&f->buckets, BUCKETS * 4},
        {(void **)&f->scratch, 1u << 20},
        {(void **)&f->heap, HEAP_BLOCKS_MAX * sizeof(struct heap_block) + HEAP_BUCKETS * 4},
    };
    memcpy(parts, all, sizeof all);
}

struct places {
    void *data, *data_stack, *return_stack, *locals;
};

static void stacks_start(struct forth *f, const struct places *p)
{
    f->stack_low = (cell *)p->data_stack + SLACK_CELLS;
    f->s0 = f->sp = f->stack_low + STACK_CELLS;
    f->return_low = (cell *)p->return_stack + 16;
    f->r0 = f->rp = f->return_low + RETURN_CELLS;
    f->l0 = f->lp = (cell *)p->locals + LOCAL_CELLS;
    f->float_low = (double *)f->l0;
    f->f0 = f->fp = f->float_low + FLOAT_CELLS;
    f->side0 = f->side = (cell *)f->f0 + SIDE_CELLS;
}

struct forth *forth_new(struct forth_port *port, const struct forth_config *config)
{
    struct forth *f = forth_port_reserve(port, sizeof *f);
    struct part parts[PARTS];
    struct places p = {0};
    if (f == NULL) return NULL;
    f->port = port;
    f->config = *config;
    if (f->config.data_bytes == 0) f->config.data_bytes = 64u << 20;
    f->config.data_bytes = max_u64((f->config.data_bytes + 4095) & ~(uint64_t)4095, 1u << 20);
    if (f->config.words == 0) f->config.words = 1u << 20;
    if (f->config.units == 0) f->config.units = 8u << 20;
    parts_of(f, parts, &p.data, &p.data_stack, &p.return_stack, &p.locals);
    for (unsigned i = 0; i < PARTS; i++)
        if ((*parts[i].at = forth_port_reserve(port, parts[i].bytes)) == NULL) {
            while (i-- > 0) forth_port_release(port, *parts[i].at, parts[i].bytes);
            forth_port_release(port, f, sizeof *f);
            return NULL;
        }
    f->data_bytes = f->config.data_bytes;
    f->bias = (uint8_t *)p.data - ORIGIN;
    f->names_max = f->config.words * 16;
    f->heap_buckets = (uint32_t *)(f->heap + HEAP_BLOCKS_MAX);
    f->heap_count = 1;
    f->heap_low = ORIGIN + f->data_bytes - 16; /* nothing lies where a cell would not fit */
    f->here = ORIGIN + DICT_START;
    f->hold = AT_HOLD + HOLD_BYTES;
    f->precision = 15;
    f->abort_size = -1;
    stacks_start(f, &p);
    set_fixed(f, AT_BASE, 10);
    f->sources[0].kind = SOURCE_STRING;
    f->sources[0].text = AT_PAD;
    words_start(f);
    heat_start(f);
    if (f->config.native) native_start(f);
    return f;
}

void forth_free(struct forth *f)
{
    struct part parts[PARTS];
    struct places p = {f->bias + ORIGIN, f->stack_low - SLACK_CELLS, f->return_low - 16, f->l0 - LOCAL_CELLS};
    struct forth_port *port = f->port;
    while (f->source_depth > 0) source_pop(f);
    native_end(f);
    heat_end(f);
    parts_of(f, parts, &p.data, &p.data_stack, &p.return_stack, &p.locals);
    for (unsigned i = PARTS; i-- > 0;) forth_port_release(port, *parts[i].at, parts[i].bytes);
    forth_port_release(port, f, sizeof *f);
}

/* After what was not caught: stacks empty, sources left, nothing half compiled. */
static void recover(struct forth *f, int64_t status)
{
    while (f->source_depth > 0) source_pop(f);
    if (status != THROW_QUIT) {
        f->sp = f->s0;
        f->fp = f->f0;
    }
    f->rp = f->r0;
    f->lp = f->l0;
    f->side = f->side0;
    definition_abandon(f);
}

static int64_t guarded(struct forth *f, int64_t status)
{
    if (status != 0) recover(f, status);
    return status;
}

void forth_stack(struct forth *f, uintptr_t low)
{
    f->machine_low = f->machine_check = low;
}
void forth_interrupt(struct forth *f)
{
    f->interrupted = true;
    forth_attend(f);
}

bool forth_attended(const struct forth *f)
{
    return f->attention != 0;
}
void *forth_memory(struct forth *f, int64_t address)
{
    return f->bias + address;
}
int64_t forth_execute(struct forth *f, int64_t token)
{
    return execute_token(f, token);
}

int64_t forth_text(struct forth *f, const char *text, size_t size)
{
    cell address;
    f->error_known = false;
    if (heap_allocate(f, size, &address) != 0) return THROW_DICTIONARY_FULL;
    memcpy(f->bias + address, text, size);
    push(f, address);
    push(f, (cell)size);
    cell status = p_evaluate(f);
    heap_release(f, address);
    return guarded(f, status);
}

int64_t forth_file(struct forth *f, const char *name, size_t size)
{
    f->error_known = false;
    return guarded(f, include_file(f, name, size));
}

/* One line after the other until the input or the session ends. */
static cell console_session(struct forth *f)
{
    cell status = source_push(f, SOURCE_CONSOLE);
    if (status != 0) return status;
    f->sources[f->source_depth].name = 0;
    for (bool more = true;;) {
        status = source_refill(f, &more);
        if (status != 0 || !more) break;
        f->error_known = false;
        status = interpret_source(f);
        if (status != 0) {
            source_note_error(f, status);
            break;
        }
        say_string(f, f->compiling ? " compiled\n" : " ok\n");
    }
    source_pop(f);
    return status;
}

int forth_console(struct forth *f)
{
    for (;;) {
        int64_t status = console_session(f);
        int code;
        if (status == 0) return 0;
        if (forth_is_bye(f, status, &code)) return code;
        if (status == FORTH_STATUS_KILLED) return 0;
        if (status != THROW_QUIT) forth_report(f, status);
        recover(f, status);
        forth_port_flush(f->port);
    }
}
