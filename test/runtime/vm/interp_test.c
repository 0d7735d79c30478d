/* The interpreter, on units assembled by hand: run normally, and with a switch at every reduction and a full collection at
 * every switch. */
#include "test/runtime/vm/machine.h"

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- functions that tests use ---- */
static value define_fib(void)
{
    struct assembly *u = unit_of_function();
    uint16_t g = asm_global(u, "user/fib");
    asm_proto(u, "user/fib", 1, 8, 0, 0);
    emit(u, OP_JNLTI, 0, 2, 1);
    emit(u, OP_RET, 0, 0, 0);
    emit(u, OP_SUBI, 4, 0, 1);
    emit(u, OP_CALLG, 1, 1, g);
    emit(u, OP_SUBI, 5, 0, 2);
    emit(u, OP_CALLG, 2, 1, g);
    emit(u, OP_ADD, 1, 1, 2);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/fib", u);
}
/* (fn [x y] (op x y)) */
static value binary_function(unsigned op)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/op", 2, 3, 0, 0);
    emit(u, op, 2, 0, op_info[op].c == OPERAND_USE ? 1 : 0);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    return machine_define_unit("user/op", u);
}
/* (fn [x y] (if (op x y) 1 0)), by a jump */
static value jump_function(unsigned op, int immediate)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/jump", 2, 3, 0, 0);
    uint32_t j = emit(u, op, 0, op_info[op].b == OPERAND_USE ? 1 : immediate, 0);
    emit_bc(u, OP_INT, 2, 1);
    emit(u, OP_RET, 2, 0, 0);
    asm_patch(u, j, asm_here(u));
    emit_bc(u, OP_INT, 2, 0);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    return machine_define_unit("user/jump", u);
}
/* (fn [x] (op x imm)) */
static value immediate_function(unsigned op, int immediate)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/op", 1, 2, 0, 0);
    emit(u, op, 1, 0, immediate);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/op", u);
}

static void test_fib(void)
{
    value f = define_fib();
    CHECK_EQ_U64(CALL(f, from_fixnum(20)), from_fixnum(6765));
    CHECK_EQ_U64(CALL(f, from_double(10.0)), from_double(55.0));
}

/* ---- numbers against their full forms ---- */
static uint64_t seed = 88172645463325252ull;
static uint64_t random_u64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
static value random_number(void)
{
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    2,
                                    -2,
                                    49,
                                    50,
                                    51,
                                    63,
                                    64,
                                    65,
                                    FIXNUM_MAX,
                                    FIXNUM_MIN,
                                    FIXNUM_MAX - 1,
                                    FIXNUM_MIN + 1,
                                    32767,
                                    -32768,
                                    1 << 25,
                                    1ll << 26,
                                    -(1ll << 25)};
    static const double doubles[] = {
        0.0, -0.0, 1.0, 1.5, -2.0, 1e300, -1e-300, __builtin_inf(), __builtin_nan("")};
    switch (random_u64() % 8) {
    case 0:
    case 1:
    case 2: return from_fixnum(edges[random_u64() % COUNT_OF(edges)]);
    case 3: return from_double(doubles[random_u64() % COUNT_OF(doubles)]);
    case 4: return number_from_i64(proc, (int64_t)random_u64());
    case 5: return from_fixnum((int64_t)(random_u64() % 200) - 100);
    case 6: return from_double((double)(int64_t)random_u64() / 1000.0);
    default: return from_fixnum(to_fixnum(random_u64() | FIXNUM_TAG));
    }
}
static bool same(value a, value b)
{
    int budget = 10000;
    if (a == b) return true;
    return is_ptr(a) && is_ptr(b) && value_equal(a, b, &budget) == TRUE_;
}
static value oracle(unsigned op, value x, value y)
{
    int order = 2;
    if (op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE) order = number_compare(x, y);
    switch (op) {
    case OP_ADD: return number_add(proc, x, y);
    case OP_SUB: return number_sub(proc, x, y);
    case OP_MUL: return number_mul(proc, x, y);
    case OP_DIV: return number_div(proc, x, y);
    case OP_QUOT: return number_quot(proc, x, y);
    case OP_REM: return number_rem(proc, x, y);
    case OP_MOD: return number_mod(proc, x, y);
    case OP_INC: return number_add(proc, x, from_fixnum(1));
    case OP_DEC: return number_sub(proc, x, from_fixnum(1));
    case OP_BITAND: return number_bitand(proc, x, y);
    case OP_BITOR: return number_bitor(proc, x, y);
    case OP_BITXOR: return number_bitxor(proc, x, y);
    case OP_SHL: return number_shl(proc, x, y);
    case OP_SHR: return number_shr(proc, x, y);
    case OP_LT: return from_bool(order == -1);
    case OP_LE: return from_bool(order == -1 || order == 0);
    case OP_GT: return from_bool(order == 1);
    case OP_GE: return from_bool(order == 1 || order == 0);
    case OP_NUMEQ: return from_bool(number_same(x, y));
    default: return from_bool(number_equal(x, y));
    }
}
static const struct {
    unsigned op, immediate, jump, jump_immediate;
} operators[] = {{OP_ADD, OP_ADDI, 0, 0},
                 {OP_SUB, OP_SUBI, 0, 0},
                 {OP_MUL, OP_MULI, 0, 0},
                 {OP_DIV, 0, 0, 0},
                 {OP_QUOT, OP_QUOTI, 0, 0},
                 {OP_REM, OP_REMI, 0, 0},
                 {OP_MOD, OP_MODI, 0, 0},
                 {OP_INC, 0, 0, 0},
                 {OP_DEC, 0, 0, 0},
                 {OP_BITAND, 0, 0, 0},
                 {OP_BITOR, 0, 0, 0},
                 {OP_BITXOR, 0, 0, 0},
                 {OP_SHL, 0, 0, 0},
                 {OP_SHR, 0, 0, 0},
                 {OP_LT, 0, OP_JNLT, OP_JNLTI},
                 {OP_LE, 0, OP_JNLE, OP_JNLEI},
                 {OP_GT, 0, OP_JNGT, OP_JNGTI},
                 {OP_GE, 0, OP_JNGE, OP_JNGEI},
                 {OP_NUMEQ, 0, OP_JNNUMEQ, OP_JNNUMEQI},
                 {OP_EQ, 0, OP_JNEQ, OP_JNEQI}};

static void check_result(const char *what, value got, value wanted, value x, value y)
{
    bool ok = wanted == VAL_ERROR ? got == VAL_EXIT : same(got, wanted);
    if (!ok)
        printf("%s: 0x%llx, wanted 0x%llx, of 0x%llx 0x%llx\n", what, (unsigned long long)got,
               (unsigned long long)wanted, (unsigned long long)x, (unsigned long long)y);
    CHECK(ok);
}
static void test_operators(void)
{
    for (unsigned i = 0; i < COUNT_OF(operators); i++) {
        unsigned op = operators[i].op;
        bool shift = op == OP_SHL || op == OP_SHR;
        value f = binary_function(op), j = operators[i].jump ? jump_function(operators[i].jump, 0) : NIL;
        for (int n = 0; n < 600; n++) {
            value x = random_number(),
                  y = shift ? from_fixnum((int64_t)(random_u64() % 140) - 70) : random_number();
            value wanted = oracle(op, x, y);
            proc->error = NIL;
            check_result(op_info[op].name, CALL(f, x, y), wanted, x, y);
            if (j != NIL) check_result("jump", CALL(j, x, y), from_fixnum(wanted == TRUE_), x, y);
        }
        static const int immediates[] = {0, 1, -1, 2, 3, 7, 100, 255, 256, -7, 32767, -32768};
        for (unsigned k = 0; k < COUNT_OF(immediates); k++) {
            value y = from_fixnum(immediates[k]);
            value g =
                operators[i].immediate ? immediate_function(operators[i].immediate, immediates[k]) : NIL;
            value h =
                operators[i].jump_immediate ? jump_function(operators[i].jump_immediate, immediates[k]) : NIL;
            for (int n = 0; n < 60; n++) {
                value x = random_number();
                if (g != NIL) check_result("immediate", CALL(g, x), oracle(op, x, y), x, y);
                if (h != NIL)
                    check_result("jump immediate", CALL(h, x, NIL), from_fixnum(oracle(op, x, y) == TRUE_), x,
                                 y);
            }
        }
    }
}
/* (fn [x] (op imm x)) */
static value immediate_first_function(unsigned op, int immediate)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/op", 1, 2, 0, 0);
    emit(u, op, 1, immediate, 0);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/op", u);
}
/* (fn [x] (op x literal)) or (fn [x] (op literal x)); the literal a double, or the integer 70000 for a NaN. */
static value literal_function(unsigned op, double literal)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/op", 1, 2, 0, 0);
    uint32_t l;
    if (literal == literal) {
        l = asm_double(u, literal);
    } else {
        l = asm_literal(u, SER_INT);
        asm_varint(u, 140000);
    }
    bool first = op_info[op].b == OPERAND_LIT;
    emit(u, op, 1, first ? (int)l : 0, first ? 0 : (int)l);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/op", u);
}
static void test_constant_operands(void)
{
    static const unsigned first[][2] = {{OP_ADD, OP_IADD}, {OP_SUB, OP_ISUB}, {OP_MUL, OP_IMUL}};
    static const int immediates[] = {0, 1, -1, 2, 100, 32767, -32768};
    for (unsigned i = 0; i < COUNT_OF(first); i++)
        for (unsigned k = 0; k < COUNT_OF(immediates); k++) {
            value f = immediate_first_function(first[i][1], immediates[k]), x = from_fixnum(immediates[k]);
            for (int n = 0; n < 60; n++) {
                value y = random_number();
                check_result("immediate first", CALL(f, y), oracle(first[i][0], x, y), x, y);
            }
        }
    static const unsigned literal[][3] = {{OP_ADD, OP_ADDL, OP_LADD},
                                          {OP_SUB, OP_SUBL, OP_LSUB},
                                          {OP_MUL, OP_MULL, OP_LMUL},
                                          {OP_DIV, OP_DIVL, OP_LDIV}};
    static const double doubles[] = {0.0, -0.0, 0.5, -3.0, 1e308, __builtin_inf(), __builtin_nan("")};
    for (unsigned i = 0; i < COUNT_OF(literal); i++)
        for (unsigned k = 0; k < COUNT_OF(doubles); k++) {
            value f = literal_function(literal[i][1], doubles[k]),
                  g = literal_function(literal[i][2], doubles[k]);
            value d = doubles[k] == doubles[k] ? from_double(doubles[k]) : from_fixnum(70000);
            for (int n = 0; n < 60; n++) {
                value x = random_number();
                proc->error = NIL;
                check_result("literal second", CALL(f, x), oracle(literal[i][0], x, d), x, d);
                proc->error = NIL;
                check_result("literal first", CALL(g, x), oracle(literal[i][0], d, x), d, x);
            }
        }
    CHECK_EQ_U64(CALL(literal_function(OP_ADDL, 1.5), NIL), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("type-error"));
    CHECK_EQ_U64(CALL(immediate_first_function(OP_ISUB, 1), TRUE_), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("type-error"));
}

/* (fn [x y] 1 if the test of a loop goes round, 0 if it falls through) */
static value loop_function(unsigned op, int immediate)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/loop", 2, 3, 0, 0);
    emit_bc(u, OP_INT, 2, 0);
    uint32_t j = emit(u, OP_JMP, 0, 0, 0), top = asm_here(u);
    emit_bc(u, OP_INT, 2, 1);
    emit(u, OP_RET, 2, 0, 0);
    asm_patch(u, j, asm_here(u));
    uint32_t l = emit(u, op, 0,
                      op_info[op].b == OPERAND_USE   ? 1
                      : op_info[op].b == OPERAND_IMM ? immediate
                                                     : 0,
                      0);
    asm_patch(u, l, top);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    return machine_define_unit("user/loop", u);
}
static void test_loop_tests(void)
{
    static const unsigned tests[][2] = {{OP_LT, OP_LOOPLT}, {OP_LE, OP_LOOPLE},       {OP_GT, OP_LOOPGT},
                                        {OP_GE, OP_LOOPGE}, {OP_NUMEQ, OP_LOOPNUMEQ}, {OP_EQ, OP_LOOPEQ}};
    static const int immediates[] = {0, -1, 100, 32767, -32768};
    for (unsigned i = 0; i < COUNT_OF(tests); i++)
        for (unsigned unless = 0; unless < 2; unless++) {
            unsigned op = tests[i][1] + 2 * unless;
            value f = loop_function(op, 0);
            for (int n = 0; n < 300; n++) {
                value x = random_number(), y = random_number();
                bool round = (oracle(tests[i][0], x, y) == TRUE_) != (unless == 1);
                check_result(op_info[op].name, CALL(f, x, y), from_fixnum(round), x, y);
            }
            for (unsigned k = 0; k < COUNT_OF(immediates); k++) {
                value g = loop_function(op + 1, immediates[k]), y = from_fixnum(immediates[k]);
                for (int n = 0; n < 60; n++) {
                    value x = random_number();
                    bool round = (oracle(tests[i][0], x, y) == TRUE_) != (unless == 1);
                    check_result(op_info[op + 1].name, CALL(g, x, NIL), from_fixnum(round), x, y);
                }
            }
            if (tests[i][0] == OP_EQ) continue;
            CHECK_EQ_U64(CALL(f, from_fixnum(1), NIL), VAL_EXIT);
            CHECK_EQ_U64(exit_type(), keyword("type-error"));
        }
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPT, 0), from_fixnum(0), NIL), from_fixnum(1));
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPT, 0), NIL, NIL), from_fixnum(0));
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPF, 0), FALSE_, NIL), from_fixnum(1));
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPF, 0), TRUE_, NIL), from_fixnum(0));
}
static void test_move2(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/swap", 2, 3, 0, 0);
    emit(u, OP_MOVE2, 0, 1, 0);
    emit(u, OP_VECTOR, 2, 0, 2);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    value v = CALL(machine_define_unit("user/swap", u), from_fixnum(1), from_fixnum(2));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(2) && vector_nth(v, 1) == from_fixnum(1));
}

static void test_operator_errors(void)
{
    for (unsigned op = OP_ADD; op <= OP_NUMEQ; op++) {
        if (op_info[op].b != OPERAND_USE || op_info[op].c != OPERAND_USE) continue;
        CHECK_EQ_U64(CALL(binary_function(op), from_fixnum(1), NIL), VAL_EXIT);
        CHECK_EQ_U64(exit_type(), keyword("type-error"));
    }
    CHECK_EQ_U64(CALL(binary_function(OP_DIV), from_fixnum(1), from_fixnum(0)), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("arithmetic-error"));
    CHECK_EQ_U64(CALL(binary_function(OP_QUOT), from_fixnum(FIXNUM_MIN), from_fixnum(0)), VAL_EXIT);
}

/* ---- calls ---- */
/* (fn ([] 0) ([a] 1) ([a b & c] [a b c])) */
static value define_arities(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/arities", 0, 1, 0, 0);
    u->protos[1].next_arity = 2;
    emit_bc(u, OP_INT, 0, 0);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    asm_proto(u, "user/arities", 1, 1, 0, PROTO_LATER_ARITY);
    u->protos[2].next_arity = 3;
    emit_bc(u, OP_INT, 0, 1);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    asm_proto(u, "user/arities", 2, 4, 0, PROTO_LATER_ARITY | PROTO_VARIADIC);
    emit(u, OP_VECTOR, 3, 0, 3);
    emit(u, OP_RET, 3, 0, 0);
    asm_end(u);
    return machine_define_unit("user/arities", u);
}
static uint64_t list_length(value l)
{
    uint64_t n = 0;
    for (; is_cons(l); l = cons_rest(l)) n++;
    return n;
}
static void test_arities(void)
{
    value f = define_arities();
    CHECK_EQ_U64(machine_call(f, NULL, 0), from_fixnum(0));
    CHECK_EQ_U64(CALL(f, NIL), from_fixnum(1));
    value v = CALL(f, from_fixnum(5), from_fixnum(6));
    CHECK(is_vector(v) && vector_count(v) == 3 && vector_nth(v, 1) == from_fixnum(6) &&
          vector_nth(v, 2) == NIL);
    value many[20];
    for (int i = 0; i < 20; i++) many[i] = from_fixnum(i);
    for (unsigned n = 3; n <= 20; n++) {
        v = machine_call(f, many, n);
        CHECK(is_vector(v) && list_length(vector_nth(v, 2)) == n - 2);
        CHECK(is_vector(v) && cons_first(vector_nth(v, 2)) == from_fixnum(2));
    }
    value fib = domain_cell_named(machine->root, "user/fib", false)->content;
    CHECK_EQ_U64(CALL(fib, NIL, NIL), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("arity-error"));
    CHECK_EQ_U64(CALL(fib, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL), VAL_EXIT);
    CHECK_EQ_U64(CALL(from_fixnum(3), NIL), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("not-callable"));
}
/* (fn [a0 .. a9] a9) called in place and in tail position with ten arguments */
static void test_ten_arguments(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/ten", 10, 10, 0, 0);
    emit(u, OP_RET, 9, 0, 0);
    asm_end(u);
    machine_define_unit("user/ten", u);
    for (int tail = 0; tail < 2; tail++) {
        u = unit_of_function();
        uint16_t g = asm_global(u, "user/ten");
        asm_proto(u, "user/caller", 1, 14, 0, 0);
        for (int i = 0; i < 10; i++) emit(u, OP_MOVE, 4 + i, 0, 0);
        emit(u, tail ? OP_TAILG : OP_CALLG, 1, 10, g);
        if (!tail) emit(u, OP_RET, 1, 0, 0);
        asm_end(u);
        CHECK_EQ_U64(CALL(machine_define_unit("user/caller", u), from_fixnum(42)), from_fixnum(42));
    }
}
/* (fn [n acc] (if (< n 1) acc (recur-by-call (- n 1) (+ acc 1)))) */
static value define_tail_loop(void)
{
    struct assembly *u = unit_of_function();
    uint16_t g = asm_global(u, "user/tail-loop");
    asm_proto(u, "user/tail-loop", 2, 8, 0, 0);
    emit(u, OP_JNLTI, 0, 1, 1);
    emit(u, OP_RET, 1, 0, 0);
    emit(u, OP_SUBI, 5, 0, 1);
    emit(u, OP_ADDI, 6, 1, 1);
    emit(u, OP_TAILG, 2, 2, g);
    asm_end(u);
    return machine_define_unit("user/tail-loop", u);
}
/* (fn [n] (if (< n 1) nil (let [x [n]] (f (- n 1)) x))): holds a heap value in every frame */
static value define_deep_of(unsigned registers)
{
    struct assembly *u = unit_of_function();
    uint16_t g = asm_global(u, "user/deep");
    asm_proto(u, "user/deep", 1, registers, 0, 0);
    emit(u, OP_JNLTI, 0, 1, 2);
    emit_bc(u, OP_SPECIAL, 1, (int64_t)NIL);
    emit(u, OP_RET, 1, 0, 0);
    emit(u, OP_VECTOR, 1, 0, 1);
    emit(u, OP_SUBI, registers > 100 ? 1003 : 5, 0, 1);
    emit(u, OP_CALLG, registers > 100 ? 1000 : 2, 1, g);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/deep", u);
}
static value define_deep(void)
{
    return define_deep_of(8);
}
static void test_depth(void)
{
    long n = turn_reductions == 2 ? 3000 : 1000000;
    CHECK_EQ_U64(CALL(define_tail_loop(), from_fixnum(n), from_fixnum(0)), from_fixnum(n));
    CHECK(turn_reductions == 2 || proc->stack_end - proc->stack < 1000);
    value v = CALL(define_deep(), from_fixnum(n / 10));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(n / 10));
}
static void test_overflow(void)
{
    value f = define_deep_of(1010);
    CHECK_EQ_U64(CALL(f, from_fixnum(1ll << 40)), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("stack-overflow"));
}

/* (fn [x] (fn [y] (+ x y self-check))): captured values and the closure itself */
static void test_closures(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/adder", 1, 3, 0, 0);
    emit(u, OP_MOVE, 2, 0, 0);
    emit(u, OP_CLOSURE, 1, 2, 1);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    asm_proto(u, "user/adder-inner", 1, 3, 1, 0);
    emit(u, OP_UPVAL, 1, 0, 0);
    emit(u, OP_ADD, 1, 0, 1);
    emit(u, OP_SELF, 2, 0, 0);
    emit(u, OP_VECTOR, 1, 1, 2);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    value adder = machine_define_unit("user/adder", u);
    value inner = CALL(adder, from_fixnum(40));
    CHECK(is_type(inner, T_FN));
    machine_define("user/inner", inner);
    inner = domain_cell_named(machine->root, "user/inner", false)->content;
    value v = CALL(inner, from_fixnum(2));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(42) && vector_nth(v, 1) == inner);
}

/* (fn [f x] (f x)), (fn [f x y] (f x y)) */
static value define_caller(unsigned args, bool tail)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/call", args + 1, 2 * args + 6, 0, 0);
    emit(u, OP_MOVE, (int)args + 1, 0, 0);
    for (unsigned i = 0; i < args; i++) emit(u, OP_MOVE, (int)(args + 4 + i), (int)i + 1, 0);
    emit(u, tail ? OP_TAIL : OP_CALL, (int)args + 1, (int)args, 0);
    if (!tail) emit(u, OP_RET, (int)args + 1, 0, 0);
    asm_end(u);
    return machine_define_unit("user/call", u);
}
static void test_data_calls(void)
{
    value a = keyword("a"), b = keyword("b"), one = from_fixnum(1), two = from_fixnum(2);
    for (int tail = 0; tail < 2; tail++) {
        value f = define_caller(1, tail), g = define_caller(2, tail);
        value m = map_make(proc, (value[]){a, one}, 1);
        CHECK_EQ_U64(CALL(f, a, m), one);
        CHECK_EQ_U64(CALL(f, b, map_make(proc, (value[]){a, one}, 1)), NIL);
        CHECK_EQ_U64(CALL(g, b, map_make(proc, (value[]){a, one}, 1), two), two);
        CHECK_EQ_U64(CALL(f, map_make(proc, (value[]){a, one}, 1), a), one);
        CHECK_EQ_U64(CALL(g, map_make(proc, (value[]){a, one}, 1), b, two), two);
        CHECK_EQ_U64(CALL(f, a, NIL), NIL);
        CHECK_EQ_U64(CALL(f, set_conj(proc, empty_set(), a), a), a);
        CHECK_EQ_U64(CALL(f, set_conj(proc, empty_set(), a), b), NIL);
        CHECK_EQ_U64(CALL(f, vector_make(proc, (value[]){one, two}, 2), one), two);
        CHECK_EQ_U64(CALL(f, vector_make(proc, (value[]){one, two}, 2), two), VAL_EXIT);
        CHECK_EQ_U64(CALL(f, NIL, two), VAL_EXIT);
        CHECK_EQ_U64(exit_type(), keyword("not-callable"));
        struct object *var = heap_alloc(proc, T_VAR, 0, 2);
        var->p[0] = 0;
        var->p[1] = domain_cell_named(machine->root, "user/fib", false)->symbol;
        CHECK_EQ_U64(CALL(f, from_obj(var), from_fixnum(10)), from_fixnum(55));
    }
}

static value primitive(const char *name)
{
    return domain_cell_named(machine->root, name, true)->content;
}
static value list_of(long n)
{
    value l = empty_list();
    while (n > 0) l = list_cons(proc, from_fixnum(--n), l);
    return l;
}
static void test_apply(void)
{
    value apply = primitive("lona.core/apply"), f = define_arities();
    for (int tail = 0; tail < 2; tail++) {
        value call2 = define_caller(2, tail), call3 = define_caller(3, tail);
        CHECK_EQ_U64(CALL(call2, apply, f, NIL), from_fixnum(0));
        CHECK_EQ_U64(CALL(call2, apply, f, list_of(0)), from_fixnum(0));
        CHECK_EQ_U64(CALL(call2, apply, f, list_of(1)), from_fixnum(1));
        CHECK_EQ_U64(CALL(call3, apply, f, from_fixnum(9), NIL), from_fixnum(1));
        for (long n = 2; n < 60; n += 7) {
            value v = CALL(call2, apply, f, list_of(n));
            CHECK(is_vector(v) && vector_nth(v, 1) == from_fixnum(1) &&
                  list_length(vector_nth(v, 2)) == (uint64_t)n - 2);
            v = CALL(call3, apply, f, from_fixnum(7), list_of(n));
            CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(7) && vector_nth(v, 1) == from_fixnum(0));
            CHECK(is_vector(v) && list_length(vector_nth(v, 2)) == (uint64_t)n - 1);
        }
        value v = CALL(call2, apply, f, vector_make(proc, (value[]){NIL, TRUE_, FALSE_, NIL}, 4));
        CHECK(is_vector(v) && is_cons(vector_nth(v, 2)) &&
              type_of(cons_rest(vector_nth(v, 2))) == T_INDEXED_SEQ);
        v = CALL(call2, apply, f, vector_make(proc, (value[]){NIL, TRUE_}, 2));
        CHECK(is_vector(v) && vector_nth(v, 2) == NIL);
        v = CALL(call3, apply, apply, list_cons(proc, f, list_cons(proc, list_of(5), NIL)));
        CHECK_EQ_U64(v, VAL_EXIT); /* (apply apply x): two arguments too few */
        v = CALL(call2, apply, apply, list_cons(proc, f, list_cons(proc, list_of(5), NIL)));
        CHECK(is_vector(v) && list_length(vector_nth(v, 2)) == 3);
        CHECK_EQ_U64(CALL(call2, apply, primitive("user/fib"), list_of(2)), VAL_EXIT);
        CHECK_EQ_U64(exit_type(), keyword("arity-error"));
        v = CALL(call2, apply, primitive("lona.core/-apply-count"), list_cons(proc, f, NIL));
        CHECK_EQ_U64(v, from_fixnum(3));
    }
}

/* ---- errors and what stands in for results ---- */
/* -raise that answers 100 and remembers nothing */
static void define_raise(bool on)
{
    if (!on) {
        machine_define("lona.core/-raise", VAL_UNBOUND);
        return;
    }
    struct assembly *u = unit_of_function();
    asm_proto(u, "lona.core/-raise", 1, 2, 0, 0);
    emit_bc(u, OP_INT, 1, 100);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    machine_define_unit("lona.core/-raise", u);
}
static void test_stand_ins(void)
{
    value add = binary_function(OP_ADD), less = jump_function(OP_JNLT, 0);
    value prim_call = define_caller(1, false), prim_tail = define_caller(1, true),
          fib = primitive("user/fib");
    value undefined = machine_load(({
        struct assembly *u = asm_new();
        uint16_t g = asm_global(u, "user/nowhere");
        asm_proto(u, NULL, 0, 5, 0, 0);
        emit_bc(u, OP_GLOBAL, 0, g);
        emit(u, OP_CALLG, 1, 0, g);
        emit(u, OP_VECTOR, 0, 0, 2);
        emit(u, OP_RET, 0, 0, 0);
        asm_end(u);
        u;
    }));
    machine_define("user/undefined", undefined);
    undefined = primitive("user/undefined");
    CHECK_EQ_U64(machine_call(undefined, NULL, 0), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("undefined"));
    define_raise(true);
    CHECK_EQ_U64(CALL(add, NIL, from_fixnum(1)), from_fixnum(100));
    CHECK_EQ_U64(CALL(less, NIL, from_fixnum(1)), from_fixnum(1));
    CHECK_EQ_U64(CALL(prim_call, primitive("lona.core/-load-unit"), NIL), from_fixnum(100));
    CHECK_EQ_U64(CALL(prim_tail, primitive("lona.core/-load-unit"), NIL), from_fixnum(100));
    CHECK_EQ_U64(CALL(fib, NIL, NIL), from_fixnum(100));
    CHECK_EQ_U64(CALL(prim_call, NIL, NIL), from_fixnum(100));
    value v = machine_call(undefined, NULL, 0);
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(100) && vector_nth(v, 1) == from_fixnum(100));
    if (turn_reductions > 2) {
        define_deep_of(1010);
        v = CALL(primitive("user/deep"), from_fixnum(1ll << 40));
        CHECK(is_vector(v)); /* the deepest call answered 100, the others went on */
        v = CALL(primitive("user/deep"), from_fixnum(1ll << 40));
        CHECK(is_vector(v)); /* and there is room for a handler again */
    }
    define_raise(false);
}

/* ---- operators that were redefined ---- */
static void test_redefinition(void)
{
    value add = binary_function(OP_ADD), add5 = immediate_function(OP_ADDI, 5),
          less = jump_function(OP_JNLT, 0), less7 = jump_function(OP_JNLTI, 7), inc = binary_function(OP_INC);
    value old_add = primitive("lona.core/+"), old_less = primitive("lona.core/<");
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/pair", 2, 3, 0, 0);
    emit(u, OP_VECTOR, 2, 0, 2);
    emit(u, OP_RET, 2, 0, 0);
    asm_end(u);
    value pair = machine_define_unit("user/pair", u);
    machine_define("lona.core/+", pair);
    value v = CALL(add, from_fixnum(1), from_fixnum(2));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(1) && vector_nth(v, 1) == from_fixnum(2));
    v = CALL(add5, from_fixnum(1));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(1) && vector_nth(v, 1) == from_fixnum(5));
    CHECK_EQ_U64(CALL(inc, from_fixnum(1), NIL), from_fixnum(2)); /* inc is another name */
    v = CALL(immediate_first_function(OP_IADD, 5), from_fixnum(1));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(5) && vector_nth(v, 1) == from_fixnum(1));
    v = CALL(literal_function(OP_LADD, 0.5), from_fixnum(1));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_double(0.5) && vector_nth(v, 1) == from_fixnum(1));
    machine_define("lona.core/+", old_add);
    CHECK_EQ_U64(CALL(add, from_fixnum(1), from_fixnum(2)), from_fixnum(3));
    machine_define("lona.core/<", pair);
    CHECK_EQ_U64(CALL(less, from_fixnum(2), from_fixnum(1)), from_fixnum(1));
    CHECK_EQ_U64(CALL(less7, from_fixnum(9), NIL), from_fixnum(1));
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPLT, 0), from_fixnum(2), from_fixnum(1)), from_fixnum(1));
    CHECK_EQ_U64(CALL(loop_function(OP_LOOPNLTI, 7), from_fixnum(9), NIL), from_fixnum(0));
    machine_define("lona.core/<", primitive("lona.core/apply-none"));
    machine_define("lona.core/<", VAL_UNBOUND);
    machine_define("lona.core/<", primitive("lona.core/-load-unit"));
    CHECK_EQ_U64(CALL(less, from_fixnum(2), from_fixnum(1)), VAL_EXIT); /* a primitive of one argument */
    CHECK_EQ_U64(exit_type(), keyword("arity-error"));
    machine_define("lona.core/<", old_less);
    CHECK_EQ_U64(CALL(less, from_fixnum(2), from_fixnum(1)), from_fixnum(0));
}

/* ---- non-local exits ---- */
/* (fn [n] (catch* [tok] (thrower n tok) [v] [v n])) with (thrower n tok): throws n at depth 0, else
 * (cleanup* (thrower (- n 1) tok) (note)) where note counts in an array */
static void define_throwing(void)
{
    struct assembly *u = unit_of_function();
    uint16_t throw_to = asm_global(u, "lona.core/-throw-to"), thrower = asm_global(u, "user/thrower");
    uint16_t note = asm_global(u, "user/note");
    asm_proto(u, "user/thrower", 2, 12, 0, 0);
    uint32_t j = emit(u, OP_JNLTI, 0, 1, 0);
    emit(u, OP_MOVE, 6, 1, 0);
    emit_bc(u, OP_INT, 7, 77);
    emit(u, OP_CALLG, 3, 2, throw_to);
    emit(u, OP_RET, 3, 0, 0);
    asm_patch(u, j, asm_here(u));
    uint32_t first = asm_here(u);
    emit(u, OP_SUBI, 6, 0, 1);
    emit(u, OP_MOVE, 7, 1, 0);
    emit(u, OP_CALLG, 3, 2, thrower);
    emit(u, OP_RET, 3, 0, 0);
    uint32_t last = asm_here(u);
    uint32_t handler = asm_here(u);
    emit(u, OP_MOVE, 6, 0, 0);
    emit(u, OP_CALLG, 3, 1, note);
    emit(u, OP_REUNWIND, 2, 0, 0);
    asm_region(u, REGION_CLEANUP, first, last, handler, 2);
    asm_end(u);
    machine_define_unit("user/thrower", u);

    u = unit_of_function();
    thrower = asm_global(u, "user/thrower");
    asm_proto(u, "user/catcher", 1, 10, 0, 0);
    emit(u, OP_TOKEN, 1, 0, 0);
    first = asm_here(u);
    emit(u, OP_MOVE, 5, 0, 0);
    emit(u, OP_MOVE, 6, 1, 0);
    emit(u, OP_CALLG, 2, 2, thrower);
    emit(u, OP_RET, 2, 0, 0);
    last = asm_here(u);
    handler = asm_here(u);
    emit(u, OP_MOVE, 2, 0, 0);
    emit(u, OP_VECTOR, 1, 1, 2);
    emit(u, OP_RET, 1, 0, 0);
    asm_region(u, REGION_CATCH, first, last, handler, 1);
    asm_end(u);
    machine_define_unit("user/catcher", u);
}
/* (fn [x]): conses x onto the list in the first element of the array that is the global user/track */
static void define_note(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/note", 1, 2, 0, 0);
    emit(u, OP_ADDI, 1, 0, 0);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    machine_define_unit("user/note", u);
}
static void test_exits(void)
{
    define_note();
    define_throwing();
    value catcher = primitive("user/catcher"), thrower = primitive("user/thrower");
    long depths[] = {0, 1, 2, 50, turn_reductions == 2 ? 300 : 100000};
    for (unsigned i = 0; i < COUNT_OF(depths); i++) {
        value v = CALL(catcher, from_fixnum(depths[i]));
        CHECK(is_vector(v) && vector_count(v) == 2);
        CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(77) &&
              vector_nth(v, 1) == from_fixnum(depths[i]));
    }
    CHECK_EQ_U64(CALL(thrower, from_fixnum(2), from_fixnum(1000000)), VAL_EXIT); /* nobody has that token */
    CHECK_EQ_U64(exit_type(), keyword("bad-state"));
    CHECK_EQ_U64(CALL(thrower, from_fixnum(0), NIL), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("type-error"));
}
/* An exit over many frames without cleanup: more than one turn's worth. */
static void test_long_exit(void)
{
    struct assembly *u = unit_of_function();
    uint16_t throw_to = asm_global(u, "lona.core/-throw-to"), thrower = asm_global(u, "user/thrower");
    asm_proto(u, "user/thrower", 2, 12, 0, 0);
    uint32_t j = emit(u, OP_JNLTI, 0, 1, 0);
    emit(u, OP_MOVE, 6, 1, 0);
    emit_bc(u, OP_INT, 7, 77);
    emit(u, OP_CALLG, 3, 2, throw_to);
    emit(u, OP_RET, 3, 0, 0);
    asm_patch(u, j, asm_here(u));
    emit(u, OP_SUBI, 6, 0, 1);
    emit(u, OP_MOVE, 7, 1, 0);
    emit(u, OP_CALLG, 3, 2, thrower);
    emit(u, OP_RET, 3, 0, 0);
    asm_end(u);
    machine_define_unit("user/thrower", u);
    value v = CALL(primitive("user/catcher"), from_fixnum(500000));
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(77));
    CHECK(turns > 500000 / REDUCTIONS_PER_TURN + 2 * 500000 / 20000 - 2);
}

/* ---- garbage: a loop that conses, its state in registers ---- */
static void test_collection(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "user/churn", 1, 6, 0, 0);
    emit_bc(u, OP_INT, 1, 0);
    emit(u, OP_VECTOR, 2, 0, 2); /* kept */
    emit_bc(u, OP_SPECIAL, 3, (int64_t)NIL);
    uint32_t top = asm_here(u);
    uint32_t j = emit(u, OP_JNLT, 1, 0, 0);
    emit(u, OP_VECTOR, 4, 0, 2);
    emit(u, OP_CONS, 3, 4, 3);
    emit(u, OP_FIRST, 4, 3, 0);
    emit(u, OP_CONS, 3, 4, 5);
    u->code[u->code_count - 1].c = 3;
    emit(u, OP_NEXT, 3, 3, 0);
    emit(u, OP_NEXT, 3, 3, 0);
    emit(u, OP_ADDI, 1, 1, 1);
    uint32_t l = emit(u, OP_LOOP, 0, 0, 0);
    asm_patch(u, l, top);
    asm_patch(u, j, asm_here(u));
    emit(u, OP_MOVE, 4, 3, 0);
    emit(u, OP_MOVE, 3, 2, 0);
    emit(u, OP_VECTOR, 1, 3, 2);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    long n = turn_reductions == 2 ? 2000 : 3000000;
    value v = CALL(machine_define_unit("user/churn", u), from_fixnum(n));
    CHECK(is_vector(v) && vector_nth(v, 1) == NIL);
    v = is_vector(v) ? vector_nth(v, 0) : NIL;
    CHECK(is_vector(v) && vector_nth(v, 0) == from_fixnum(n) && vector_nth(v, 1) == from_fixnum(0));
}

static void test_literals(void)
{
    struct assembly *u = asm_new();
    uint32_t k = asm_keyword(u, "ns/key"), s = asm_string(u, "text"), d = asm_double(u, 2.5);
    uint32_t m = asm_literal(u, SER_MAP);
    asm_varint(u, 2);
    asm_byte(u, SER_INT), asm_varint(u, 2);
    asm_byte(u, SER_TRUE);
    asm_byte(u, SER_NIL);
    asm_byte(u, SER_VECTOR), asm_varint(u, 1), asm_byte(u, SER_CHAR), asm_varint(u, 0x3bb);
    asm_proto(u, NULL, 0, 6, 0, 0);
    emit_bc(u, OP_LIT, 1, k);
    emit_bc(u, OP_LIT, 2, s);
    emit_bc(u, OP_LIT, 3, d);
    emit_bc(u, OP_LIT, 4, m);
    emit(u, OP_VECTOR, 0, 1, 4);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    value v = machine_call(machine_load(u), NULL, 0);
    CHECK(is_vector(v) && vector_count(v) == 4);
    if (!is_vector(v)) return;
    CHECK_EQ_U64(vector_nth(v, 0), domain_intern_keyword(machine->root, "ns", 2, "key", 3));
    CHECK(is_string(vector_nth(v, 1)) && obj_has(to_obj(vector_nth(v, 1)), OBJ_SHARED));
    CHECK_EQ_U64(vector_nth(v, 2), from_double(2.5));
    CHECK_EQ_U64(map_get(vector_nth(v, 3), from_fixnum(1)), TRUE_);
    CHECK_EQ_U64(vector_nth(map_get(vector_nth(v, 3), NIL), 0), from_char(0x3bb));
}
static void test_refusal(void)
{
    struct assembly *u = asm_new();
    asm_proto(u, NULL, 0, 1, 0, 0);
    emit(u, OP_RET, 5, 0, 0);
    asm_end(u);
    size_t n;
    uint8_t *bytes = asm_finish(u, &n);
    value call = define_caller(1, false);
    CHECK_EQ_U64(CALL(call, primitive("lona.core/-load-unit"), binary_make(proc, bytes, n)), VAL_EXIT);
    CHECK_EQ_U64(exit_type(), keyword("compile-error"));
    free(bytes);
}

static bool verbose;
static void timed(const char *name, void (*test)(void))
{
    double t = now();
    test();
    if (verbose) fprintf(stderr, "%-20s %8.1f ms, %u failed\n", name, (now() - t) * 1e3, check_counts.failed);
}
#define TEST(name) timed(#name, name)

static void test_all(void)
{
    TEST(test_fib);
    TEST(test_operator_errors);
    TEST(test_arities);
    TEST(test_ten_arguments);
    TEST(test_depth);
    TEST(test_closures);
    TEST(test_data_calls);
    TEST(test_apply);
    TEST(test_stand_ins);
    TEST(test_constant_operands);
    TEST(test_loop_tests);
    TEST(test_move2);
    TEST(test_redefinition);
    TEST(test_exits);
    TEST(test_collection);
    TEST(test_literals);
    TEST(test_refusal);
}

int main(int argc, char **argv)
{
    verbose = argc > 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    machine_start();
    test_all();
    TEST(test_operators);
    TEST(test_long_exit);
#if !defined(LONA_ASAN)
    TEST(test_overflow);
    if (argc > 1) {
        value f = define_fib();
        for (int i = 0; i < 10; i++) {
            double t = now();
            CALL(f, from_fixnum(30));
            printf("fib(30): %.1f ms\n", (now() - t) * 1e3);
        }
    }
#endif
    turn_reductions = 2; /* one call, then the next turn */
    test_all();
    collect_each_turn = true;
    test_all();
    machine_end();
    return check_report();
}
