/* Frames seen and changed from above them, and stepping. */
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

/* -step counts in the dynamic state, under :n, and goes on while it is below limit. */
static void define_step(int limit)
{
    struct assembly *u = unit_of_function();
    uint16_t depth = asm_global(u, "lona.debug/-stack-depth"), get = asm_global(u, "lona.core/-dynamic"),
             set = asm_global(u, "lona.core/-set-dynamic");
    uint32_t n = asm_keyword(u, "n");
    asm_proto(u, "lona.debug/-step", 0, 8, 0, 0);
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
    emit_bc(u, OP_INT, 2, limit);
    emit(u, OP_LT, 0, 0, 2);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    machine_define_unit("lona.debug/-step", u);
}
static int64_t steps_of(value f, value hook)
{
    proc->dynamic = map_make(proc, (value[]){keyword("n"), from_fixnum(0)}, 1);
    proc->flags |= PROC_STEPPING;
    value v = CALL(f, hook, from_fixnum(1));
    CHECK(is_vector(v) && vector_nth(v, 1) == from_fixnum(2));
    proc->flags &= ~PROC_STEPPING;
    int64_t n = to_fixnum(at(proc->dynamic, "n"));
    proc->dynamic = NIL;
    return n;
}
static void test_stepping(void)
{
    value hook = define_hook("lona.debug/-stack-depth", 0, NULL, NULL);
    define_step(100);
    CHECK_EQ_U64(steps_of(define_outer(false), hook), 4); /* three positions of outer, one of inner */
    define_step(2);
    CHECK_EQ_U64(steps_of(define_outer(false), hook), 2); /* it said stop at the second */
    machine_define("lona.debug/-step", VAL_UNBOUND);
    CHECK_EQ_U64(steps_of(define_outer(false), hook), 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start();
    test_frames();
    test_changes();
    test_stepping();
    turn_reductions = 2;
    collect_each_turn = true;
    test_frames();
    test_changes();
    test_stepping();
    system_free(machine);
    port_hosted_free(machine_port);
    return check_report();
}
