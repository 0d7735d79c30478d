/* Inside the compiler: the passes and what they hand on.
 *
 *   form --analyse.c--> nodes (flat, preorder) --generate*.c--> instructions of each arity --liveness.c--> live table
 *        --unit.c--> bytes
 *
 * Nodes hold no values: literals are serialised as soon as they are met (serialize.c), names are numbered.  All tables live
 * in scratch buffers taken from the process heap; nothing is collected while they are in use (OBJ_PINS in gc/heap.h).
 *
 * Errors: the first one is kept (compile_fail); after it every pass returns early, and pushes go nowhere harmful. */
#ifndef RUNTIME_COMPILER_INTERNAL_H
#define RUNTIME_COMPILER_INTERNAL_H

#include "loader/bytecode/ops.h"
#include "runtime/compiler/compile.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "spec/limits.h"

#define NONE UINT32_MAX

/* What a form in tail position may do beyond having a value. */
struct tail {
    uint32_t loop; /* target of recur, or NONE */
    bool fail;     /* an alt* around takes a (fail*) */
    bool select;   /* must end in take* or skip* */
};

/* ---- what the first pass has left to do ---- */
enum todo_kind {
    DO_FORM,    /* v: a form */
    DO_FORMS,   /* v: forms; a: node that gets their number, or NONE */
    DO_END,     /* of a list: a: its node, b: position; first, mark: line and column around it */
    DO_CLOSE,   /* a: node */
    DO_ENTER,   /* a: variable */
    DO_LEAVE,   /* a: mark of the scope */
    DO_BODY,    /* w, v: the next form and those behind it; a: N_DO or NONE, b: how many there were */
    DO_BINDING, /* v: vector, w: body; a: node, b: variable; first, mark; at: node of its value, or NONE */
    DO_ARITY,   /* v: what is left of a function w; a: node, b: arity; first, mark; at: the function around */
    DO_LETFN,   /* v: vector, w: body; a: node, b: which is next; first: function, mark */
    DO_ALT,     /* w, v: the next alternative and those behind it; a: node, b: how many there were */
    DO_REST,    /* v: forms that become a vector */
    DO_CHILDREN, /* v: collection; a: node, or NONE at the start, b: how many there were */
    DO_LITERAL,  /* v: collection; a: where its bytes begin, or NONE at the start */
    DO_QUOTED    /* the same, of something quoted */
};
struct todo {
    uint32_t kind, a, b, first, mark, at;
    struct tail tail;
    value v, w, whole;
};

/* ---- scratch buffers: arrays that grow ---- */
struct buffer {
    void *at;
    uint32_t count, capacity; /* elements */
};

enum node_kind {
    N_SPECIAL, /* a: bits */
    N_INT,     /* a: signed 32-bit number */
    N_LIT,     /* a: literal */
    N_LOCAL,   /* a: variable */
    N_UPVAL,   /* a: index */
    N_SELF,
    N_SIBLING, /* a: function of the same letfn*, made anew from this closure's own captures */
    N_GLOBAL,  /* a: global */
    N_IF,      /* test then else */
    N_DO,      /* a: count (>= 1); children */
    N_LET,     /* a: first variable, b: count; inits, body */
    N_LETFN,   /* a: first variable, b: count; functions, body */
    N_LOOP,    /* a: loop; inits, body */
    N_RECUR,   /* a: loop, b: count; arguments */
    N_FN,      /* a: function; N_ARITY children */
    N_ARITY,   /* a: arity; body */
    N_CATCH,   /* a: token variable, b: value variable; body, handler */
    N_CLEANUP, /* body, cleanup */
    N_RECEIVE, /* a: message variable, b: has a timeout; [timeout] select [on-timeout] */
    N_TAKE,    /* body */
    N_SKIP,
    N_ALT, /* a: count; children */
    N_FAIL,
    N_CALL,   /* b: argument count; function, arguments */
    N_CALLG,  /* a: global, b: argument count; arguments */
    N_OP,     /* a: opcode, b: argument count; arguments */
    N_KEYGET, /* a: literal, a keyword; the argument of its call */
    N_VECTOR, /* b: count; elements */
    N_MAP,    /* b: count of keys and values */
    N_SET
};
struct node {
    uint32_t kind;
    uint32_t a, b;
    uint32_t end;      /* index behind the last descendant: the next sibling */
    uint32_t position; /* index in positions + 1; 0: that of the parent */
};

enum var_kind { VAR_LOCAL, VAR_SELF, VAR_SIBLING, VAR_CONSTANT };
struct var {
    value symbol;
    uint32_t kind;
    uint32_t function;     /* that owns it */
    uint32_t target;       /* SELF, SIBLING: the function it names.  CONSTANT: the node with the constant */
    uint32_t shadowed;     /* next in its chain of the scope table, + 1 */
    uint32_t name_literal; /* for the debugger */
    uint32_t reg;
    uint32_t memo_capset, memo_index; /* where this variable was captured last */
};

/* How a function finds the value of a variable: a node without children. */
struct reference {
    uint32_t kind, a;
};
struct capture {
    uint32_t var;
    struct reference from; /* in the function around */
    uint32_t next;         /* capture of the same set */
};
/* What a closure captures; the functions of one letfn* share one set, so that each can make the others. */
struct capset {
    uint32_t first, last, count;
};
struct function {
    uint32_t parent, capset, group;
    uint32_t first_arity, arity_count;
    uint32_t name_literal;
    bool keep_locals;
};
struct arity_info {
    uint32_t function, node, loop;
    uint32_t fixed_count;
    bool variadic;
    struct proto_record record; /* filled by the generator */
};
struct loop {
    uint32_t first_var, count, head;
    uint32_t yes,
        no; /* labels: where the test that it begins with leads, for a test of its own at its end; or NONE */
    uint32_t test;
};
struct literal {
    uint32_t offset, size, hash;
    uint32_t global; /* or NONE */
};
struct fixup {
    uint32_t insn, next;
};

#define SCOPE_BUCKETS 128

/* Where the third pass is. */
struct flow {
    struct insn *code;
    const struct region_record *regions;
    uint64_t *live; /* words for each instruction, and as many behind the last */
    uint32_t count, words, region_count;
    uint32_t stage, at;
    uint32_t local, marked, depth, next;
    uint32_t open[LIMIT_REGION_DEPTH]; /* regions around instruction `at` */
    uint64_t cleared;
    bool changed, backward;
};

struct compiler {
    struct process *p;
    struct compile_options options;
    uint32_t stage; /* enum stage */
    int64_t budget; /* steps left of this turn */
    bool failed;
    bool no_short_jumps; /* compiled again, because a fused jump did not reach */
    bool far;            /* a fused jump did not reach */
    uint32_t depth;
    uint32_t line, column; /* of the innermost list form with a position */
    value key_line, key_column, key_start, key_end, key_debug, key_name;
    int64_t base_offset; /* :start of the top-level form */

    struct buffer todos, walks;
    struct buffer nodes, vars, functions, arities, loops, captures, capsets, positions, scope;
    struct buffer data; /* serialised literals, bytes */
    struct buffer literals, literal_index, globals, global_index;
    struct buffer serial_stack;
    bool serial_constant; /* what was put so far is */
    uint32_t function;    /* being analysed */
    uint32_t groups;
    uint32_t failed_literals;        /* collections around that are no constants */
    uint32_t buckets[SCOPE_BUCKETS]; /* variable + 1 */

    /* the generator */
    struct buffer code, live, regions, out_positions, locals, fixups, scratch, moves;
    struct arity_info *arity;
    struct buffer frames, labels;
    uint32_t generating, next_arity;
    struct proto_record before; /* where the tables of the arity begin */
    bool falls;                 /* control comes out at the end of what was made last */
    uint32_t fail, peek;        /* labels: where fail* goes, where skip* goes; or NONE */
    uint32_t literal_add;       /* global of lona.core/-literal-add, if a big collection needs it */
    uint32_t first_insn;        /* of the arity, in code */
    uint32_t joined; /* instructions before this one may not be changed: control may come in here */
    uint32_t begun;  /* loop + 1: the node generated next is the whole body of that loop */
    uint32_t region_depth;
    uint32_t top, max; /* next free register; registers used */
    uint32_t position, last_position;
    uint32_t last_line; /* entered, for breakpoints */
    bool keep_locals;
    struct buffer live_table;
    struct flow flow;

    /* the last pass */
    struct unit_header header;
    value unit;
    uint8_t *bytes; /* of the unit */
    uint32_t section, section_done;

    uint64_t sink[16]; /* where pushes go once something failed */
};

/* ---- buffers.c ---- */
/* Room for n more elements of the given size at the end; their first.  Uninitialised.  Never NULL: once c->failed is set
 * the result may be c->sink, for elements of up to 128 bytes and n == 1. */
void *buffer_push(struct compiler *c, struct buffer *b, uint32_t element_size, uint32_t n);
#define PUSH(c, buffer, type) ((type *)buffer_push(c, &(c)->buffer, sizeof(type), 1))
#define AT(c, buffer, type, i) (((type *)(c)->buffer.at)[i])

/* Error at the current position.  Keeps the first. */
void compile_fail(struct compiler *c, enum error_kind kind, value form, const char *fmt, const char *text);

/* ---- serialize.c ---- */
enum serial_mode { SERIAL_QUOTED, SERIAL_BARE /* without the metadata of v itself */, SERIAL_EXPRESSION };
/* Index of the literal (equal bytes are kept once), or NONE: with c->failed set, or (SERIAL_EXPRESSION) because the
 * collection form is not all constants. */
uint32_t literal_of(struct compiler *c, value v, enum serial_mode mode);
/* The same in slices that c->budget bounds: start, then continue from c->data.count at the start until it is not MORE. */
enum literal_state { LITERAL_MORE, LITERAL_DONE, LITERAL_NONE /* as NONE above */ };
void literal_start(struct compiler *c, value v, enum serial_mode mode);
enum literal_state literal_continue(struct compiler *c, uint32_t start, uint32_t *literal);
uint32_t literal_var(struct compiler *c, value symbol);
uint32_t global_of(struct compiler *c, value symbol);
uint32_t global_named(struct compiler *c, value ns, value name); /* strings */
bool value_is_constant(value v); /* evaluates to itself, without being a collection or a symbol */

/* ---- forms.c ---- */
bool form_is_list(value v);
/* The first of *list, which becomes the rest; false at the end.  Fails on sequences that are not there yet. */
bool form_next(struct compiler *c, value *list, value *item);
uint32_t form_position(struct compiler *c, value form);
value form_meta(struct compiler *c, value form); /* without positions; NIL if nothing is left */
enum head {
    HEAD_NONE,
    HEAD_QUOTE,
    HEAD_IF,
    HEAD_DO,
    HEAD_LET,
    HEAD_LETFN,
    HEAD_LOOP,
    HEAD_RECUR,
    HEAD_FN,
    HEAD_VAR,
    HEAD_CATCH,
    HEAD_CLEANUP,
    HEAD_RECEIVE,
    HEAD_TAKE,
    HEAD_SKIP,
    HEAD_ALT,
    HEAD_FAIL
};
enum head form_head(value symbol);
int intrinsic_of(value symbol, const char *ns_or_null, uint32_t argc); /* opcode, or -1 */

/* ---- passes ---- */
/* Start, then again and again until true: done, or failed. */
void analyse_start(struct compiler *c, value form);
bool analyse(struct compiler *c);
enum { GEN_BETWEEN, GEN_CODE, GEN_LIVENESS };
void generate_start(struct compiler *c);
bool generate(struct compiler *c);
void liveness_start(struct compiler *c, uint32_t insn_count); /* of c->arity */
bool liveness(struct compiler *c);                            /* appends to c->live */
void unit_start(struct compiler *c);
value unit_bytes(struct compiler *c); /* VAL_YIELD: there is more to do */

/* ---- generate*.c ---- */
enum mode { MODE_VALUE, MODE_EFFECT, MODE_TAIL };
struct dest {
    enum mode mode;
    uint32_t reg; /* MODE_VALUE */
    bool free;    /* MODE_VALUE: reg holds nothing that is still needed, so it may serve as a temporary */
};
struct label {
    uint32_t target; /* relative to the arity, or NONE */
    uint32_t fixups; /* or NONE */
};

void emit(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, uint32_t cc);
void emit_bc(struct compiler *c, enum opcode op, uint32_t a, int32_t bc);
void code_move(struct compiler *c, uint32_t to, uint32_t from);
void code_jump(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, uint32_t label);
void emit_go(struct compiler *c, uint32_t label); /* a plain jump, forward or back */
uint32_t new_label(struct compiler *c);
void bind(struct compiler *c, uint32_t label);
uint32_t label_target(struct compiler *c, uint32_t label); /* or NONE */
bool label_used(struct compiler *c, uint32_t label);
uint32_t here(struct compiler *c);
uint32_t new_register(struct compiler *c);
void need_registers(struct compiler *c, uint32_t count);
bool deliver(struct compiler *c, uint32_t reg, struct dest d); /* the value in reg to where d says */
void local_scope(struct compiler *c, uint32_t var, uint32_t first);

static inline struct node *node_at(struct compiler *c, uint32_t n)
{
    return &AT(c, nodes, struct node, n);
}
static inline struct dest to_register(uint32_t reg)
{
    return (struct dest){MODE_VALUE, reg, true};
}

#endif
