#include "runtime/compiler/compile.h"

#include "loader/bytecode/disasm.h"
#include "loader/bytecode/ops.h"
#include "loader/bytecode/verify.h"
#include "test/runtime/compiler/forms.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

static struct process *p;
static value breakpoints = NIL, entry = NIL;
static char shown[1 << 20];
static size_t shown_size;

static void show(void *context, const char *text, size_t size)
{
    if (shown_size + size >= sizeof shown) return;
    memcpy(shown + shown_size, text, size);
    shown[shown_size += size] = 0;
}

/* In slices of a few steps the unit, or the refusal, must be the same. */
static void check_slices(value form, const struct compile_options *o, value unit)
{
    static unsigned turn;
#if defined(LONA_ASAN)
    if (turn++ % 16) return; /* pages are dear there */
#endif
    char error[256];
    memcpy(error, stub_error, sizeof error);
    size_t unit_size = 0;
    if (unit != VAL_ERROR) binary_bytes(unit, &unit_size);
    int64_t slice = (unit_size > 50000 ? 2000 : 1) + turn++ % 7, steps;
    struct compiler *c = compile_start(p, form, o);
    value again = VAL_YIELD;
    unsigned turns = 0;
    for (; again == VAL_YIELD; turns++) {
        steps = slice;
        again = compile_continue(c, &steps);
    }
    size_t size, size_again;
    if (unit == VAL_ERROR) {
        CHECK(again == VAL_ERROR);
        CHECK(strcmp(error, stub_error) == 0);
        return;
    }
    CHECK(turns > 1 && again != VAL_ERROR);
    const uint8_t *bytes = binary_bytes(unit, &size), *bytes_again = binary_bytes(again, &size_again);
    CHECK(size == size_again && memcmp(bytes, bytes_again, size) == 0);
}

/* The unit of a form; every unit that the compiler yields must pass the verifier. */
static value compile_value(value form, bool debug)
{
    struct compile_options o = {NIL, NIL, NIL, symbol_c(p, NULL, "user"), breakpoints, entry, debug};
    value unit = compile_form(p, form, &o);
    check_slices(form, &o, unit);
    if (unit == VAL_ERROR) return unit;
    size_t size;
    struct verify_error e = {0};
    const uint8_t *bytes = binary_bytes(unit, &size);
    bool good = bytecode_verify(bytes, size, &e);
    CHECK(good);
    if (!good) printf("  %s at %u, proto %u insn %u\n", e.rule, e.offset, e.proto, e.insn);
    return unit;
}
static value compile_text(const char *text)
{
    value unit = compile_value(read_text(p, text), false);
    if (unit == VAL_ERROR) {
        printf("  does not compile (%s): %.200s\n", stub_error, text);
        CHECK(false);
    }
    return unit;
}

static bool same_words(const char *a, const char *b)
{
    for (;;) {
        while (isspace((unsigned char)*a)) a++;
        while (isspace((unsigned char)*b)) b++;
        if (!*a || !*b) return *a == *b;
        while (*a && !isspace((unsigned char)*a))
            if (*a++ != *b++) return false;
        if (*b && !isspace((unsigned char)*b)) return false;
    }
}

/* The code of prototype 1 and those behind it (or of 0, if there is no other), with live sets. */
static void check_code(int line, const char *text, const char *expected)
{
    size_t size;
    value unit = compile_text(text);
    if (unit == VAL_ERROR) return;
    const uint8_t *bytes = binary_bytes(unit, &size);
    shown_size = 0;
    bytecode_disassemble(bytes, size, show, NULL);
    const char *from = strstr(shown, "\nproto 1");
    if (!from) from = shown;
    bool same = same_words(from, expected);
    CHECK(same);
    if (!same) printf("line %d: %s\nis\n%s\nwanted\n%s\n", line, text, from, expected);
}
#define CODE(text, expected) check_code(__LINE__, text, expected)

static void check_fails(int line, const char *text, const char *message_part)
{
    stub_error[0] = 0;
    value unit = compile_value(read_text(p, text), false);
    bool failed = unit == VAL_ERROR;
    CHECK(failed);
    if (!failed) printf("line %d: compiles, and should not: %.200s\n", line, text);
    (void)message_part;
}
#define FAILS(text) check_fails(__LINE__, text, "")

static void test_calls(void)
{
    CODE("(fn* fib ([n] (if (lona.core/< n 2) n (lona.core/+ (user/fib (lona.core/- n 1)) (user/fib "
         "(lona.core/- n 2))))))",
         "proto 1 fib, 1 parameter, 6 registers, 0 captures\n"
         "0 jnlti r0 2 -> 2 ; r0\n"
         "1 ret r0 ; r0\n"
         "2 subi r4 r0 1 ; r0\n"
         "3 callg r1 1 user/fib ; r0 r4\n"
         "4 subi r5 r0 2 ; r0 r1\n"
         "5 callg r2 1 user/fib ; r1 r5\n"
         "6 add r1 r1 r2 ; r1 r2\n"
         "7 ret r1 ; r1\n");
    CODE("(fn* [f x] (f (f x)))", "proto 1, 2 parameters, 9 registers, 0 captures\n"
                                  "0 move r8 r1 ; r0 r1\n"
                                  "1 move r5 r0 ; r0 r8\n"
                                  "2 call r5 1 ; r0 r5 r8\n"
                                  "3 move r2 r0 ; r0 r5\n"
                                  "4 tail r2 1 ; r2 r5\n");
    /* the value of a let* arrives where the call wants it: no moves but those of arguments */
    CODE("(fn* [a] (g (let* [x (f a)] (if x x (h a)))))", "proto 1, 1 parameter, 8 registers, 0 captures\n"
                                                          "0 move r7 r0 ; r0\n"
                                                          "1 callg r4 1 user/f ; r0 r7\n"
                                                          "2 jt r4 -> 5 ; r0 r4\n"
                                                          "3 move r7 r0 ; r0\n"
                                                          "4 callg r4 1 user/h ; r7\n"
                                                          "5 tailg r1 1 user/g ; r4\n");
    CODE("(fn* self [x] (self x x))", "proto 1 self, 1 parameter, 6 registers, 0 captures\n"
                                      "0 move2 r4 r5 r0 r0 ; r0\n"
                                      "1 self r1 ; r4 r5\n"
                                      "2 tail r1 2 ; r1 r4 r5\n");
}

static void test_tests(void)
{
    CODE("(fn* [a b] (if (lona.core/< a b) 1 2))", "proto 1, 2 parameters, 3 registers, 0 captures\n"
                                                   "0 jnlt r0 r1 -> 3 ; r0 r1\n"
                                                   "1 int r2 1\n"
                                                   "2 ret r2 ; r2\n"
                                                   "3 int r2 2\n"
                                                   "4 ret r2 ; r2\n");
    /* or, and: jumps only */
    CODE("(fn* [a b c] (if (let* [x (lona.core/nil? a)] (if x x (let* [y b] (if y (lona.core/== c 3) y)))) a "
         "b))",
         "proto 1, 3 parameters, 4 registers, 0 captures\n"
         "0 isnil r3 r0 ; r0 r1 r2\n"
         "1 jt r3 -> 4 ; r0 r1 r2 r3\n"
         "2 jf r1 -> 5 ; r0 r1 r2\n"
         "3 jnnumeqi r2 3 -> 5 ; r0 r1 r2\n"
         "4 ret r0 ; r0\n"
         "5 ret r1 ; r1\n");
    CODE("(fn* [a] (if (lona.core/nil? a) 1 (if (lona.core/not a) 2)))",
         "proto 1, 1 parameter, 2 registers, 0 captures\n"
         "0 jnnil r0 -> 3 ; r0\n"
         "1 int r1 1\n"
         "2 ret r1 ; r1\n"
         "3 jnnot r0 -> 6 ; r0\n"
         "4 int r1 2\n"
         "5 ret r1 ; r1\n"
         "6 special r1 nil\n"
         "7 ret r1 ; r1\n");
    CODE("(fn* [a] (if :else (f a) (g a)))", "proto 1, 1 parameter, 5 registers, 0 captures\n"
                                             "0 move r4 r0 ; r0\n"
                                             "1 tailg r1 1 user/f ; r4\n");
    /* a comparison that is to jump when it holds needs a second jump: NaN */
    CODE("(fn* [a b] (if (if (lona.core/< a b) nil true) 1 2))",
         "proto 1, 2 parameters, 3 registers, 0 captures\n"
         "0 jnlt r0 r1 -> 2 ; r0 r1\n"
         "1 jmp -> 4\n"
         "2 int r2 1\n"
         "3 ret r2 ; r2\n"
         "4 int r2 2\n"
         "5 ret r2 ; r2\n");
    CODE("(fn* [a] (do (if a (f)) a))", "proto 1, 1 parameter, 4 registers, 0 captures\n"
                                        "0 jf r0 -> 2 ; r0\n"
                                        "1 callg r1 0 user/f ; r0\n"
                                        "2 ret r0 ; r0\n");
}

static void test_loops(void)
{
    CODE("(fn* [n] (loop* [i 0 acc 1] (if (lona.core/< i n) (recur (lona.core/+ i 1) (lona.core/* acc i)) "
         "acc)))",
         "proto 1, 1 parameter, 4 registers, 0 captures\n"
         "0 int r1 0 ; r0\n"
         "1 int r2 1 ; r0 r1\n"
         "2 jnlt r1 r0 -> 8 ; r0 r1 r2\n"
         "3 addi r3 r1 1 ; r0 r1 r2\n"
         "4 mul r2 r2 r1 ; r0 r1 r2 r3\n"
         "5 move r1 r3 ; r0 r2 r3\n"
         "6 looplt r1 r0 -> 3 ; r0 r1 r2\n"
         "7 jmp -> 8 ; r2\n"
         "8 ret r2 ; r2\n");
    /* the way out may lie before the way round */
    CODE("(fn* [n x] (if (lona.core/= n 0) x (recur (lona.core/- n 1) (f x))))",
         "proto 1, 2 parameters, 5 registers, 0 captures\n"
         "0 jneqi r0 0 -> 2 ; r0 r1\n"
         "1 ret r1 ; r1\n"
         "2 subi r0 r0 1 ; r0 r1\n"
         "3 move r4 r1 ; r0 r1\n"
         "4 callg r1 1 user/f ; r0 r4\n"
         "5 loopneqi r0 0 -> 2 ; r0 r1\n"
         "6 loop -> 1 ; r1\n");
    /* a swap is one instruction, a longer cycle needs a temporary */
    CODE("(fn* [a b] (if a (recur b a) b))", "proto 1, 2 parameters, 2 registers, 0 captures\n"
                                             "0 jf r0 -> 4 ; r0 r1\n"
                                             "1 move2 r0 r1 r1 r0 ; r0 r1\n"
                                             "2 loopt r0 -> 1 ; r0 r1\n"
                                             "3 jmp -> 4 ; r1\n"
                                             "4 ret r1 ; r1\n");
    CODE("(fn* [a b d] (recur b d a))", "proto 1, 3 parameters, 4 registers, 0 captures\n"
                                        "0 move r3 r0 ; r0 r1 r2\n"
                                        "1 move r0 r1 ; r1 r2 r3\n"
                                        "2 move2 r1 r2 r2 r3 ; r0 r2 r3\n"
                                        "3 loop -> 0 ; r0 r1 r2\n");
    CODE("(fn* ([x & more] (recur more x)))", "proto 1, 1 parameter and more, 2 registers, 0 captures\n"
                                              "0 move2 r0 r1 r1 r0 ; r0 r1\n"
                                              "1 loop -> 0 ; r0 r1\n");
    /* y is another name of x: it may not see the new x */
    CODE("(fn* [x] (let* [y x] (recur (f y))))", "proto 1, 1 parameter, 4 registers, 0 captures\n"
                                                 "0 move r3 r0 ; r0\n"
                                                 "1 callg r0 1 user/f ; r3\n"
                                                 "2 loop -> 0 ; r0\n");
    CODE("(fn* [x z] (let* [y x] (recur (f y) [y])))", "proto 1, 2 parameters, 6 registers, 0 captures\n"
                                                       "0 move r5 r0 ; r0\n"
                                                       "1 callg r2 1 user/f ; r0 r5\n"
                                                       "2 move r3 r0 ; r0 r2\n"
                                                       "3 vector r1 r3 1 ; r2 r3\n"
                                                       "4 move r0 r2 ; r2\n"
                                                       "5 loop -> 0 ; r0\n");
}

static void test_closures(void)
{
    CODE("(fn* [x] (let* [k 7] (fn* [y] [x y k])))", "proto 1, 1 parameter, 3 registers, 0 captures\n"
                                                     "0 move r2 r0 ; r0\n"
                                                     "1 closure r1 proto 2 1 ; r2\n"
                                                     "2 ret r1 ; r1\n"
                                                     "proto 2, 1 parameter, 4 registers, 1 capture\n"
                                                     "0 upval r1 0 ; r0\n"
                                                     "1 move r2 r0 ; r0 r1\n"
                                                     "2 int r3 7 ; r1 r2\n"
                                                     "3 vector r1 r1 3 ; r1 r2 r3\n"
                                                     "4 ret r1 ; r1\n");
    /* functions of one letfn* share what they capture, and make each other from it */
    CODE("(fn* [k] (letfn* [e (fn* [x] (o x)) o (fn* [x] (if x k (e o)))] e))",
         "proto 1, 1 parameter, 4 registers, 0 captures\n"
         "0 move r2 r0 ; r0\n"
         "1 closure r1 proto 2 1 ; r0 r2\n"
         "2 move r3 r0 ; r0 r1\n"
         "3 closure r2 proto 3 1 ; r1 r3\n"
         "4 ret r1 ; r1\n"
         "proto 2, 1 parameter, 5 registers, 1 capture\n"
         "0 upval r2 0 ; r0\n"
         "1 closure r1 proto 3 1 ; r0 r2\n"
         "2 move r4 r0 ; r0 r1\n"
         "3 tail r1 1 ; r1 r4\n"
         "proto 3, 1 parameter, 5 registers, 1 capture\n"
         "0 jf r0 -> 3 ; r0\n"
         "1 upval r1 0\n"
         "2 ret r1 ; r1\n"
         "3 upval r2 0\n"
         "4 closure r1 proto 2 1 ; r2\n"
         "5 self r4 ; r1\n"
         "6 tail r1 1 ; r1 r4\n");
    compile_text("(fn* a [] (fn* b [] (fn* c [] [a b c])))");
    compile_text("(letfn* [f (fn* [] (fn* [] (g (fn* [] (f f g))))) g (fn* [x] (letfn* [f (fn* [] (g f))] "
                 "f))] (f g))");
}

static void test_constant_operands(void)
{
    CODE("(fn* [x] [(lona.core/rem x 7) (lona.core/quot x 1000) (lona.core/mod x -3)])",
         "proto 1, 1 parameter, 4 registers, 0 captures\n"
         "0 remi r1 r0 7 ; r0\n"
         "1 quoti r2 r0 1000 ; r0 r1\n"
         "2 modi r3 r0 -3 ; r0 r1 r2\n"
         "3 vector r1 r1 3 ; r1 r2 r3\n"
         "4 ret r1 ; r1\n");
    CODE("(fn* [x] [(lona.core/+ 1 x) (lona.core/- 2 x) (lona.core/* 3 x)])",
         "proto 1, 1 parameter, 4 registers, 0 captures\n"
         "0 iadd r1 1 r0 ; r0\n"
         "1 isub r2 2 r0 ; r0 r1\n"
         "2 imul r3 3 r0 ; r0 r1 r2\n"
         "3 vector r1 r1 3 ; r1 r2 r3\n"
         "4 ret r1 ; r1\n");
    CODE("(fn* [x] (if (lona.core/< x 0.5) (lona.core/* (lona.core/+ x 0.5) 0.5) (lona.core// 0.5 x)))",
         "proto 1, 1 parameter, 2 registers, 0 captures\n"
         "0 jnltl r0 #double \"3fe0000000000000\" -> 4 ; r0\n"
         "1 addl r1 r0 #double \"3fe0000000000000\" ; r0\n"
         "2 mull r1 r1 #double \"3fe0000000000000\" ; r1\n"
         "3 ret r1 ; r1\n"
         "4 ldiv r1 #double \"3fe0000000000000\" r0 ; r0\n"
         "5 ret r1 ; r1\n");
}

static void test_control(void)
{
    CODE("(fn* [f x] (catch* [t] (f t) [v] (g v x)))", "proto 1, 2 parameters, 8 registers, 0 captures\n"
                                                       "0 token r2 ; r0 r1\n"
                                                       "1 move r6 r2 ; r0 r1 r2\n"
                                                       "2 move r3 r0 ; r0 r1 r2 r6\n"
                                                       "3 call r3 1 ; r1 r2 r3 r6\n"
                                                       "4 ret r3 ; r1 r2 r3\n"
                                                       "5 move2 r6 r7 r2 r1 ; r1 r2\n"
                                                       "6 tailg r3 2 user/g ; r6 r7\n"
                                                       "catch 1 .. 4 -> 5 r2\n");
    CODE("(fn* [x] (cleanup* (f) (g x)))", "proto 1, 1 parameter, 7 registers, 0 captures\n"
                                           "0 special r1 nil ; r0\n"
                                           "1 callg r3 0 user/f ; r0 r1\n"
                                           "2 move r1 r3 ; r0 r1 r3\n"
                                           "3 special r2 nil ; r0 r1\n"
                                           "4 move r6 r0 ; r0 r1 r2\n"
                                           "5 callg r3 1 user/g ; r1 r2 r6\n"
                                           "6 jf r2 -> 8 ; r1 r2\n"
                                           "7 reunwind r2 ; r2\n"
                                           "8 ret r1 ; r1\n"
                                           "cleanup 1 .. 3 -> 4 r2\n");
    CODE("(fn* [s] (receive* [m] (if (lona.core/= m 1) (take* (recur m)) (skip*)) s :late))",
         "proto 1, 1 parameter, 2 registers, 0 captures\n"
         "0 recv-start ; r0\n"
         "1 recv-peek r1 -> 7 ; r0\n"
         "2 jneqi r1 1 -> 6 ; r0 r1\n"
         "3 recv-take ; r1\n"
         "4 move r0 r1 ; r1\n"
         "5 loop -> 0 ; r0\n"
         "6 recv-skip -> 1 ; r0\n"
         "7 recv-waitt r0 -> 1 ; r0\n"
         "8 lit r1 :late\n"
         "9 ret r1 ; r1\n");
    CODE("(fn* [a b] (alt* (if a (if b :both (fail*)) (fail*)) (if a :a (fail*)) :none))",
         "proto 1, 2 parameters, 3 registers, 0 captures\n"
         "0 jf r0 -> 4 ; r0 r1\n"
         "1 jf r1 -> 4 ; r0 r1\n"
         "2 lit r2 :both\n"
         "3 ret r2 ; r2\n"
         "4 jf r0 -> 7 ; r0\n"
         "5 lit r2 :a\n"
         "6 ret r2 ; r2\n"
         "7 lit r2 :none\n"
         "8 ret r2 ; r2\n");
    compile_text(
        "(fn* [x] (catch* [t] (cleanup* (catch* [u] (f t u) [v] (g v)) (h t)) [v] (cleanup* (f v) (g x))))");
    compile_text(
        "(fn* [x] [(catch* [t] (f t) [v] v) (cleanup* (f x) (do (g x) (h x))) (receive* [m] (take* m))])");
    compile_text(
        "(fn* [x] (let* [y (f x) z (catch* [t] (f y) [v] [y v])] (do (catch* [t] (f y) [v] [y v]) [y z])))");
    compile_text("(fn* [x] (alt* (let* [y (f x)] (alt* (if y (fail*) 2) (fail*))) 3))");
}

static void test_constants(void)
{
    CODE("[1 (quote a) \"s\" {:k #{nil}} ()]", "proto 0, 0 parameters, 1 register, 0 captures\n"
                                               "0 lit r0 [1 a \"s\" {:k #{nil}} ()]\n"
                                               "1 ret r0 ; r0\n");
    CODE("(quote (a [b 1.5 \\x] {c d}))", "proto 0, 0 parameters, 1 register, 0 captures\n"
                                          "0 lit r0 (a [b #double \"3ff8000000000000\" \\u+120] {c d})\n"
                                          "1 ret r0 ; r0\n");
    CODE("(var user/x)",
         "proto 0, 0 parameters, 1 register, 0 captures\n 0 lit r0 #'user/x\n 1 ret r0 ; r0\n");
    CODE("2147483648",
         "proto 0, 0 parameters, 1 register, 0 captures\n 0 lit r0 2147483648\n 1 ret r0 ; r0\n");
    CODE("-2147483648",
         "proto 0, 0 parameters, 1 register, 0 captures\n 0 int r0 -2147483648\n 1 ret r0 ; r0\n");
    CODE("(fn* [x] (lona.core/- x 32768))", "proto 1, 1 parameter, 2 registers, 0 captures\n"
                                            "0 int r1 32768 ; r0\n"
                                            "1 sub r1 r0 r1 ; r0 r1\n"
                                            "2 ret r1 ; r1\n");
    CODE("(fn* [x] (lona.core/- x -32768))", "proto 1, 1 parameter, 2 registers, 0 captures\n"
                                             "0 subi r1 r0 -32768 ; r0\n"
                                             "1 ret r1 ; r1\n");
    CODE("^{:m 1} [1]",
         "proto 0, 0 parameters, 1 register, 0 captures\n 0 lit r0 ^{:m 1} [1]\n 1 ret r0 ; r0\n");
    CODE("(fn* [x] ^:m [x])", "proto 1, 1 parameter, 6 registers, 0 captures\n"
                              "0 move r4 r0 ; r0\n"
                              "1 vector r4 r4 1 ; r4\n"
                              "2 lit r5 {:m true} ; r4\n"
                              "3 tailg r1 2 lona.core/with-meta ; r4 r5\n");
}

static void test_errors(void)
{
    FAILS("(let* [x] 1)");
    FAILS("(let* [a/b 1] 1)");
    FAILS("(let* (a 1) 1)");
    FAILS("(let* [1 1] 1)");
    FAILS("(if)");
    FAILS("(if 1)");
    FAILS("(if 1 2 3 4)");
    FAILS("(quote)");
    FAILS("(quote a b)");
    FAILS("(fn* [a & b c] 1)");
    FAILS("(fn* [a &] 1)");
    FAILS("(fn* [& &] 1)");
    FAILS("(fn* [& a & b] 1)");
    FAILS("(fn*)");
    FAILS("(fn* 1)");
    FAILS("(fn* ([a] 1) ([b] 2))");
    FAILS("(fn* ([& a] 1) ([& b] 2))");
    FAILS("(fn* ([a b] 1) ([& b] 2))");
    FAILS("(recur)");
    FAILS("(fn* [x] (recur))");
    FAILS("(fn* [x] (f (recur x)))");
    FAILS("(fn* [x] (catch* [t] (recur x) [v] v))");
    FAILS("(fn* [x] (cleanup* (recur x) 1))");
    FAILS("(catch* [t] 1)");
    FAILS("(catch* t 1 [v] 2)");
    FAILS("(catch* [t u] 1 [v] 2)");
    FAILS("(cleanup* 1)");
    FAILS("(take* 1)");
    FAILS("(skip*)");
    FAILS("(fail*)");
    FAILS("(alt*)");
    FAILS("(alt* (f (fail*)) 1)");
    FAILS("(alt* 1 (fail*))");
    FAILS("(receive* [m] m)");
    FAILS("(receive* [m] (if m (take* 1)))");
    FAILS("(receive* [m] (if m (take* 1) 2))");
    FAILS("(receive* [m] (do))");
    FAILS("(receive* [m] (take* 1) 5)");
    FAILS("(receive* [m] (take* (skip*)))");
    FAILS("(alt* (receive* [m] (fail*)) 1)");
    FAILS("(var 1)");
    FAILS("(letfn* [f 1] 2)");
    FAILS("(letfn* [f (g)] 2)");
    CHECK(compile_form(p, symbol_c(p, NULL, "x"),
                       &(struct compile_options){NIL, NIL, NIL, NIL, NIL, NIL, false}) == VAL_ERROR);
    /* what is no datum */
    struct object *box = heap_alloc(p, T_BOX, 0, 1);
    box->p[0] = NIL;
    CHECK(compile_value(from_obj(box), false) == VAL_ERROR);
    CHECK(compile_value(vector_make(p, (value[]){from_obj(box)}, 1), false) == VAL_ERROR);
}

/* ---- limits ---- */
static char *repeat(const char *open, const char *middle, const char *close, int n)
{
    size_t a = strlen(open), b = strlen(middle), c = strlen(close);
    char *s = (char *)malloc((size_t)n * (a + c) + b + 1), *at = s;
    for (int i = 0; i < n; i++, at += a) memcpy(at, open, a);
    memcpy(at, middle, b);
    at += b;
    for (int i = 0; i < n; i++, at += c) memcpy(at, close, c);
    *at = 0;
    return s;
}
static bool compiles(const char *open, const char *middle, const char *close, int n)
{
    char *text = repeat(open, middle, close, n);
    value unit = compile_value(read_text(p, text), false);
    free(text);
    return unit != VAL_ERROR;
}

static bool wide(const char *open, const char *each, int n, const char *close)
{
    size_t size = strlen(open) + strlen(close) + (size_t)n * (strlen(each) + 12) + 1, at;
    char *s = (char *)malloc(size);
    at = (size_t)sprintf(s, "%s", open);
    for (int i = 0; i < n; i++) {
        const char *percent = strchr(each, '%');
        at += percent ? (size_t)sprintf(s + at, each, i, i) : (size_t)sprintf(s + at, "%s", each);
    }
    sprintf(s + at, "%s", close);
    value unit = compile_value(read_text(p, s), false);
    free(s);
    return unit != VAL_ERROR;
}

static void test_limits(void)
{
    CHECK(compiles("(do 1 ", "2", ")", LIMIT_COMPILE_DEPTH - 1));
    CHECK(!compiles("(do 1 ", "2", ")", LIMIT_COMPILE_DEPTH));
    CHECK(stub_error_kind == ERR_TOO_DEEP);
    CHECK(compiles("(if (f) 1 ", "2", ")", LIMIT_COMPILE_DEPTH - 1));
    CHECK(compiles("(if ", "(f)", " 1 2)", LIMIT_COMPILE_DEPTH - 2));
    CHECK(compiles("(fn* [x] ", "x", ")", LIMIT_COMPILE_DEPTH - 1));
    CHECK(compiles("(let* [x (f)] ", "x", ")", 1000));
    CHECK(!compiles("(let* [x (f)] ", "x", ")", 1100)); /* registers */
    CHECK(!compiles("(f ", "x", ")", 1900));
    CHECK(compiles("(f ", "1", ")", 340));
    CHECK(compiles("(quote [", "1", "])", 1) && compiles("[", "1", "]", LIMIT_LITERAL_DEPTH));
    CHECK(!compiles("[", "1", "]", LIMIT_LITERAL_DEPTH + 1));
    CHECK(stub_error_kind == ERR_TOO_DEEP);
    CHECK(compiles("(catch* [t] ", "(f)", " [v] v)", LIMIT_REGION_DEPTH));
    CHECK(!compiles("(catch* [t] ", "(f)", " [v] v)", LIMIT_REGION_DEPTH + 1));
    CHECK(wide("(fn* [", " x%d", 255, "] 1)"));
    CHECK(!wide("(fn* [", " x%d", 256, "] 1)"));
    CHECK(wide("(fn* [", " x%d", 255, " & r] r)"));
    CHECK(wide("(f", " 1", 255, ")"));
    CHECK(wide("(f", " (g)", 256, ")"));
    CHECK(wide("((f)", " (g)", 5000, ")"));
    CHECK(wide("(fn* [x] [", " x", 1000, "])"));
    CHECK(wide("(fn* [x] {", " %d x", 1000, "})"));
    CHECK(wide("(fn* [x] #{x", " [x %d]", 1000, "})"));
    CHECK(wide("(do", " (f %d)", 50000, ")"));
    /* tests that jump farther than 16 bits reach */
    CHECK(wide("(fn* [x] (if (lona.core/< x 1) (do", " (f %d)", 20000, ") 2))"));
    CHECK(wide("(loop* [x 0] (if (lona.core/< x 1) (recur (do", " (f %d)", 40000, ")) 2))"));
    CHECK(wide("[", " (fn* [] %d)", 5000, "]"));
    CHECK(!wide("[", " (fn* [] %d)", 70000, "]"));
    CHECK(wide("[", " (user/f%d)", 70000, "]")); /* globals beyond 16 bits */
    /* many captures */
    char *text = (char *)malloc(1 << 20);
    for (int n = 900; n <= 1100; n += 200) {
        size_t at = (size_t)sprintf(text, "(fn* [");
        for (int i = 0; i < 250; i++) at += (size_t)sprintf(text + at, "a%d ", i);
        at += (size_t)sprintf(text + at, "] (fn* [] (let* [");
        for (int i = 0; i < n - 250; i++) at += (size_t)sprintf(text + at, "b%d (f) ", i);
        at += (size_t)sprintf(text + at, "] (fn* [] [");
        for (int i = 0; i < 250; i++) at += (size_t)sprintf(text + at, "a%d ", i);
        for (int i = 0; i < n - 250; i++) at += (size_t)sprintf(text + at, "b%d ", i);
        sprintf(text + at, "]))))");
        bool fits = compile_value(read_text(p, text), false) != VAL_ERROR;
        CHECK(fits == false); /* locals and captures side by side exceed the frame */
    }
    free(text);
}

static void test_determinism(void)
{
    const char *text =
        "(fn* f ([a] (let* [x (g a)] [x 'sym :k {:a x :b [1 2]}])) ([a & b] (f a (fn* [] b))))";
    size_t n1, n2;
    const uint8_t *a = binary_bytes(compile_text(text), &n1);
    value noise = read_text(p, "(some other (symbols :and keywords))");
    const uint8_t *b = binary_bytes(compile_text(text), &n2);
    CHECK(noise != NIL && n1 == n2 && memcmp(a, b, n1) == 0);
    /* names made by macros leave no trace */
    a = binary_bytes(compile_text("(fn* [x__1__auto__] (let* [G__2 (f x__1__auto__)] [G__2 G__2]))"), &n1);
    b = binary_bytes(compile_text("(fn* [x__77__auto__] (let* [G__88 (f x__77__auto__)] [G__88 G__88]))"),
                     &n2);
    CHECK(n1 == n2 && memcmp(a, b, n1) == 0);
    a = binary_bytes(compile_text("(fn* [x__y] x__y)"), &n1);
    b = binary_bytes(compile_text("(fn* [x__z] x__z)"), &n2);
    CHECK(n1 == n2 && memcmp(a, b, n1) != 0);
}

/* :debug keeps every local to the end of its scope. */
static void test_debug(void)
{
    value unit = compile_value(read_text(p, "(fn* [a] (let* [b (f a) c 5] (do (g b) (h))))"), true);
    size_t size;
    const uint8_t *bytes = binary_bytes(unit, &size);
    shown_size = 0;
    bytecode_disassemble(bytes, size, show, NULL);
    CHECK(same_words(strstr(shown, "\nproto 1"),
                     "proto 1, 1 parameter, 7 registers, 0 captures, keeps locals\n"
                     "0 move r4 r0 ; r0\n"
                     "1 callg r1 1 user/f ; r0 r4\n"
                     "2 int r2 5 ; r0 r1\n"
                     "3 move r6 r1 ; r0 r1 r2\n"
                     "4 callg r3 1 user/g ; r0 r1 r2 r6\n"
                     "5 tailg r3 0 user/h ; r0 r1 r2\n"));
}

static void test_breakpoints(void)
{
    value lines[] = {from_fixnum(2), from_fixnum(7), from_fixnum(3), from_fixnum(8)};
    breakpoints = map_make(p, lines, 2);
    entry = from_fixnum(5);
    CODE("(fn* [a]\n (if (f a) (g)\n (recur (h a (h a a)))))",
         "proto 1, 1 parameter, 9 registers, 0 captures\n"
         "0 break 5 ; r0\n"
         "1 break 7 ; r0\n"
         "2 move r4 r0 ; r0\n"
         "3 callg r1 1 user/f ; r0 r4\n"
         "4 jf r1 -> 6 ; r0 r1\n"
         "5 tailg r1 0 user/g\n"
         "6 break 8 ; r0\n"
         "7 move r3 r0 ; r0\n"
         "8 move2 r7 r8 r0 r0 ; r0 r3\n"
         "9 callg r4 2 user/h ; r3 r7 r8\n"
         "10 callg r0 2 user/h ; r3 r4\n"
         "11 loop -> 1 ; r0\n");
    breakpoints = map_make(p, lines, 1);
    CODE("(fn* [n]\n (if (lona.core/= n 0) 1\n (recur (f n))))",
         "proto 1, 1 parameter, 4 registers, 0 captures\n"
         "0 break 5 ; r0\n"
         "1 break 7 ; r0\n"
         "2 jneqi r0 0 -> 5 ; r0\n"
         "3 int r1 1\n"
         "4 ret r1 ; r1\n"
         "5 move r3 r0 ; r0\n"
         "6 callg r0 1 user/f ; r3\n"
         "7 loop -> 1 ; r0\n"); /* the breakpoint of the test's line is met each time */
    breakpoints = entry = NIL;
}

/* Random core forms: whatever compiles must verify. */
static uint64_t seed = 88172645463325252ull;
static unsigned rnd(unsigned n)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed % n);
}
struct gen {
    char text[1 << 16];
    size_t size;
};
static void out(struct gen *g, const char *s)
{
    size_t n = strlen(s);
    if (g->size + n + 1 >= sizeof g->text) return;
    memcpy(g->text + g->size, s, n + 1);
    g->size += n;
}
struct where {
    int depth, vars, loop_vars; /* loop_vars < 0: no recur here */
    bool fail, select;
};
static void random_form(struct gen *g, struct where w);
static void random_plain(struct gen *g, struct where w)
{
    w.loop_vars = -1;
    w.fail = w.select = false;
    random_form(g, w);
}
static void random_var(struct gen *g, struct where w)
{
    char name[16];
    sprintf(name, " v%u ", rnd((unsigned)w.vars + 1));
    out(g, w.vars == 0 ? " 1 " : name);
}
static void random_bindings(struct gen *g, struct where *w, int n)
{
    struct where inner = *w;
    out(g, "[");
    for (int i = 0; i < n; i++) {
        char name[16];
        unsigned v = rnd(4) ? (unsigned)inner.vars + 1 : rnd((unsigned)inner.vars + 1);
        sprintf(name, "v%u ", v);
        out(g, name);
        random_plain(g, inner);
        if (v > (unsigned)inner.vars) inner.vars++;
    }
    out(g, "]");
    w->vars = inner.vars;
}
static void random_fn(struct gen *g, struct where w)
{
    static const char *const params[] = {"[]", "[v0]", "[v0 v1]", "[v0 & v1]", "[& v0]"};
    static const int counts[] = {0, 1, 2, 2, 1};
    unsigned k = rnd(5);
    struct where inner = {w.depth, w.vars > counts[k] ? w.vars : counts[k], counts[k], false, false};
    out(g, rnd(2) ? "(fn* " : "(fn* v0 ");
    out(g, params[k]);
    random_form(g, inner);
    out(g, ")");
}
static void random_select(struct gen *g, struct where w)
{
    w.depth--;
    switch (w.depth > 0 ? rnd(6) : rnd(2)) {
    case 0: out(g, "(skip*)"); return;
    case 1:
        out(g, "(take* ");
        w.select = w.fail = false;
        random_form(g, w);
        out(g, ")");
        return;
    case 2:
    case 3:
        out(g, "(if ");
        random_plain(g, w);
        random_select(g, w);
        random_select(g, w);
        out(g, ")");
        return;
    case 4:
        out(g, "(let* ");
        random_bindings(g, &w, 1 + (int)rnd(2));
        random_select(g, w);
        out(g, ")");
        return;
    default:
        out(g, "(alt* ");
        {
            struct where inner = w;
            inner.fail = true;
            out(g, "(if ");
            random_plain(g, w);
            random_select(g, inner);
            out(g, "(fail*))");
        }
        random_select(g, w);
        out(g, ")");
    }
}
static void random_form(struct gen *g, struct where w)
{
    static const char *const ops[] = {
        "+", "-", "*", "<", "<=", ">", ">=", "==", "=", "identical?", "cons", "nth", "get"};
    static const char *const unary[] = {"not", "nil?", "first", "next", "rest", "inc", "dec"};
    w.depth--;
    if (w.depth <= 0) {
        static const char *const leaves[] = {" 1 ",      " nil ",   " true ",   " :k ",
                                             " 100000 ", " \"s\" ", " user/g ", " 2.5 "};
        if (w.fail && rnd(4) == 0)
            out(g, "(fail*)");
        else if (rnd(2))
            random_var(g, w);
        else
            out(g, leaves[rnd(8)]);
        return;
    }
    switch (rnd(20)) {
    case 0:
    case 1:
    case 2:
        out(g, "(if ");
        random_plain(g, w);
        random_form(g, w);
        random_form(g, w);
        out(g, ")");
        return;
    case 3:
    case 4:
        out(g, "(let* ");
        random_bindings(g, &w, (int)rnd(4));
        if (rnd(2)) random_plain(g, w);
        random_form(g, w);
        out(g, ")");
        return;
    case 5: {
        int n = (int)rnd(3);
        out(g, "(loop* ");
        random_bindings(g, &w, n);
        w.loop_vars = n;
        w.fail = false;
        random_form(g, w);
        out(g, ")");
        return;
    }
    case 6:
    case 7:
        if (w.loop_vars < 0) break;
        out(g, "(recur ");
        for (int i = 0; i < w.loop_vars; i++) random_plain(g, w);
        out(g, ")");
        return;
    case 8: random_fn(g, w); return;
    case 9:
        out(g, "(catch* [v0] ");
        if (w.vars == 0) w.vars = 1;
        random_plain(g, w);
        out(g, "[v0]");
        random_form(g, w);
        out(g, ")");
        return;
    case 10:
        out(g, "(cleanup* ");
        random_plain(g, w);
        random_plain(g, w);
        out(g, ")");
        return;
    case 11: {
        struct where inner = w;
        out(g, "(receive* [v0]");
        if (inner.vars == 0) inner.vars = 1;
        inner.fail = false;
        random_select(g, inner);
        if (rnd(2)) {
            random_plain(g, w);
            random_form(g, w);
        }
        out(g, ")");
        return;
    }
    case 12: {
        struct where inner = w;
        inner.fail = true;
        out(g, "(alt* ");
        random_form(g, inner);
        if (rnd(2)) random_form(g, inner);
        random_form(g, w);
        out(g, ")");
        return;
    }
    case 13:
        out(g, rnd(2) ? "[" : "(user/f ");
        {
            bool vector = g->text[g->size - 1] == '[';
            for (int n = (int)rnd(vector ? 40 : 5); n > 0; n--)
                random_plain(g, (struct where){w.depth / 2, w.vars, -1, false, false});
            out(g, vector ? "]" : ")");
        }
        return;
    case 14:
        out(g, "(letfn* [v0 ");
        if (w.vars == 0) w.vars = 1;
        random_fn(g, w);
        out(g, " v1 ");
        if (w.vars == 1) w.vars = 2;
        random_fn(g, w);
        out(g, "]");
        random_form(g, w);
        out(g, ")");
        return;
    case 15:
        out(g, "(");
        random_var(g, w);
        random_plain(g, w);
        random_plain(g, w);
        out(g, ")");
        return;
    case 16:
        out(g, "(lona.core/");
        out(g, unary[rnd(7)]);
        out(g, " ");
        random_plain(g, w);
        out(g, ")");
        return;
    default: break;
    }
    out(g, "(lona.core/");
    out(g, ops[rnd(13)]);
    out(g, " ");
    random_plain(g, w);
    if (rnd(3))
        random_plain(g, w);
    else
        out(g, " 7");
    out(g, ")");
}

static void test_random(unsigned rounds)
{
    static struct gen g;
    unsigned compiled = 0;
    for (unsigned i = 0; i < rounds; i++) {
        g.size = 0;
        out(&g, "(fn* [v0 v1] ");
        random_form(&g, (struct where){2 + (int)rnd(7), 1, 2, false, false});
        out(&g, ")");
        if (g.size + 64 > sizeof g.text) continue;
        unsigned before = check_counts.failed;
        value unit = compile_value(read_text(p, g.text), rnd(4) == 0);
        if (unit != VAL_ERROR) compiled++;
        if (unit == VAL_ERROR && compiled + 20 < i) printf("%s: %.300s\n", stub_error, g.text);
        if (check_counts.failed != before) {
            printf("%s\n", g.text);
            return;
        }
    }
    CHECK(compiled > rounds * 9 / 10);
    if (compiled <= rounds * 9 / 10) printf("only %u of %u compiled\n", compiled, rounds);
}

int main(int argc, char **argv)
{
    p = stub_process();
    test_calls();
    test_tests();
    test_loops();
    test_closures();
    test_constant_operands();
    test_control();
    test_constants();
    test_errors();
    test_limits();
    test_determinism();
    test_debug();
    test_breakpoints();
    test_random(argc > 1 ? (unsigned)atoi(argv[1]) : 3000);
    return check_report();
}
