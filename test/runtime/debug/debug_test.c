/* Frames seen and changed from above them, and stepping. */
#include "runtime/debug/debug.h"
#include "test/runtime/vm/machine.h"

static value primitive(const char *name)
{
    return domain_cell_named(machine->root, name, true)->content;
}
static value symbol(const char *name)
{
    return domain_intern_symbol(machine->root, NULL, 0, name, strlen(name));
}
static value at(value map, const char *name)
{
    return is_map(map) ? map_get_keyword(map, keyword(name)) : VAL_ABSENT;
}

/* (defn inner [hook] (hook)); (defn outer [hook x] (let [y (* x 2) z (inner hook)] [x y z])), without y's last use when
 * `forget`: then y is dead during the call */
static value define_outer(bool forget)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/inner", 1, 5, 0, 0);
    asm_position(u, 0, 7, 3);
    emit(u, OP_MOVE, 1, 0, 0);
    emit(u, OP_CALL, 1, 0, 0);
    emit(u, OP_RET, 1, 0, 0);
    asm_local(u, "hook", 0, 3, 0);
    asm_end(u);
    machine_define_unit("user/inner", u);

    u = unit_of_function();
    uint16_t inner = asm_global(u, "user/inner");
    asm_proto(u, "user/outer", 2, 10, 0, 0);
    asm_position(u, 0, 10, 1);
    emit(u, OP_MULI, 2, 1, 2);
    asm_position(u, 1, 11, 5);
    emit(u, OP_MOVE, 6, 0, 0);
    emit(u, OP_CALLG, 3, 1, inner);
    asm_position(u, 3, 12, 2);
    if (forget)
        emit_bc(u, OP_INT, 2, 0);
    else
        emit(u, OP_NOP, 0, 0, 0);
    emit(u, OP_VECTOR, 0, 1, 3);
    emit(u, OP_RET, 0, 0, 0);
    asm_local(u, "hook", 0, 2, 0);
    asm_local(u, "x", 0, 6, 1);
    asm_local(u, "y", 1, 6, 2);
    asm_local(u, "z", 3, 6, 3);
    asm_end(u);
    return machine_define_unit("user/outer", u);
}
/* (fn [] (prim args...)), the arguments being small integers, or symbols if negative */
static value define_hook(const char *prim, unsigned argc, const int *args, const char *name)
{
    struct assembly *u = unit_of_function();
    uint16_t g = asm_global(u, prim);
    uint32_t literal = name != NULL ? asm_symbol(u, name) : 0;
    asm_proto(u, "user/hook", 0, 12, 0, 0);
    for (unsigned i = 0; i < argc; i++)
        if (args[i] >= 0)
            emit_bc(u, OP_INT, (int)i + 3, args[i]);
        else
            emit_bc(u, OP_LIT, (int)i + 3, literal);
    emit(u, OP_CALLG, 0, (int)argc, g);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    return machine_define_unit("user/hook", u);
}

static int outer_id;
static void test_frames(void)
{
    value hook = define_hook("lona.debug/-frames", 1, (int[]){10}, NULL);
    value v = CALL(define_outer(false), hook, from_fixnum(21));
    CHECK(is_vector(v) && vector_nth(v, 1) == from_fixnum(42));
    value frames = is_vector(v) ? vector_nth(v, 2) : NIL;
    CHECK(is_vector(frames) && vector_count(frames) == 3);
    if (!is_vector(frames) || vector_count(frames) != 3) return;
    value inner = vector_nth(frames, 1), outer = vector_nth(frames, 2);
    CHECK(name_equal(at(inner, "function"), domain_intern_symbol(machine->root, "user", 4, "inner", 5)));
    CHECK_EQ_U64(at(inner, "line"), from_fixnum(7));
    CHECK_EQ_U64(at(outer, "line"), from_fixnum(11));
    CHECK_EQ_U64(at(outer, "column"), from_fixnum(5));
    CHECK_EQ_U64(map_count(at(outer, "locals")), 2);
    CHECK_EQ_U64(map_get(at(outer, "locals"), symbol("x")), from_fixnum(21));
    CHECK_EQ_U64(map_get(at(outer, "locals"), symbol("y")), from_fixnum(42));
    CHECK_EQ_U64(set_count(at(outer, "cleared")), 0);
    CHECK_EQ_U64(vector_nth(at(outer, "args"), 1), from_fixnum(21));
    CHECK_EQ_U64(vector_nth(at(outer, "args"), 0),
                 domain_intern_keyword(machine->root, "lona.debug", 10, "cleared", 7));
    CHECK_EQ_U64(set_get(at(inner, "cleared"), symbol("hook")), symbol("hook"));
    CHECK_EQ_U64(at(outer, "failed"), FALSE_);
    outer_id = (int)to_fixnum(at(outer, "id"));

    v = CALL(define_outer(true), hook, from_fixnum(21));
    outer = is_vector(v) ? vector_nth(vector_nth(v, 2), 2) : NIL;
    CHECK_EQ_U64(map_get(at(outer, "locals"), symbol("y")), VAL_ABSENT);
    CHECK_EQ_U64(set_get(at(outer, "cleared"), symbol("y")), symbol("y"));
}
static void test_changes(void)
{
    value v =
        CALL(define_outer(false),
             define_hook("lona.debug/-frame-set-local!", 3, (int[]){outer_id, -1, 5}, "y"), from_fixnum(1));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(1) && vector_nth(v, 1) == from_fixnum(5));
    v = CALL(define_outer(true),
             define_hook("lona.debug/-frame-set-local!", 3, (int[]){outer_id, -1, 5}, "y"), from_fixnum(1));
    CHECK_EQ_U64(v, VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("bad-state"));
    CALL(define_outer(true), define_hook("lona.debug/-frame-set-local!", 3, (int[]){outer_id, -1, 5}, "none"),
         from_fixnum(1));
    CHECK_EQ_U64(exit_type(), keyword("not-found"));
    CALL(define_outer(true),
         define_hook("lona.debug/-frame-set-local!", 3, (int[]){outer_id + 1, -1, 5}, "y"), from_fixnum(1));
    CHECK_EQ_U64(exit_type(), keyword("bad-state"));
    v = CALL(define_outer(false),
             define_hook("lona.debug/-return-from-frame", 2, (int[]){outer_id, 99}, NULL), from_fixnum(1));
    CHECK_EQ_U64(v, from_fixnum(99));
    CALL(define_outer(false),
         define_hook("lona.debug/-return-from-frame", 2, (int[]){outer_id + 1, 99}, NULL), from_fixnum(1));
    CHECK_EQ_U64(exit_type(), keyword("bad-state"));
}

/* -step counts in the dynamic state, under :n, and asks for more while it is below limit. */
static void define_step(int limit, const char *mode)
{
    struct assembly *u = unit_of_function();
    uint16_t depth = asm_global(u, "lona.debug/-stack-depth"), get = asm_global(u, "lona.core/-dynamic"),
             set = asm_global(u, "lona.core/-set-dynamic"),
             stepping = asm_global(u, "lona.debug/-set-stepping!");
    uint32_t n = asm_keyword(u, "n"), m = asm_keyword(u, mode);
    asm_proto(u, "lona.debug/-step", 0, 10, 0, 0);
    asm_position(u, 0, 1, 1);
    emit(u, OP_CALLG, 0, 0, depth);
    asm_position(u, 1, 2, 1); /* positions of its own, which are not stepped through */
    emit(u, OP_CALLG, 0, 0, get);
    emit_bc(u, OP_LIT, 5, n);
    emit(u, OP_GET, 0, 0, 5);
    emit(u, OP_ADDI, 0, 0, 1);
    emit(u, OP_MOVE, 6, 0, 0);
    emit(u, OP_MAP, 4, 5, 2);
    emit(u, OP_CALLG, 1, 1, set);
    uint32_t j = emit(u, OP_JNLTI, 0, limit, 0);
    emit_bc(u, OP_LIT, 4, m);
    emit(u, OP_CALLG, 1, 1, stepping);
    asm_position(u, asm_here(u), 3, 1);
    emit(u, OP_NOP, 0, 0, 0);
    asm_patch(u, j, asm_here(u));
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    machine_define_unit("lona.debug/-step", u);
}
/* (fn [mode hook] (-set-stepping! mode) (outer hook 1)) */
static value define_starter(void)
{
    struct assembly *u = unit_of_function();
    uint16_t stepping = asm_global(u, "lona.debug/-set-stepping!"), outer = asm_global(u, "user/outer");
    asm_proto(u, "user/starter", 2, 10, 0, 0);
    emit(u, OP_MOVE, 5, 0, 0);
    emit(u, OP_CALLG, 2, 1, stepping);
    emit(u, OP_MOVE, 5, 1, 0);
    emit_bc(u, OP_INT, 6, 1);
    emit(u, OP_CALLG, 2, 2, outer);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    return machine_define_unit("user/starter", u);
}
static int64_t steps_of(const char *first, value hook)
{
    proc->dynamic = map_make(proc, (value[]){keyword("n"), from_fixnum(0)}, 1);
    value v = CALL(define_starter(), keyword(first), hook);
    CHECK(is_vector(v) && vector_nth(v, 1) == from_fixnum(2));
    proc->flags &= ~PROC_STEPPING;
    int64_t n = to_fixnum(at(proc->dynamic, "n"));
    proc->dynamic = NIL;
    return n;
}
static void test_stepping(void)
{
    value hook = define_hook("lona.debug/-stack-depth", 0, NULL, NULL);
    define_outer(false);
    define_step(100, "step");
    CHECK_EQ_U64(steps_of("step", hook), 4); /* three positions of outer, one of inner */
    CHECK_EQ_U64(steps_of("next", hook), 0); /* the starter has no positions, and outer is above it */
    define_step(2, "step");
    CHECK_EQ_U64(steps_of("step", hook), 2); /* no more after the second */
    define_step(100, "next");
    CHECK_EQ_U64(steps_of("step", hook), 3); /* not into inner */
    define_step(100, "out");
    CHECK_EQ_U64(steps_of("step", hook), 1);
    machine_define("lona.debug/-step", VAL_UNBOUND);
    CHECK_EQ_U64(steps_of("step", hook), 0);
}

/* (defn c [hook] (vector (hook))), b tail-calls c, a tail-calls b */
static void test_elided(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/c", 1, 5, 0, 0);
    emit(u, OP_MOVE, 1, 0, 0);
    emit(u, OP_CALL, 1, 0, 0);
    emit(u, OP_VECTOR, 1, 1, 1);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    machine_define_unit("user/c", u);
    const char *names[] = {"user/c", "user/b", "user/a"};
    for (int i = 1; i < 3; i++) {
        u = unit_of_function();
        uint16_t g = asm_global(u, names[i - 1]);
        asm_proto(u, names[i], 1, 6, 0, 0);
        asm_position(u, 0, (uint32_t)i, 1);
        emit(u, OP_MOVE, 4, 0, 0);
        emit(u, OP_TAILG, 1, 1, g);
        asm_end(u);
        machine_define_unit(names[i], u);
    }
    value hook = define_hook("lona.debug/-frames", 1, (int[]){10}, NULL), a = primitive("user/a"),
          b = primitive("user/b");
    CHECK_EQ_U64(vector_count(vector_nth(CALL(a, hook), 0)), 2);
    CHECK(debug_of(proc) != NULL);
    proc->flags |= PROC_DEBUGGED;
    value frames = vector_nth(CALL(a, hook), 0);
    CHECK_EQ_U64(vector_count(frames), 4);
    CHECK_EQ_U64(at(vector_nth(frames, 2), "elided"), TRUE_);
    CHECK_EQ_U64(at(vector_nth(frames, 2), "line"), from_fixnum(1));
    CHECK(name_equal(at(vector_nth(frames, 3), "function"),
                     domain_intern_symbol(machine->root, "user", 4, "a", 1)));
    CHECK_EQ_U64(vector_count(vector_nth(CALL(b, hook), 0)), 3);
    CHECK_EQ_U64(vector_count(vector_nth(CALL(primitive("user/c"), hook), 0)),
                 3); /* same place and return: taken for b's */
    proc->flags &= ~PROC_DEBUGGED;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start();
    test_frames();
    test_changes();
    test_stepping();
    test_elided();
    turn_reductions = 2;
    collect_each_turn = true;
    test_frames();
    test_changes();
    test_stepping();
    test_elided();
    machine_end();
    return check_report();
}
