/* Collection of the shared arena under a running system: definitions come and go, what is in use stays. */
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"
#include "runtime/vm/load.h"
#include "test/runtime/sched/fixture.h"

#if defined(LONA_STRESS) || defined(LONA_ASAN) || defined(LONA_TSAN)
#define ROUNDS 20
#else
#define ROUNDS 100
#endif

/* Run until a whole cycle that began now has ended. */
static bool cycle(struct fixture *f)
{
    for (unsigned n = 0; n < 2; n++) { /* one may be running already */
        uint32_t before = shared_cycles(f->s);
        shared_request(f->s);
        for (unsigned i = 0; i < 2000 && shared_cycles(f->s) == before; i++) fixture_run(f, "(sleep 1)");
        if (shared_cycles(f->s) == before) return false;
    }
    return true;
}

static void redefinitions(struct fixture *f)
{
    char text[400];
    uint64_t settled = 0;
    uint32_t units = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < 30; i++) {
            snprintf(
                text, sizeof text,
                "(-def (quote user/f) (fn* ([x] (+ x %u))) {:doc \"adds %u\"} {:source \"a text of %u\"})", i,
                i, round);
            fixture_run(f, text);
        }
        if (round % 10 == 9) CHECK(cycle(f));
        if (round == 9) settled = arena_used_bytes(f->s), units = unit_index_limit(f->s);
    }
    CHECK_INT(f, 30, "(user/f 1)");
    printf("arena %u KiB then %u KiB, units %u then %u\n", (unsigned)(settled >> 10),
           (unsigned)(arena_used_bytes(f->s) >> 10), units, unit_index_limit(f->s));
    CHECK(arena_used_bytes(f->s) < settled + 100000);
    CHECK(unit_index_limit(f->s) <= units + 50);
}

/* Closures, literals, atoms, messages and timers keep what they refer to. */
static void kept(struct fixture *f)
{
    fixture_run(f, "(-def (quote user/old) (fn* ([x] [x \"literal\" {:a [1 2 3]}])) nil)");
    uint64_t holder = fixture_start(
        f, "(let* [g user/old] (loop* [] (receive* [m] (take* (do (send m (g 5)) (recur))))))", false);
    fixture_run(f, "(-def (quote user/holder) nil nil)");
    fixture_run(f, "(-def (quote user/old) nil nil)");
    fixture_run(f, "(-def (quote user/cell) (-atom {:k [\"in an atom\"]}) nil)");
    fixture_run(f, "(-def (quote user/lazy) [(-atom [1 [2 [3]]])] nil)");
    fixture_start(f, "(let* [v (-cell-value (quote user/cell))] (do (sleep 100000) v))", false);
    for (unsigned n = 0; n < 4; n++) {
        for (unsigned i = 0; i < 200; i++)
            fixture_run(f, "(-def (quote user/junk) [\"a\" \"b\" {:x \"y\"}] nil)");
        CHECK(cycle(f));
        char text[300];
        CHECK_INT(f, 1, "(if (= (-atom-get user/cell) {:k [\"in an atom\"]}) 1 0)");
        CHECK_INT(f, 1, "(if (= (-atom-get (nth user/lazy 0)) [1 [2 [3]]]) 1 0)");
        fixture_run(f, "(-atom-reset! user/cell {:k [\"in an atom\"]})");
        snprintf(text, sizeof text, "(do (send-after 300 (self) user/cell) 0)");
        fixture_run(f, text);
    }
    struct process *p = process_by_id(f->s, holder);
    CHECK(p != NULL);
    /* ask the holder: a process that hands it its own pid */
    CHECK(p != NULL && p->base != NULL);
}

/* Values pass from process to process while cycles run; each receiver drops the source. */
static void flows(struct fixture *f)
{
    CHECK_INT(f, 300,
              "(let* [me (self)"
              "  relay (fn* relay ([to n] (if (== n 0) nil (receive* [m] (take* (do (send to m) (relay to (- "
              "n 1))))))))"
              "  a (-spawn relay [me 300]) b (-spawn relay [a 300])]"
              " (loop* [i 0 good 0] (if (< i 300)"
              "   (let* [u (-compile (list 'quote ['x i \"text\"])) v ((-load-unit u))]"
              "     (do (-def 'user/v v nil) (send b user/v) (-def 'user/v nil nil) (-def 'user/w [i "
              "(-compile 1)] nil)"
              "       (let* [m (receive* [m] (take* m))]"
              "         (recur (+ i 1) (if (= m ['x i \"text\"]) (+ good 1) good)))))"
              "   good)))");
}

/* What is charged to the root domain without the heap of the process that reads and compiles and never collects. */
static uint64_t charged(struct fixture *f)
{
    uint64_t bytes = f->s->root->used_bytes;
    for (const struct heap_chunk *c = f->p->young; c != NULL; c = c->next) bytes -= chunk_bytes(c);
    for (value o = f->p->offheap; o != 0; o = *offheap_next(to_obj(o)))
        if (is_type(o, T_STRING_BLOB) || is_type(o, T_BINARY_BLOB)) {
            struct blob *b = (struct blob *)(uintptr_t)to_obj(o)->p[0];
            bytes -= pool_block_bytes(sizeof *b + b->size_bytes);
        }
    return bytes;
}

/* What processes take they give back: heaps, stacks, messages of all kinds, blobs. */
static void given_back(struct fixture *f)
{
    static const char program[] =
        "(let* [me (self)"
        "  deep (fn* deep ([n] (if (== n 0) [\"leaf\" n] [(deep (- n 1)) n])))"
        "  work (fn* ([i] (let* [v (deep (+ 50 (* 20 i)))]"
        "    (do (send me [i v (-now-ns)]) (send-after 1 me v) (sleep (rem i 3))))))]"
        " (do (loop* [i 0] (if (< i 60) (do (-spawn work [i]) (recur (+ i 1))) nil))"
        "  (loop* [i 0] (if (< i 50) (do (receive* [m] (take* (nth m 0))) (recur (+ i 1))) i))))";
    uint64_t used[4];
    for (unsigned n = 0; n < 4; n++) {
        CHECK(fixture_is_keyword(fixture_run(f, program), "normal"));
        for (unsigned i = 0; i < 30; i++) fixture_run(f, "(sleep 1)");
        used[n] = charged(f);
    }
    CHECK(used[3] <= used[1]); /* a process may be on its way out yet */
    printf("used %u %u %u %u\n", (unsigned)used[0], (unsigned)used[1], (unsigned)used[2], (unsigned)used[3]);
}

int main(void)
{
    for (unsigned schedulers = 1; schedulers <= 2; schedulers++) {
        struct fixture f;
        fixture_open(&f, schedulers);
        redefinitions(&f);
        kept(&f);
        for (unsigned n = 0; n < 10; n++) {
            shared_request(f.s);
            flows(&f);
        }
        given_back(&f);
        fixture_close(&f);
    }
    return check_report();
}
