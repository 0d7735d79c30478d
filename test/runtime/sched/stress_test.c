/* Several schedulers, everything at once: what is counted must come out exactly, and nothing may be left.  Meant to be run
 * under the thread sanitizer, too (V=tsan). */
#include "test/runtime/sched/fixture.h"

#if defined(LONA_TSAN) || defined(LONA_ASAN)
#define SCALE 1
#else
#define SCALE 5
#endif

static void settle(struct fixture *f)
{
    fixture_run(f, "(sleep 60)");
}

static uint32_t alive(struct fixture *f)
{
    uint32_t index = 0, n = 0;
    while (process_next(f->s, &index) != NULL) n++;
    return n;
}

static void run_scaled(struct fixture *f, const char *what, const char *format, int n)
{
    char text[4000];
    snprintf(text, sizeof text, format, n, n);
    value v = fixture_run(f, text);
    int64_t got = to_fixnum_or(v);
    if (got != n) printf("%s: %lld instead of %d\n", what, (long long)got, n);
    CHECK(got == n);
}

/* Many senders, one receiver: every message arrives, each sender's in order. */
static void fan_in(struct fixture *f)
{
    run_scaled(f, "fan in",
               "(let* [me (self)] (do"
               " (loop* [s 0] (if (< s 20) (do (-spawn (fn* ([id] (loop* [i 0] (if (< i %d) (do (send me [id "
               "i]) (recur (+ i 1))) nil)))) [s]) (recur (+ s 1))) nil))"
               " (loop* [n 0 seen {}] (if (< n (* 20 %d)) (let* [m (receive* [m] (take* m)) id (nth m 0) i "
               "(nth m 1)]"
               "   (if (== i (get seen id 0)) (recur (+ n 1) (assoc seen id (+ i 1))) (exit [:order id i])))"
               "  (-process-exit (quot n 20))))))",
               1000 * SCALE);
}

/* A ring: each message goes round once. */
static void ring(struct fixture *f)
{
    run_scaled(
        f, "ring",
        "(let* [me (self)"
        "  first-one (loop* [i 0 next me] (if (< i 100) (recur (+ i 1) (-spawn (fn* relay ([to] (receive* "
        "[m] (take* (if (= m :stop) (send to :stop)"
        "   (do (send to (+ m 1)) (relay to))))))) [next])) next))]"
        " (do (loop* [k 0] (if (< k %d) (do (send first-one 0) (recur (+ k 1))) nil))"
        "  (let* [sum (loop* [k 0 sum 0] (if (< k %d) (recur (+ k 1) (+ sum (receive* [m] (take* m)))) sum))]"
        "   (do (send first-one :stop) (receive* [m] (take* m)) (-process-exit (quot sum 100))))))",
        200 * SCALE);
}

/* Every monitor fires exactly once, whatever the timing of end, monitor, demonitor and kill. */
static void monitors(struct fixture *f)
{
    run_scaled(
        f, "monitors",
        "(let* [me (self)"
        "  worker (fn* ([i] (if (== 0 (rem i 3)) nil (if (== 1 (rem i 3)) (receive* [m] (take* m)) (sleep "
        "(rem i 4))))))"
        "  n (loop* [i 0 n 0] (if (< i %d)"
        "    (let* [p (-spawn worker [i]) a (monitor p) b (monitor p)]"
        "     (do (if (== 1 (rem i 3)) (if (== 0 (rem i 2)) (exit p :kill) (send p 1)) nil)"
        "      (if (== 0 (rem i 5)) (recur (+ i 1) (+ n (if (demonitor b) 1 2))) (recur (+ i 1) (+ n 2)))))"
        "    n))]"
        " (do (loop* [k 0] (if (< k n) (do (receive* [m] (take* m) 5000 (exit [:missing k n])) (recur (+ k "
        "1))) nil))"
        "  (receive* [m] (take* (exit [:too-many m])) 30 nil) (-process-exit %d)))",
        2000 * SCALE);
}

/* Trees of linked processes fall together. */
static void links(struct fixture *f)
{
    run_scaled(f, "links",
               "(let* [grow (fn* grow ([d] (do (if (< 0 d) (do (-spawn grow [(- d 1)] {:link true}) (-spawn "
               "grow [(- d 1)] {:link true})) nil)"
               "   (receive* [m] (take* (exit m))))))]"
               " (loop* [i 0] (if (< i %d)"
               "   (let* [pr (-spawn grow [4] {:monitor true})]"
               "    (do (if (== 0 (rem i 2)) (sleep 1) nil) (if (== 0 (rem i 3)) (exit (nth pr 0) :boom) "
               "(send (nth pr 0) :boom))"
               "     (receive* [m] (take* (if (= (nth m 3) :boom) nil (exit m)))) (recur (+ i 1))))"
               "   (-process-exit %d))))",
               100 * SCALE);
}

/* Names are taken and given up at the same time; timers are set and cancelled; sends go to the dead. */
static void churn(struct fixture *f)
{
    run_scaled(f, "churn",
               "(let* [me (self) w (fn* ([i] (do (send-after (rem i 3) me :tick)"
               "    (let* [t (send-after 2 me :never)] (let* [left (cancel-timer t)] (send me (if left "
               ":cancelled :late))))"
               "    (receive* [m] (take* nil) (rem i 3) nil) (send me :done))))]"
               " (do (loop* [i 0] (if (< i %d) (let* [p (-spawn w [i])] (do (if (== 0 (rem i 7)) (do (sleep "
               "1) (send p :go)) nil) (recur (+ i 1)))) nil))"
               "  (loop* [k 0 ticks 0 done 0 late 0 never 0] (if (< k (* 3 %1$d)) (let* [m (receive* [m] "
               "(take* m) 5000 (exit [:missing k ticks done late never]))]"
               "     (recur (if (= m :never) k (+ k 1)) (if (= m :tick) (+ ticks 1) ticks) (if (= m :done) "
               "(+ done 1) done)"
               "      (if (= m :late) (+ late 1) late) (if (= m :never) (+ never 1) never)))"
               "   (-process-exit (if (== ticks done) ticks [ticks done late never]))))))",
               1000 * SCALE);
}

/* Domains made, filled and killed while others send to them. */
static void domains(struct fixture *f)
{
    run_scaled(f, "domains",
               "(let* [me (self) victim (fn* v ([d] (do (if (< 0 d) (-spawn v [(- d 1)] {:domain \"sub\"}) "
               "nil) (receive* [m] (take* (v 0))))))"
               "  sender (-spawn (fn* s ([] (receive* [p] (take* (do (loop* [i 0] (if (< i 300) (do (send p "
               "[1 2 i]) (recur (+ i 1))) nil)) (s)))))) [])]"
               " (loop* [i 0] (if (< i %d) (let* [pr (-spawn victim [3] {:domain \"v\" :monitor true})]"
               "   (do (send sender (nth pr 0)) (if (== 0 (rem i 2)) (sleep 1) nil) (kill-domain \"v\")"
               "    (receive* [m] (take* (if (= (nth m 3) :domain-killed) nil (if (= (get (nth m 3) :type) "
               ":no-domain) nil (exit m))))) (recur (+ i 1))))"
               "   (do (exit sender :kill) (-process-exit %d)))))",
               100 * SCALE);
    uint32_t index = 0, n = 0;
    settle(f);
    while (domain_next(f->s, &index) != NULL) n++;
    CHECK_EQ_U64(n, 1);
}

/* Questions to processes that run, wait and end; suspension by several at once. */
static void looking(struct fixture *f)
{
    run_scaled(f, "looking",
               "(let* [me (self) busy (-spawn (fn* ([] (loop* [] (recur)))) []) idle (-spawn (fn* ([] "
               "(receive* [m] (skip*)))) [])"
               "  look (fn* ([n] (loop* [i 0] (if (< i n) (do (process-info busy) (process-messages idle) "
               "(suspend-process busy)"
               "     (process-info (-spawn (fn* ([] nil)) [])) (resume-process busy) (send idle i) (recur (+ "
               "i 1))) (send me :done)))))]"
               " (do (-spawn look [%d]) (-spawn look [50]) (-spawn look [50])"
               "  (receive* [m] (take* m)) (receive* [m] (take* m)) (receive* [m] (take* m))"
               "  (let* [s (get (process-info busy) :status)] (do (exit busy :kill) (exit idle :kill) "
               "(-process-exit (if (= s :suspended) s %d))))))",
               50 * SCALE);
}

int main(void)
{
    struct fixture f;
    fixture_open(&f, 4);
    fixture_run(&f, "(-def 'u/warm 1 nil)");
    settle(&f);
    uint64_t charged = f.s->root->used_bytes;
    uint32_t before = alive(&f);
    fan_in(&f);
    ring(&f);
    monitors(&f);
    links(&f);
    churn(&f);
    domains(&f);
    looking(&f);
    settle(&f);
    CHECK_EQ_U64(alive(&f), before);
    uint64_t left =
        f.s->root->used_bytes - heap_held_words(f.p) * 8; /* f.p: what the forms above were compiled in */
    if (left > charged + 65536)
        printf("charged before %llu, after %llu\n", (unsigned long long)charged, (unsigned long long)left);
    CHECK(left <= charged + 65536);
    fixture_close(&f);
    return check_report();
}
