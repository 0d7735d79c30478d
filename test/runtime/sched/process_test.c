/* Processes on one scheduler and on several: messages, links, monitors, names, timers, ends. */
#include "test/runtime/sched/fixture.h"

static uint64_t used_bytes(const struct fixture *f)
{
    return __atomic_load_n(&f->s->root->used_bytes, __ATOMIC_SEQ_CST);
}

static void messages(struct fixture *f)
{
    CHECK_INT(f, 42, "(do (send (self) 42) (receive* [m] (take* m)))");
    CHECK_INT(f, 21, /* order, and selective receive: 2 first, then 1 */
              "(do (send (self) 1) (send (self) 2)"
              " (let* [b (receive* [m] (if (== m 2) (take* m) (skip*))) a (receive* [m] (take* m))] (+ (* b "
              "10) a)))");
    CHECK_INT(f, 7,
              "(let* [me (self) p (-spawn (fn* ([x] (send me (+ x 1)))) [6])] (receive* [m] (take* m)))");
    CHECK_INT(
        f, 10000,
        "(let* [me (self) p (-spawn (fn* echo ([] (receive* [m] (take* (do (send me (+ m 1)) (echo)))))) [])]"
        " (loop* [n 0] (if (< n 10000) (do (send p n) (recur (receive* [m] (take* m)))) n)))");
    CHECK_INT(f, 5000, /* a big queue is kept in order */
              "(do (loop* [i 0] (if (< i 5000) (do (send (self) i) (recur (+ i 1))) nil))"
              " (loop* [i 0] (if (< i 5000) (if (== i (receive* [m] (take* m))) (recur (+ i 1)) -1) i)))");
    CHECK_INT(f, 3, "(do (send (self) [1 2 3]) (nth (receive* [m] (take* m)) 2))");
}

static void timers(struct fixture *f)
{
    CHECK_INT(f, 1, "(receive* [m] (take* 0) 5 1)");
    CHECK_INT(f, 1, "(receive* [m] (take* 0) 0 1)");
    CHECK_INT(f, 9, "(do (send (self) 9) (receive* [m] (take* m) 0 1))");
    CHECK_INT(f, 2, "(do (send (self) 9) (receive* [m] (skip*) 3 2))");
    CHECK_INT(f, 1, "(let* [t (-now-ns)] (do (sleep 20) (if (< (- (-now-ns) t) 20000000) 0 1)))");
    CHECK_INT(f, 5, "(do (send-after 3 (self) 5) (receive* [m] (take* m) 2000 0))");
    CHECK_INT(f, 1, "(let* [r (send-after 5 (self) 5)] (do (cancel-timer r) (receive* [m] (take* m) 20 1)))");
    CHECK_INT(f, 123, /* timers fire in order */
              "(do (send-after 30 (self) 3) (send-after 10 (self) 1) (send-after 20 (self) 2)"
              " (loop* [n 0 v 0] (if (< n 3) (recur (+ n 1) (+ (* v 10) (receive* [m] (take* m)))) v)))");
    CHECK_INT(f, 1, "(let* [r (send-after 0 (self) 1)] (receive* [m] (take* m)))");
    CHECK_INT(f, 0,
              "(let* [r (send-after 1 (self) 1)] (do (receive* [m] (take* m)) (if (cancel-timer r) 1 0)))");
    CHECK_INT(f, 200, /* many sleepers */
              "(let* [me (self)] (do (loop* [i 0] (if (< i 200) (do (-spawn (fn* ([n] (do (sleep (rem n 17)) "
              "(send me n)))) [i])"
              " (recur (+ i 1))) nil)) (loop* [i 0] (if (< i 200) (do (receive* [m] (take* m)) (recur (+ i "
              "1))) i))))");
}

static void ends(struct fixture *f)
{
    CHECK_KEYWORD(f, "normal", ":normal");
    CHECK(fixture_is_keyword(fixture_run(f, "(+ 1 1)"), "normal"));
    /* a link takes the other along, with the reason */
    CHECK(fixture_is_keyword(
        fixture_run(f, "(do (-spawn (fn* ([] (exit :bang))) [] {:link true}) (receive* [m] (skip*)))"),
        "bang"));
    /* a normal end does not */
    CHECK_INT(f, 1, "(do (-spawn (fn* ([] nil)) [] {:link true}) (receive* [m] (skip*) 20 1))");
    /* trapped */
    CHECK_KEYWORD(f, "bang",
                  "(do (trap-exit true) (-spawn (fn* ([] (exit :bang))) [] {:link true}) (nth (receive* [m] "
                  "(take* m)) 2))");
    CHECK_KEYWORD(
        f, "normal",
        "(do (trap-exit true) (-spawn (fn* ([] nil)) [] {:link true}) (nth (receive* [m] (take* m)) 2))");
    /* kill cannot be trapped, and the linked ones hear of :killed */
    CHECK_KEYWORD(
        f, "killed",
        "(let* [p (-spawn (fn* ([] (do (trap-exit true) (receive* [m] (skip*))))) []) r (monitor p)]"
        " (do (sleep 2) (exit p :kill) (nth (receive* [m] (take* m)) 3)))");
    CHECK_KEYWORD(f, "killed", /* a process that never waits */
                  "(let* [p (-spawn (fn* ([] (loop* [] (recur)))) []) r (monitor p)]"
                  " (do (sleep 1) (exit p :kill) (nth (receive* [m] (take* m)) 3)))");
    CHECK_KEYWORD(f, "out", /* exit signal to one that does not trap */
                  "(let* [p (-spawn (fn* ([] (receive* [m] (skip*)))) []) r (monitor p)]"
                  " (do (exit p :out) (nth (receive* [m] (take* m)) 3)))");
    CHECK_INT(f, 1, /* exit with :normal does nothing to another */
              "(let* [p (-spawn (fn* ([] (receive* [m] (skip*)))) []) r (monitor p)] (do (exit p :normal) "
              "(receive* [m] (take* 0) 10 1)))");
    CHECK_KEYWORD(f, "no-process", /* link to the dead, trapped */
                  "(let* [p (-spawn (fn* ([] nil)) [])] (do (trap-exit true) (sleep 5) (link p) (nth "
                  "(receive* [m] (take* m)) 2)))");
    CHECK(fixture_is_keyword(
        fixture_run(f,
                    "(let* [p (-spawn (fn* ([] nil)) [])] (do (sleep 5) (link p) (receive* [m] (skip*))))"),
        "no-process"));
    CHECK_INT(f, 1,
              "(let* [p (-spawn (fn* ([] (receive* [m] (take* (exit :bang))))) [] {:link true})]"
              " (do (unlink p) (send p 1) (receive* [m] (skip*) 10 1)))");
    CHECK_KEYWORD(f, "mine", "(do (exit (self) :mine) (receive* [m] (skip*)))");
    CHECK(is_map(fixture_run(f, "(first 5)"))); /* an error without handler is the reason */
}

static void monitors(struct fixture *f)
{
    CHECK_KEYWORD(
        f, "why",
        "(nth (let* [pr (-spawn (fn* ([] (exit :why))) [] {:monitor true})] (receive* [m] (take* m))) 3)");
    CHECK_KEYWORD(
        f, "down",
        "(nth (let* [pr (-spawn (fn* ([] (exit :why))) [] {:monitor true})] (receive* [m] (take* m))) 0)");
    CHECK_INT(f, 1, /* the ref is the one given */
              "(let* [pr (-spawn (fn* ([] nil)) [] {:monitor true}) m (receive* [m] (take* m))] (if (= (nth "
              "m 1) (nth pr 1)) 1 0))");
    CHECK_KEYWORD(
        f, "no-process",
        "(let* [p (-spawn (fn* ([] nil)) [])] (do (sleep 5) (monitor p) (nth (receive* [m] (take* m)) 3)))");
    CHECK_INT(f, 1,
              "(let* [p (-spawn (fn* ([] (receive* [m] (take* m)))) []) r (monitor p)]"
              " (do (if (demonitor r) nil (exit :bad)) (send p 1) (receive* [m] (take* 0) 10 1)))");
    CHECK_INT(
        f, 2, /* two monitors, two messages */
        "(let* [p (-spawn (fn* ([] (receive* [m] (take* m)))) []) a (monitor p) b (monitor p)]"
        " (do (send p 1) (receive* [m] (take* m)) (receive* [m] (take* m)) (receive* [m] (take* 0) 5 2)))");
    CHECK_INT(f, 1, "(if (demonitor (make-ref)) 0 1)");
}

static void names(struct fixture *f)
{
    CHECK_INT(f, 6, "(do (register 'me (self)) (send 'me 6) (receive* [m] (take* m)))");
    CHECK_INT(f, 1, "(if (nil? (whereis 'me)) 1 0)"); /* gone with its process */
    CHECK_INT(f, 1, "(do (register 'a (self)) (register :b (self)) (if (= (whereis 'a) (whereis :b)) 1 0))");
    CHECK(is_map(fixture_run(f, "(do (register 'a (self)) (register 'a (self)))")));
    CHECK_INT(
        f, 1,
        "(do (register 'a (self)) (unregister 'a) (register 'a (self)) (if (= (whereis 'a) (self)) 1 0))");
    CHECK(is_map(fixture_run(f, "(send 'nobody 1)")));
    CHECK_INT(f, 3,
              "(do (-spawn (fn* ([me] (do (send me (if (= (whereis 'w) (self)) 3 4)) (receive* [m] (take* "
              "m))))) [(self)] {:name 'w})"
              " (let* [x (receive* [m] (take* m))] (do (send 'w 1) x)))");
}

static void refusals(struct fixture *f)
{
    CHECK(is_map(fixture_run(f, "(send 5 1)")));
    CHECK(is_map(fixture_run(f, "(monitor nil)")));
    CHECK(is_map(fixture_run(f, "(-spawn first 5)")));
    CHECK(is_map(fixture_run(f, "(-spawn first [] {:max-heap -1})")));
    CHECK(is_map(fixture_run(f, "(-spawn first [] {:domain 5})")));
    CHECK(is_map(fixture_run(f, "(demonitor 1)")));
    CHECK(is_map(fixture_run(f, "(send-after :a (self) 1)")));
    CHECK_INT(f, 1, "(if (nil? (send (-spawn (fn* ([] nil)) []) nil)) 1 0)");
    /* what is not callable ends the process that calls it, not its parent */
    CHECK_INT(f, 1,
              "(let* [pr (-spawn 5 [] {:monitor true}) m (receive* [m] (take* m))] (if (nth m 3) 1 0))");
}

static uint32_t count_alive(struct fixture *f)
{
    uint32_t index = 0, alive = 0;
    while (process_next(f->s, &index) != NULL) alive++;
    return alive;
}

static void many(struct fixture *f)
{
    uint64_t before = used_bytes(f);
    uint32_t alive_before = count_alive(f);
    CHECK_INT(f, 100000, "(loop* [i 0] (if (< i 100000) (do (-spawn (fn* ([] nil)) []) (recur (+ i 1))) i))");
    CHECK_INT(f, 20000, /* all alive at once, then told to go */
              "(let* [me (self) all (loop* [i 0 ps nil] (if (< i 20000)"
              "  (recur (+ i 1) (cons (-spawn (fn* ([] (receive* [m] (take* (send me m))))) []) ps)) ps))]"
              " (do (loop* [ps all] (if ps (do (send (first ps) 1) (recur (next ps))) nil))"
              "     (loop* [n 0] (if (< n 20000) (recur (+ n (receive* [m] (take* m)))) n))))");
    fixture_run(f, "(sleep 50)"); /* the last ones end */
    uint64_t after = used_bytes(f);
    if (after > before + 65536)
        printf("%llu bytes more are charged than before\n", (unsigned long long)(after - before));
    CHECK(after <= before + 65536);
    CHECK_EQ_U64(count_alive(f), alive_before);
}

/* What a process that waits takes in all, one that never allocated and one that has used its heap. */
static void footprint(struct fixture *f)
{
    uint64_t before = used_bytes(f);
    fixture_run(f, "(let* [w (fn* ([] (receive* [m] (skip*))))] (loop* [i 0] (if (< i 1000) (do (-spawn w "
                   "[]) (recur (+ i 1))) nil)))");
    uint64_t each = (used_bytes(f) - before) / 1000;
    if (each > 600) printf("an idle process takes %llu bytes\n", (unsigned long long)each);
    CHECK(each <= 600);
    before = used_bytes(f);
    fixture_run(f, "(let* [w (fn* ([a] (let* [b [a a]] (receive* [m] (take* b)))))] (loop* [i 0] (if (< i "
                   "1000) (do (-spawn w [i]) (recur (+ i 1))) nil)))");
    each = (used_bytes(f) - before) / 1000;
    if (each > 800) printf("an idle process with a small heap takes %llu bytes\n", (unsigned long long)each);
    CHECK(each <= 800);
}

int main(void)
{
    for (unsigned schedulers = 1; schedulers <= 4; schedulers += 3) {
        struct fixture f;
        fixture_open(&f, schedulers);
        messages(&f);
        timers(&f);
        ends(&f);
        monitors(&f);
        names(&f);
        refusals(&f);
        many(&f);
        footprint(&f);
        fixture_close(&f);
    }
    return check_report();
}
