/* See verify.h and format.h.  Everything is read through copies (the bytes may lie at any address); every number is checked
 * before it is used; sums are in 64 bits. */
#include "loader/bytecode/verify.h"

#include "loader/bytecode/ops.h"
#include "spec/limits.h"

#define NONE UINT32_MAX
#define LIVE_WORDS (LIMIT_REGISTERS / 64)

static bool reject(struct verifier *v, uint64_t offset, const char *rule)
{
    v->error.rule = rule;
    v->error.offset = (uint32_t)offset;
    v->error.proto = v->proto;
    v->error.insn = v->insn;
    return false;
}
#define REQUIRE(condition, offset, rule)                                                                     \
    do {                                                                                                     \
        if (UNLIKELY(!(condition))) return reject(v, offset, rule);                                          \
    } while (0)

static uint32_t get32(struct verifier *v, uint64_t offset)
{
    uint32_t u;
    __builtin_memcpy(&u, v->bytes + offset, 4);
    return u;
}
static struct proto_record get_proto(struct verifier *v, uint32_t i)
{
    struct proto_record r;
    __builtin_memcpy(&r, v->bytes + v->h.protos + (uint64_t)i * sizeof r, sizeof r);
    return r;
}
static uint64_t insn_offset(struct verifier *v, uint32_t i)
{
    return v->h.code + ((uint64_t)v->r.first_insn + i) * sizeof(struct insn);
}
static struct insn get_insn(struct verifier *v, uint32_t i)
{
    struct insn insn;
    __builtin_memcpy(&insn, v->bytes + insn_offset(v, i), sizeof insn);
    return insn;
}

/* ---- header and sections ---- */
static bool check_header(struct verifier *v, size_t size)
{
    REQUIRE(size >= sizeof v->h, 0, "header: too short");
    REQUIRE(size <= LIMIT_UNIT_BYTES, 0, "header: too long");
    __builtin_memcpy(&v->h, v->bytes, sizeof v->h);
    const struct unit_header *h = &v->h;
    REQUIRE(h->magic == UNIT_MAGIC, 0, "header: magic");
    REQUIRE(h->version == UNIT_VERSION, 4, "header: version");
    REQUIRE(h->total_bytes == size, 8, "header: size");
    REQUIRE(!h->reserved[0] && !h->reserved[1] && !h->reserved[2], offsetof(struct unit_header, reserved),
            "header: reserved");
    const struct {
        uint32_t at;
        uint64_t size;
    } sections[] = {
        {h->protos, (uint64_t)h->proto_count * sizeof(struct proto_record)},
        {h->code, (uint64_t)h->code_count * sizeof(struct insn)},
        {h->live, 0},
        {h->regions, (uint64_t)h->region_count * sizeof(struct region_record)},
        {h->positions, (uint64_t)h->position_count * sizeof(struct position_record)},
        {h->locals, (uint64_t)h->local_count * sizeof(struct local_record)},
        {h->globals, (uint64_t)h->global_count * 4},
        {h->literals, ((uint64_t)h->literal_count + 1) * 4},
        {h->data, 0},
    };
    uint64_t end = sizeof *h;
    for (unsigned i = 0; i < COUNT_OF(sections); i++) {
        REQUIRE(sections[i].at % 8 == 0, i, "section: alignment");
        REQUIRE(sections[i].at >= end, i, "section: overlaps the one before");
        end = sections[i].at + sections[i].size;
        REQUIRE(end <= size, i, "section: beyond the end");
    }
    v->live_bytes = h->regions - h->live;
    REQUIRE(h->proto_count >= 1, 0, "header: no prototype");
    return true;
}

/* What checks one thing after another goes on from v->index. */
#define SLICE(cost)                                                                                          \
    do {                                                                                                     \
        if (UNLIKELY(v->budget <= 0)) return VERIFY_MORE;                                                    \
        v->budget -= (cost);                                                                                 \
    } while (0)
#define REQUIRE_MORE(condition, offset, rule)                                                                \
    do {                                                                                                     \
        if (UNLIKELY(!(condition))) {                                                                        \
            reject(v, offset, rule);                                                                         \
            return VERIFY_BAD;                                                                               \
        }                                                                                                    \
    } while (0)

/* ---- literals ---- */
static enum verify_result check_literals(struct verifier *v)
{
    const uint8_t *data = v->bytes + v->h.data;
    uint64_t room = v->h.total_bytes - v->h.data;
    for (; v->index <= v->h.literal_count; v->index++) {
        uint64_t place = v->h.literals + (uint64_t)v->index * 4;
        uint32_t offset = get32(v, place);
        SLICE(0);
        if (!v->literal_open) {
            REQUIRE_MORE(offset == v->literal_at, place, "literal: does not begin where the last ended");
            if (v->index == v->h.literal_count) break;
            uint64_t next = get32(v, place + 4);
            REQUIRE_MORE(next > v->literal_at && next <= room, place, "literal: beyond the data");
            literal_check_start(&v->reader, data + v->literal_at, next - v->literal_at);
            v->literal_open = true;
        }
        enum literal_check result = literal_check_continue(&v->reader, &v->budget);
        if (result == LITERAL_UNFINISHED) return VERIFY_MORE;
        REQUIRE_MORE(result == LITERAL_GOOD, v->h.data + v->literal_at + v->reader.at, v->reader.wrong);
        v->literal_open = false;
        v->literal_at += v->reader.size;
    }
    return VERIFY_GOOD;
}
/* First byte of a literal; its second in *flag. */
static unsigned literal_tag(struct verifier *v, uint32_t literal, unsigned *flag)
{
    const uint8_t *at = v->bytes + v->h.data + get32(v, v->h.literals + (uint64_t)literal * 4);
    *flag = at[0] == SER_SYMBOL ? at[1] : 0;
    return at[0];
}
static bool is_name_literal(struct verifier *v, uint32_t literal)
{
    unsigned flag, tag;
    if (literal == NONE) return true;
    if (literal >= v->h.literal_count) return false;
    tag = literal_tag(v, literal, &flag);
    return tag == SER_STRING || tag == SER_SYMBOL;
}
static bool is_string_literal(struct verifier *v, uint32_t literal)
{
    unsigned flag;
    return literal == NONE || (literal < v->h.literal_count && literal_tag(v, literal, &flag) == SER_STRING);
}

static bool check_names(struct verifier *v)
{
    REQUIRE(is_string_literal(v, v->h.source_literal), offsetof(struct unit_header, source_literal),
            "header: source");
    REQUIRE(is_string_literal(v, v->h.file_literal), offsetof(struct unit_header, file_literal),
            "header: file");
    return true;
}
static enum verify_result check_globals(struct verifier *v)
{
    unsigned flag;
    for (; v->index < v->h.global_count; v->index++) {
        uint64_t place = v->h.globals + (uint64_t)v->index * 4;
        uint32_t literal = get32(v, place);
        SLICE(1);
        REQUIRE_MORE(literal < v->h.literal_count, place, "global: index");
        REQUIRE_MORE(literal_tag(v, literal, &flag) == SER_SYMBOL && flag == 1, place,
                     "global: not a qualified symbol");
    }
    return VERIFY_GOOD;
}

/* ---- prototypes ---- */
static bool check_record(struct verifier *v)
{
    const struct proto_record *r = &v->r;
    uint64_t at = v->h.protos + (uint64_t)v->proto * sizeof *r;
    REQUIRE(r->first_insn == v->totals.code && r->insn_count >= 1, at, "proto: code not contiguous");
    REQUIRE(r->live_offset == v->totals.live, at, "proto: live tables not contiguous");
    REQUIRE(r->first_region == v->totals.regions, at, "proto: regions not contiguous");
    REQUIRE(r->first_position == v->totals.positions, at, "proto: positions not contiguous");
    REQUIRE(r->first_local == v->totals.locals, at, "proto: locals not contiguous");
    REQUIRE(r->register_count <= LIMIT_REGISTERS, at, "proto: too many registers");
    REQUIRE(r->fixed_count <= LIMIT_PARAMETERS, at, "proto: too many parameters");
    REQUIRE(!(r->flags & ~(PROTO_VARIADIC | PROTO_DEBUG | PROTO_LATER_ARITY | PROTO_MACRO)), at,
            "proto: flags");
    REQUIRE(r->fixed_count + (r->flags & PROTO_VARIADIC ? 1u : 0u) <= r->register_count, at,
            "proto: parameters beyond the registers");
    REQUIRE(r->upvalue_count <= LIMIT_CAPTURES && r->reserved == 0, at, "proto: captures");
    REQUIRE(is_name_literal(v, r->name_literal), at, "proto: name");
    v->stride = (r->register_count + 7u) / 8;
    v->words = (v->stride + 7) / 8;
    v->totals.code += r->insn_count;
    v->totals.live += (uint64_t)v->stride * r->insn_count;
    v->totals.regions += r->region_count;
    v->totals.positions += r->position_count;
    v->totals.locals += r->local_count;
    REQUIRE(v->totals.code <= v->h.code_count, at, "proto: code beyond the section");
    REQUIRE(v->totals.live <= v->live_bytes, at, "proto: live table beyond the section");
    REQUIRE(v->totals.regions <= v->h.region_count, at, "proto: regions beyond the section");
    REQUIRE(v->totals.positions <= v->h.position_count, at, "proto: positions beyond the section");
    REQUIRE(v->totals.locals <= v->h.local_count, at, "proto: locals beyond the section");
    return true;
}

static bool check_chain(struct verifier *v)
{
    const struct proto_record *r = &v->r;
    uint64_t at = v->h.protos + (uint64_t)v->proto * sizeof *r;
    REQUIRE(((r->flags & PROTO_LATER_ARITY) != 0) == v->chain.open, at, "arity: chain");
    if (!v->chain.open) {
        __builtin_memset(&v->chain, 0, sizeof v->chain);
        v->chain.upvalues = r->upvalue_count;
    }
    REQUIRE(r->upvalue_count == v->chain.upvalues, at, "arity: captures differ");
    if (r->flags & PROTO_VARIADIC) {
        REQUIRE(!v->chain.variadic, at, "arity: two variadic ones");
        v->chain.variadic = true;
    } else {
        uint64_t bit = 1ull << (r->fixed_count % 64);
        REQUIRE(!(v->chain.exact[r->fixed_count / 64] & bit), at, "arity: given twice");
        v->chain.exact[r->fixed_count / 64] |= bit;
    }
    v->chain.open = r->next_arity != NONE;
    REQUIRE(!v->chain.open || r->next_arity == v->proto + 1, at, "arity: the next one does not follow");
    REQUIRE(!v->chain.open || v->proto + 1 < v->h.proto_count, at, "arity: beyond the table");
    return true;
}

/* ---- live sets ---- */
struct live {
    uint64_t bits[LIVE_WORDS];
};
static void load_live(struct verifier *v, uint32_t i, struct live *l)
{
    const uint8_t *from = v->bytes + v->h.live + v->r.live_offset + (uint64_t)i * v->stride;
    if (v->words) l->bits[v->words - 1] = 0;
    __builtin_memcpy(l->bits, from, v->stride);
}
static bool has(const struct live *l, uint32_t reg)
{
    return (l->bits[reg / 64] >> (reg % 64) & 1) != 0;
}
static void add(struct live *l, uint32_t reg)
{
    l->bits[reg / 64] |= 1ull << (reg % 64);
}
static void drop(struct live *l, uint32_t reg)
{
    l->bits[reg / 64] &= ~(1ull << (reg % 64));
}
static bool has_range(const struct live *l, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!has(l, first + i)) return false;
    return true;
}
static bool subset(struct verifier *v, const struct live *inner, const struct live *outer)
{
    uint64_t beyond = 0;
    for (uint32_t w = 0; w < v->words; w++) beyond |= inner->bits[w] & ~outer->bits[w];
    return beyond == 0;
}
/* No bit at or above `limit`. */
static bool below(struct verifier *v, const struct live *l, uint32_t limit)
{
    for (uint32_t w = 0; w < v->words; w++) {
        uint64_t mask = w * 64 >= limit ? ~0ull : limit - w * 64 >= 64 ? 0 : ~0ull << (limit - w * 64);
        if (l->bits[w] & mask) return false;
    }
    return true;
}
static void drop_from(struct verifier *v, struct live *l, uint32_t reg)
{
    for (uint32_t w = 0; w < v->words; w++)
        if (w * 64 >= reg)
            l->bits[w] = 0;
        else if (reg - w * 64 < 64)
            l->bits[w] &= (1ull << (reg - w * 64)) - 1;
}

/* ---- instructions ---- */
static bool takes_b_and_c(unsigned kind)
{
    return kind == OPERAND_IMM32 || kind == OPERAND_SPECIAL || kind == OPERAND_LIT32 ||
           kind == OPERAND_GLOBAL32 || kind == OPERAND_JUMP32;
}
static bool is_special(uint32_t bits)
{
    uint32_t point = bits >> 8;
    return bits == 2 || bits == 6 || bits == 14 ||
           ((bits & 0xff) == 1 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
}
static bool jumps_backward(unsigned op)
{
    return op_info[op].flow == FLOW_BACK || op == OP_LOOP || op == OP_RECV_SKIP || op == OP_RECV_WAIT ||
           op == OP_RECV_WAITT;
}

static bool check_operand(struct verifier *v, struct insn i, unsigned kind, uint16_t x, uint64_t at,
                          const struct live *live)
{
    switch (kind) {
    case OPERAND_NONE: REQUIRE(x == 0, at, "operand: not zero"); break;
    case OPERAND_USE:
    case OPERAND_BOTH:
        REQUIRE(x < v->r.register_count, at, "operand: register");
        REQUIRE(has(live, x), at, "B2: use of a register that is not live");
        break;
    case OPERAND_DEF2: REQUIRE(x + 1u < v->r.register_count, at, "operand: register"); break;
    case OPERAND_DEF: REQUIRE(x < v->r.register_count, at, "operand: register"); break;
    case OPERAND_SPECIAL: REQUIRE(is_special((uint32_t)insn_bc(i)), at, "operand: special"); break;
    case OPERAND_LIT32: REQUIRE((uint32_t)insn_bc(i) < v->h.literal_count, at, "operand: literal"); break;
    case OPERAND_LIT: REQUIRE(x < v->h.literal_count, at, "operand: literal"); break;
    case OPERAND_GLOBAL32: REQUIRE((uint32_t)insn_bc(i) < v->h.global_count, at, "operand: global"); break;
    case OPERAND_GLOBAL: REQUIRE(x < v->h.global_count, at, "operand: global"); break;
    case OPERAND_UPVAL: REQUIRE(x < v->r.upvalue_count, at, "operand: capture"); break;
    case OPERAND_PROTO: {
        REQUIRE(x < v->h.proto_count, at, "operand: prototype");
        struct proto_record target = get_proto(v, x);
        REQUIRE(!(target.flags & PROTO_LATER_ARITY), at,
                "operand: prototype is not the first of its function");
        REQUIRE(target.upvalue_count == i.c, at, "operand: captures of the prototype");
        REQUIRE((uint32_t)i.a + i.c < v->r.register_count, at, "operand: captures beyond the registers");
        REQUIRE(has_range(live, i.a + 1u, i.c), at, "B2: use of a register that is not live");
        break;
    }
    case OPERAND_WINDOW:
    case OPERAND_WINDOWG:
        REQUIRE(i.b <= LIMIT_CALL_ARGS, at, "operand: too many arguments");
        REQUIRE((uint32_t)i.a + FRAME_HIDDEN + i.b <= v->r.register_count, at,
                "operand: window beyond the registers");
        REQUIRE(kind == OPERAND_WINDOWG || has(live, i.a), at, "B2: use of a register that is not live");
        REQUIRE(has_range(live, i.a + (uint32_t)FRAME_HIDDEN, i.b), at,
                "B2: use of a register that is not live");
        break;
    case OPERAND_RANGE:
        REQUIRE(i.c <= 32 && (i.op != OP_MAP || i.c % 2 == 0), at, "operand: count");
        REQUIRE((uint32_t)i.b + i.c <= v->r.register_count, at, "operand: registers");
        REQUIRE(has_range(live, i.b, i.c), at, "B2: use of a register that is not live");
        break;
    default: break;
    }
    return true;
}

static bool check_successor(struct verifier *v, uint64_t at, uint32_t successor, const struct live *after)
{
    struct live wanted;
    REQUIRE(successor < v->r.insn_count, at, "flow: beyond the code");
    load_live(v, successor, &wanted);
    REQUIRE(subset(v, &wanted, after), at, "B3: a register is live that was not set");
    return true;
}

static bool check_insn(struct verifier *v, uint32_t index)
{
    struct insn i = get_insn(v, index);
    uint64_t at = insn_offset(v, index);
    struct live live;
    v->insn = index;
    REQUIRE(i.op < OP_COUNT, at, "opcode");
    const struct op_info *info = &op_info[i.op];
    load_live(v, index, &live);
    REQUIRE(below(v, &live, v->r.register_count), at, "live: beyond the registers");
    if (!check_operand(v, i, info->a, i.a, at, &live) || !check_operand(v, i, info->b, i.b, at, &live) ||
        (!takes_b_and_c(info->b) && !check_operand(v, i, info->c, i.c, at, &live)))
        return false;

    int32_t offset;
    bool jumps = op_jump(i, &offset), defines = info->a == OPERAND_DEF || info->a == OPERAND_BOTH;
    if (jumps) {
        REQUIRE((offset < 0) == jumps_backward(i.op), at, "B5: direction of a jump");
        int64_t target = (int64_t)index + 1 + offset;
        REQUIRE(target >= 0 && target < v->r.insn_count, at, "flow: jump out of the code");
        struct live there = live;
        if (defines && i.op != OP_RECV_PEEK) add(&there, i.a);
        if (!check_successor(v, at, (uint32_t)target, &there)) return false;
    }
    if (info->flow == FLOW_JUMP || info->flow == FLOW_END) return true;
    if (info->a == OPERAND_WINDOW || info->a == OPERAND_WINDOWG) {
        drop_from(v, &live, i.a);
        add(&live, i.a);
    }
    if (defines || info->a == OPERAND_DEF2) add(&live, i.a);
    if (info->a == OPERAND_DEF2) add(&live, i.a + 1u);
    return check_successor(v, at, index + 1, &live);
}

/* ---- regions ---- */
static struct region_record get_region(struct verifier *v, uint32_t i)
{
    struct region_record r;
    __builtin_memcpy(&r, v->bytes + v->h.regions + ((uint64_t)v->r.first_region + i) * sizeof r, sizeof r);
    return r;
}

static bool check_region(struct verifier *v, const struct region_record *r, uint64_t at)
{
    REQUIRE(r->kind <= REGION_CLEANUP, at, "region: kind");
    REQUIRE(r->first < r->last && r->last <= v->r.insn_count, at, "region: bounds");
    REQUIRE(r->handler >= r->last && r->handler < v->r.insn_count, at, "region: handler");
    REQUIRE(r->reg < v->r.register_count, at, "region: register");
    if (r->kind == REGION_CATCH) {
        REQUIRE(r->first >= 1, at, "B4: no token before the region");
        struct insn token = get_insn(v, r->first - 1);
        REQUIRE(token.op == OP_TOKEN && token.a == r->reg, at, "B4: no token before the region");
    }
    return true;
}

static bool check_in_region(struct verifier *v, const struct region_record *r, const struct live *needed,
                            uint32_t i, uint64_t at)
{
    struct insn insn = get_insn(v, i);
    struct live live;
    load_live(v, i, &live);
    v->insn = i;
    REQUIRE(subset(v, needed, &live), at, "B4: what the handler needs is not live");
    if (insn.op != OP_CALL && insn.op != OP_CALLG) return true;
    REQUIRE(!has(needed, insn.a) && insn.a != r->reg, at, "B4: a call's result is what the handler needs");
    REQUIRE(i + 1 < r->last, at, "B4: a region ends in a call");
    return true;
}

/* The instructions of the region, from v->insn on. */
static enum verify_result check_region_code(struct verifier *v, const struct region_record *r, uint64_t at)
{
    struct live needed;
    load_live(v, r->handler, &needed);
    drop(&needed, r->reg);
    if (r->kind == REGION_CATCH) add(&needed, r->reg);
    for (uint32_t i = v->insn; i < r->last; i++) {
        v->insn = i;
        SLICE(1 + v->words / 4);
        if (!check_in_region(v, r, &needed, i, at)) return VERIFY_BAD;
    }
    return VERIFY_GOOD;
}

/* Regions come inner before outer, so the last is an outermost one: walked backwards, each lies in the one on top of the
 * stack or before it. */
static enum verify_result check_regions(struct verifier *v)
{
    for (; v->index < v->r.region_count; v->index++) {
        uint32_t i = v->r.region_count - 1 - v->index;
        struct region_record r = get_region(v, i);
        uint64_t at = v->h.regions + ((uint64_t)v->r.first_region + i) * sizeof r;
        if (!v->region_open) {
            while (v->region_depth && (r.first < v->region_stack[v->region_depth - 1][0] ||
                                       r.last > v->region_stack[v->region_depth - 1][1])) {
                REQUIRE_MORE(r.last <= v->region_stack[v->region_depth - 1][0], at, "region: nesting");
                v->region_depth--;
            }
            REQUIRE_MORE(v->region_depth < LIMIT_REGION_DEPTH, at, "region: nested too deep");
            v->region_stack[v->region_depth][0] = r.first;
            v->region_stack[v->region_depth++][1] = r.last;
            if (!check_region(v, &r, at)) return VERIFY_BAD;
            v->insn = r.first;
            v->region_open = true;
        }
        enum verify_result result = check_region_code(v, &r, at);
        if (result != VERIFY_GOOD) return result;
        v->region_open = false;
    }
    return VERIFY_GOOD;
}

/* ---- tables for the debugger ---- */
static enum verify_result check_positions(struct verifier *v)
{
    for (; v->index < v->r.position_count; v->index++) {
        struct position_record p;
        uint64_t at = v->h.positions + ((uint64_t)v->r.first_position + v->index) * sizeof p;
        SLICE(1);
        __builtin_memcpy(&p, v->bytes + at, sizeof p);
        REQUIRE_MORE(p.insn >= v->position_next && p.insn < v->r.insn_count, at, "position: order");
        REQUIRE_MORE(p.start <= p.end, at, "position: range");
        v->position_next = (uint64_t)p.insn + 1;
    }
    return VERIFY_GOOD;
}
static enum verify_result check_locals(struct verifier *v)
{
    unsigned flag;
    for (; v->index < v->r.local_count; v->index++) {
        struct local_record l;
        uint64_t at = v->h.locals + ((uint64_t)v->r.first_local + v->index) * sizeof l;
        SLICE(1);
        __builtin_memcpy(&l, v->bytes + at, sizeof l);
        REQUIRE_MORE(l.first <= l.last && l.last <= v->r.insn_count, at, "local: scope");
        REQUIRE_MORE(l.reg < v->r.register_count, at, "local: register");
        REQUIRE_MORE(l.name_literal < v->h.literal_count &&
                         literal_tag(v, l.name_literal, &flag) == SER_SYMBOL,
                     at, "local: name");
    }
    return VERIFY_GOOD;
}

static bool check_proto(struct verifier *v)
{
    struct live first;
    v->r = get_proto(v, v->proto);
    if (!check_record(v) || !check_chain(v)) return false;
    load_live(v, 0, &first);
    uint32_t parameters = v->r.fixed_count + (v->r.flags & PROTO_VARIADIC ? 1u : 0u);
    REQUIRE(below(v, &first, parameters), insn_offset(v, 0), "B1: live at entry, but no parameter");
    v->region_depth = 0;
    v->position_next = 0;
    return true;
}
static enum verify_result check_code(struct verifier *v)
{
    for (; v->index < v->r.insn_count; v->index++) {
        SLICE(3 + v->words / 2);
        if (!check_insn(v, v->index)) return VERIFY_BAD;
    }
    return VERIFY_GOOD;
}

static bool check_end(struct verifier *v)
{
    v->proto = v->insn = NONE;
    REQUIRE(v->totals.code == v->h.code_count && v->totals.regions == v->h.region_count &&
                v->totals.positions == v->h.position_count && v->totals.locals == v->h.local_count,
            0, "header: counts");
    struct proto_record top = get_proto(v, 0);
    REQUIRE(top.fixed_count == 0 && top.upvalue_count == 0 && top.next_arity == NONE &&
                !(top.flags & PROTO_VARIADIC),
            0, "proto 0: takes parameters or captures");
    return true;
}

/* ---- the stages ---- */
enum { LITERALS, GLOBALS, PROTO, CODE, REGIONS, POSITIONS, LOCALS, DONE, REJECTED };

static enum verify_result from_bool(bool good)
{
    return good ? VERIFY_GOOD : VERIFY_BAD;
}
static enum verify_result stage(struct verifier *v)
{
    switch (v->stage) {
    case LITERALS: return check_literals(v);
    case GLOBALS: return v->index == 0 && !check_names(v) ? VERIFY_BAD : check_globals(v);
    case PROTO: return from_bool(check_proto(v));
    case CODE: return check_code(v);
    case REGIONS: return check_regions(v);
    case POSITIONS: return check_positions(v);
    default: return check_locals(v);
    }
}

void bytecode_verify_start(struct verifier *v, const uint8_t *bytes, size_t size)
{
    __builtin_memset(v, 0, offsetof(struct verifier, reader));
    v->bytes = bytes;
    v->proto = v->insn = NONE;
    if (!check_header(v, size)) v->stage = REJECTED;
}

enum verify_result bytecode_verify_continue(struct verifier *v, int64_t *steps)
{
    enum verify_result result = v->stage == REJECTED ? VERIFY_BAD : VERIFY_GOOD;
    v->budget = *steps;
    while (result == VERIFY_GOOD && v->stage < DONE) {
        result = stage(v);
        if (result != VERIFY_GOOD) break;
        v->index = 0;
        v->stage++;
        if (v->stage == PROTO)
            v->proto = 0;
        else if (v->stage == DONE && ++v->proto < v->h.proto_count)
            v->stage = PROTO;
    }
    *steps = v->budget;
    return result == VERIFY_GOOD ? from_bool(check_end(v)) : result;
}

bool bytecode_verify(const uint8_t *bytes, size_t size, struct verify_error *error)
{
    struct verifier v;
    int64_t steps = INT64_MAX;
    bytecode_verify_start(&v, bytes, size);
    bool good = bytecode_verify_continue(&v, &steps) == VERIFY_GOOD;
    if (!good) *error = v.error;
    return good;
}
