/* How the generator walks the nodes: without recursion, so that it can stop between any two steps and goes as deep as there
 * is memory.
 *
 * Each kind of form has a function that makes its code.  It may have the code of a child made (GEN, TEST) and go on behind
 * that: its frame remembers the line to go on at, and everything that it needs later stands in the frame.  Labels are
 * indices, since buffers move when they grow. */
#ifndef RUNTIME_COMPILER_FRAMES_H
#define RUNTIME_COMPILER_FRAMES_H

#include "runtime/compiler/internal.h"

struct gen_frame;
typedef void gen_step(struct compiler *c, struct gen_frame *f);
struct gen_frame {
    gen_step *step;
    uint32_t line; /* where it goes on */
    uint32_t n;    /* its node */
    struct dest d;
    uint32_t top, position, labels; /* as they are again when it is finished */
    uint32_t begun;                 /* as c->begun was */
    uint32_t yes, no;               /* labels of a test */
    uint32_t a, b, x, y, z, i, next, base;
    bool flag;
};

/* Begin with the code that puts the node's value where d says.  True: a frame was pushed for it; else it is done, and
 * c->falls says whether control comes out at its end. */
bool gen_begin(struct compiler *c, uint32_t n, struct dest d);
/* The same for code that goes to `yes` or `no` by the truth of the node; the one that follows directly is fallen into. */
bool gen_begin_test(struct compiler *c, uint32_t n, uint32_t yes, uint32_t no, bool falls_into_yes);
struct gen_frame *gen_push(struct compiler *c, gen_step *step, uint32_t n);
void gen_finish(struct compiler *c, const struct gen_frame *f, bool falls);

/* In such a function: BEGIN; what it does; FINISH.  END may come anywhere between. */
#define BEGIN                                                                                                \
    switch (f->line) {                                                                                       \
    case 0:
#define FINISH }
#define RESUME_AFTER(begun)                                                                                  \
    do {                                                                                                     \
        f->line = __LINE__;                                                                                  \
        if (begun) return;                                                                                   \
        if (c->failed) return;                                                                               \
        f = &AT(c, frames, struct gen_frame, c->frames.count - 1);                                           \
        __attribute__((fallthrough));                                                                        \
    case __LINE__:;                                                                                          \
    } while (0)
#define GEN(node, dest) RESUME_AFTER(gen_begin(c, node, dest))
#define TEST(node, yes, no, falls_into_yes) RESUME_AFTER(gen_begin_test(c, node, yes, no, falls_into_yes))
#define END(falls)                                                                                           \
    do {                                                                                                     \
        bool out = (falls);                                                                                  \
        gen_finish(c, f, out);                                                                                   \
        return;                                                                                              \
    } while (0)
/* The values of a let* or loop*; f->next is then the body's node, and c->scratch from f->base on says where the scopes of the
 * variables start. */
#define INITS(FIRST, COUNT, LOOP)                                                                            \
    f->base = c->scratch.count;                                                                              \
    f->next = f->n + 1;                                                                                      \
    for (f->i = 0; f->i < (COUNT); f->i++) {                                                                 \
        if (init_register(c, f, (FIRST) + f->i, f->next, LOOP))                                              \
            GEN(f->next, to_register(AT(c, vars, struct var, (FIRST) + f->i).reg));                          \
        *PUSH(c, scratch, uint32_t) = here(c);                                                               \
        f->next = node_at(c, f->next)->end;                                                                  \
    }
bool init_register(struct compiler *c, struct gen_frame *f, uint32_t var, uint32_t init, bool loop);
void name_locals(struct compiler *c, struct gen_frame *f, uint32_t first_var, uint32_t count);

gen_step gen_if, gen_do, gen_let, gen_letfn, gen_loop, gen_recur, gen_catch, gen_cleanup, gen_receive,
    gen_take, gen_alt, gen_call, gen_op, gen_collection;

bool gen_closure(struct compiler *c, uint32_t function, struct dest d);
void gen_reference(struct compiler *c, struct reference r, uint32_t reg);
void gen_back(struct compiler *c, const struct loop *loop);

void enter_position(struct compiler *c, const struct node *node);
bool on_top(struct compiler *c, struct dest d);
uint32_t work_register(struct compiler *c, struct dest d);
uint32_t operand_register(struct compiler *c, uint32_t n); /* a local's own, or a new one */
bool small_int(struct compiler *c, uint32_t n);
bool short_literal(struct compiler *c, uint32_t n);
bool short_double(struct compiler *c, uint32_t n);

#endif
