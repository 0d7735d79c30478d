/* Native code: a verified definition becomes machine code through the loader's emitter.  What it cannot take (return stacks that
 * only running tells, ways into the middle of loops) stays with the threaded engine; each calls the other.
 *
 * The code is made in a buffer that is never executable and copied to a region that is never writable while it can run. */
#include "forth/native.h"

#define PAGE 4096

static cell end_of_quantum(struct forth *f, uint32_t word)
{
    if ((uintptr_t)__builtin_frame_address(0) < f->machine_low) return THROW_RETURN_OVERFLOW;
    return attend_now(f, word);
}

#define FIELD(name) emit_at(CTX, (int32_t)offsetof(struct forth, name))
static const emit_reg kept[] = EMIT_C_KEPT;

/* cell enter(instance, code): C's way in, and for every status the way out. */
static void make_fixed(struct native_job *n)
{
    struct emit *e = &n->e;
    struct emit_label out = EMIT_LABEL, throw = EMIT_LABEL;
    n->enter = emit_offset(e);
    for (unsigned i = 0; i < COUNT_OF(kept); i++) emit_push(e, kept[i]);
    emit_move(e, true, CTX, X86_RDI);
    emit_load(e, EMIT_LOAD_64, X86_RAX, FIELD(native_save));
    emit_push(e, X86_RAX);
    emit_store(e, 3, EMIT_R_SP, FIELD(native_save));
    emit_load(e, EMIT_LOAD_64, SP_REG, FIELD(sp));
    emit_load(e, EMIT_LOAD_64, MEM, FIELD(bias));
    emit_load(e, EMIT_LOAD_64, LIMIT, FIELD(data_bytes));
    emit_alu_imm(e, EMIT_SUB, true, LIMIT, LIMIT, CELL);
    emit_load(e, EMIT_LOAD_64, TOP, emit_at(SP_REG, 0));
    emit_alu_imm(e, EMIT_ADD, true, SP_REG, SP_REG, CELL);
    emit_call_reg(e, X86_RSI);
    emit_store(e, 3, TOP, emit_at(SP_REG, -CELL));
    emit_alu_imm(e, EMIT_SUB, true, SP_REG, SP_REG, CELL);
    emit_store(e, 3, SP_REG, FIELD(sp));
    emit_move_imm(e, X86_RAX, 0);
    emit_bind(e, &out);
    emit_pop(e, X86_RCX);
    emit_store(e, 3, X86_RCX, FIELD(native_save));
    for (unsigned i = COUNT_OF(kept); i-- > 0;) emit_pop(e, kept[i]);
    emit_return(e);

    n->throw_status = emit_offset(e);
    emit_bind(e, &throw);
    emit_load(e, EMIT_LOAD_64, EMIT_R_SP, FIELD(native_save));
    emit_jump(e, &out);

    n->c_call = emit_offset(e);
    emit_store(e, 3, SP_REG, FIELD(sp));
    emit_move(e, true, X86_RDI, CTX);
    emit_push(e, X86_RBP);
    emit_move(e, true, X86_RBP, EMIT_R_SP);
    emit_alu_imm(e, EMIT_AND, true, EMIT_R_SP, EMIT_R_SP, -16);
    emit_call_reg(e, X86_RAX);
    emit_move(e, true, EMIT_R_SP, X86_RBP);
    emit_pop(e, X86_RBP);
    emit_test(e, true, X86_RAX, X86_RAX);
    emit_branch(e, EMIT_NE, &throw);
    emit_load(e, EMIT_LOAD_64, SP_REG, FIELD(sp));
    emit_return(e);
}

bool native_start(struct forth *f)
{
    struct native_job *n = forth_port_reserve(f->port, sizeof *n);
    if (n == NULL) return false;
    n->f = f;
    uint8_t *buffer = forth_port_reserve(f->port, NATIVE_BYTES);
    n->info = forth_port_reserve(f->port, (NATIVE_UNITS + 2) * sizeof *n->info);
    f->native = forth_port_code_reserve(f->port, NATIVE_BYTES);
    f->native_job = n;
    if (buffer == NULL || n->info == NULL || f->native == NULL) {
        if (buffer != NULL) forth_port_release(f->port, buffer, NATIVE_BYTES);
        n->e.begin = NULL;
        native_end(f);
        return false;
    }
    emit_begin(&n->e, buffer, NATIVE_BYTES, emit_detect_features());
    emit_align(&n->e, 64); /* place 0 is nowhere */
    emit_stop(&n->e);
    emit_align(&n->e, 64);
    make_fixed(n);
    f->native_used = emit_offset(&n->e);
    forth_port_code_write(f->port, f->native, n->e.begin, f->native_used);
    return true;
}

void native_end(struct forth *f)
{
    struct native_job *n = f->native_job;
    if (n == NULL) return;
    if (n->e.begin != NULL) forth_port_release(f->port, n->e.begin, NATIVE_BYTES);
    if (n->info != NULL) forth_port_release(f->port, n->info, (NATIVE_UNITS + 2) * sizeof *n->info);
    if (f->native != NULL) forth_port_code_release(f->port, f->native, NATIVE_BYTES);
    forth_port_release(f->port, n, sizeof *n);
    f->native = NULL;
    f->native_job = NULL;
}

/* ---- a definition ---- */
static void make_throw(struct native_job *n, struct emit_label *l, int code)
{
    struct emit_label throw = {n->throw_status, 0, true};
    if (l->chain == 0) return; /* nobody goes there */
    emit_bind(&n->e, l);
    emit_move_imm(&n->e, X86_RAX, (uint64_t)(int64_t)code);
    emit_jump(&n->e, &throw);
}
static void make_slow_path(struct native_job *n, struct emit_label *from, struct emit_label *to)
{
    emit_bind(&n->e, from);
    native_reload(n);
    native_c_call(n, end_of_quantum, n->word);
    native_flush(n);
    emit_jump(&n->e, to);
}

/* The state in which control is at a unit that others jump to. */
static void arrive_at(struct native_job *n, uint32_t at, bool live)
{
    struct unit_info *u = &n->info[at - n->start];
    if (live)
        native_flush(n);
    else
        native_reload(n);
    int known = u->known == DEPTH_UNKNOWN ? (live ? n->known : 0) : u->known;
    if (u->known == DEPTH_UNKNOWN && !live)
        known = -u->depth; /* only jumps backwards come here: nothing is known */
    if (live && n->known < known) known = n->known;
    n->known = known;
    n->depth = u->depth;
    /* Where nothing jumps forward to, the check may stand before the loop: what was there at the head once is there again. */
    bool before = live && u->known == DEPTH_UNKNOWN && !n->dynamic;
    if (before) native_segment(n, at);
    u->known = (int16_t)(n->dynamic ? 0 : n->known);
    if (u->loop_head) emit_align(&n->e, 16);
    emit_bind(&n->e, &u->label);
    u->bound = true;
    if (!before) native_segment(n, at);
}

static bool make_body(struct native_job *n)
{
    struct forth *f = n->f;
    struct emit_label entered = EMIT_LABEL, slow = EMIT_LABEL;
    emit_align(&n->e, 16);
    n->begin = emit_offset(&n->e);
    n->underflow = n->overflow = n->address = n->division = EMIT_LABEL;
    n->slow_count = 0;
    n->known = n->depth = 0;
    native_reload(n);
    if (!n->leaf) {
        emit_cmp_mem(&n->e, true, EMIT_R_SP, FIELD(machine_check));
        emit_branch(&n->e, EMIT_LT_U, &slow);
        emit_bind(&n->e, &entered);
        emit_cmp_mem(&n->e, true, SP_REG, FIELD(stack_low));
        emit_branch(&n->e, EMIT_LT_U, &n->overflow);
    }
    native_segment(n, n->start);
    for (uint32_t at = n->start, live = true; at < n->end; at++) {
        struct unit_info *u = &n->info[at - n->start];
        unsigned op = unit_base_op(f->code[at]);
        if (n->e.overflow || n->e.end - n->e.at < PAGE) return false;
        if (!u->reached) {
            at += op_units(op) - 1;
            live = false;
            continue;
        }
        if (u->target) arrive_at(n, at, live);
        live = true;
        n->r_kinds = u->r_kinds;
        n->r_count = u->r_count;
        if (!n->dynamic) n->depth = u->depth;
        if (!native_op(n, &at)) return false;
        if (op != OP_LITX)
            op = unit_base_op(f->code[at]); /* a comparison may have taken the jump behind it */
        if (forth_op_info[op].flow == FLOW_BRANCH && at + 1 < n->end && !n->info[at + 1 - n->start].target) {
            if (!n->dynamic) n->depth = n->info[at + 1 - n->start].depth;
            native_segment(n, at + 1);
        }
        if (forth_op_info[op].flow == FLOW_JUMP || forth_op_info[op].flow == FLOW_END) live = false;
    }
    for (unsigned i = 0; i < n->slow_count; i++)
        make_slow_path(n, &n->slow[i].from, &n->info[n->slow[i].head - n->start].label);
    if (slow.chain != 0) make_slow_path(n, &slow, &entered);
    make_throw(n, &n->underflow, THROW_STACK_UNDERFLOW);
    make_throw(n, &n->overflow, THROW_STACK_OVERFLOW);
    make_throw(n, &n->address, THROW_ADDRESS);
    make_throw(n, &n->division, THROW_DIVISION);
    return !n->e.overflow;
}

static void translate(struct forth *f, uint32_t word)
{
    struct native_job *n = f->native_job;
    struct word *w = &f->words[word];
    if (w->kind != W_COLON || w->native != 0 || (w->flags & F_NO_NATIVE) != 0 || word == f->code_word) return;
    w->flags |= F_NO_NATIVE; /* while it is at work, and for good if it fails */
    if (w->code_end - w->code > NATIVE_UNITS || w->code_end <= w->code || n->levels > 64) return;
    n->levels++;
    for (uint32_t at = w->code; at < w->code_end; at += op_units(unit_base_op(f->code[at]))) {
        if (unit_base_op(f->code[at]) != OP_CALL) continue;
        uint32_t callee = (uint32_t)unit_arg(f->code[at]);
        if (f->words[callee].kind == W_CREATE && f->words[callee].does != 0) callee = f->words[callee].does;
        if (callee != word) translate(f, callee);
    }
    n->levels--;
    n->word = word;
    n->start = w->code;
    n->end = w->code_end;
    uint8_t *begin = n->e.at;
    if (!native_analyse(n)) return;
    for (uint32_t i = 0; i < n->end - n->start; i++) n->info[i].known = DEPTH_UNKNOWN;
    if (!make_body(n)) {
        n->e.at = begin;
        n->e.overflow = false;
        return;
    }
    w->native = n->begin;
    w->flags &= (uint16_t)~F_NO_NATIVE;
    if (n->dynamic || n->exit_depth == DEPTH_UNKNOWN || native_inlined(f, word)) return;
    w->effect_in = 0;
    w->effect_out = (int16_t)n->exit_depth;
    w->flags |= F_PLAIN;
}

void native_translate(struct forth *f, uint32_t word)
{
    struct native_job *n = f->native_job;
    translate(f, word);
    uint32_t used = emit_offset(&n->e);
    if (used > f->native_used)
        forth_port_code_write(f->port, f->native + f->native_used, n->e.begin + f->native_used,
                              used - f->native_used);
    f->native_used = used;
}

cell native_run(struct forth *f, uint32_t word)
{
    cell (*enter)(struct forth *, void *);
    void *place = f->native + f->native_job->enter;
    __builtin_memcpy(&enter, &place, sizeof enter);
    return enter(f, f->native + f->words[word].native);
}
