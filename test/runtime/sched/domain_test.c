/* Domains: dispatch tables, budgets, rights, ends. */
#include "test/runtime/sched/fixture.h"

static void cells(struct fixture *f)
{
    CHECK_INT(f, 5, "(do (-def 'u/x 5 nil) (-cell-value 'u/x))");
    CHECK_INT(f, 5,
              "(let* [me (self)] (do (-spawn (fn* ([] (send me (-cell-value 'u/x)))) [] {:domain \"a\"}) "
              "(receive* [m] (take* m))))");
    /* the child's table is apart from the parent's, both ways */
    CHECK_INT(f, 56,
              "(let* [me (self) p (-spawn (fn* ([] (receive* [m] (take* (do (-def 'u/y 1 nil) (send me "
              "(-cell-value 'u/x))))))) [] {:domain \"b\"})]"
              " (do (-def 'u/x 6 nil) (send p 1) (let* [theirs (receive* [m] (take* m))]"
              "  (if (-cell-defined? 'u/y) -1 (+ (* 10 theirs) (-cell-value 'u/x))))))");
    /* a name made by the parent after the child is not the child's */
    CHECK_INT(f, 1,
              "(let* [me (self) p (-spawn (fn* ([] (receive* [m] (take* (send me (if (-cell-defined? "
              "'u/late) 0 1)))))) [] {:domain \"c\"})]"
              " (do (-def 'u/late 6 nil) (send p 1) (receive* [m] (take* m))))");
    /* a grandchild has what its parent had */
    CHECK_INT(
        f, 77,
        "(let* [me (self)] (do (-spawn (fn* ([] (do (-def 'u/x 77 nil)"
        "  (-spawn (fn* ([] (send me (-cell-value 'u/x)))) [] {:domain \"inner\"})))) [] {:domain \"outer\"})"
        " (receive* [m] (take* m))))");
    CHECK_INT(f, 6, "(-cell-value 'u/x)");
}

/* Many domains, many definitions, at random, against a model in C. */
static void cells_random(struct fixture *f)
{
    enum { DOMAINS = 20, NAMES = 300 };
    struct domain *d[DOMAINS] = {f->s->root};
    int model[DOMAINS][NAMES], parent[DOMAINS] = {0};
    unsigned seed = 7, made = 1;
    for (int i = 0; i < NAMES; i++) model[0][i] = -1;
    for (int step = 0; step < 6000; step++) {
        seed = seed * 1103515245 + 12345;
        unsigned r = seed >> 8, which = r % made, name = (r >> 8) % NAMES;
        char text[32];
        snprintf(text, sizeof text, "r/n%u", name);
        if (step % 300 == 299 && made < DOMAINS) {
            struct domain_options o = {.name = NIL, .meta = NIL};
            d[made] = domain_new(f->s, d[which], &o);
            parent[made] = (int)which;
            memcpy(model[made], model[which], sizeof model[0]);
            made++;
        } else if (step % 3 == 0) {
            struct cell *c = domain_cell_named(d[which], text, true);
            CHECK(domain_define(d[which], c, from_fixnum(step), NIL, NIL, 0));
            model[which][name] = step;
        } else {
            struct cell *c = domain_cell_named(d[which], text, false);
            value got = c == NULL ? VAL_UNBOUND : c->content;
            CHECK_EQ_U64(got, model[which][name] < 0 ? VAL_UNBOUND : from_fixnum(model[which][name]));
        }
    }
    for (unsigned i = made - 1; i > 0; i--) domain_kill(f->s, d[i]);
    (void)parent;
}

static void limits(struct fixture *f)
{
    CHECK(is_map(fixture_run(f, "(-spawn first [] {:domain \"x\" :memory-limit 0})")));
    CHECK_KEYWORD(f, "out-of-memory", /* a process in a limited domain that allocates without end */
                  "(let* [pr (-spawn (fn* ([] (loop* [x nil] (recur (cons 1 x))))) [] {:domain \"small\" "
                  ":memory-limit 3000000 :monitor true})]"
                  " (get (nth (receive* [m] (take* m)) 3) :type))");
    CHECK_INT(f, 1, "(do (kill-domain \"small\") 1)");
    CHECK_INT(f, 1, "(if (nil? (first (find-domains {}))) 0 1)");
}

static void rights(struct fixture *f)
{
    /* the sandbox may send to and watch its server, not end it or link to it */
    CHECK_KEYWORD(f, "no-capability",
                  "(let* [me (self)] (do (-spawn (fn* ([s] (let* [pr (-spawn (fn* ([] (exit s :kill))) [] "
                  "{:monitor true})]"
                  " (receive* [m] (take* (send s (get (nth m 3) :type))))))) [me] {:domain \"box\"}) "
                  "(receive* [m] (take* m))))");
    CHECK_KEYWORD(
        f, "no-capability",
        "(let* [me (self)] (do (-spawn (fn* ([s] (let* [pr (-spawn (fn* ([] (link s))) [] {:monitor true})]"
        " (receive* [m] (take* (send s (get (nth m 3) :type))))))) [me] {:domain \"box\"}) (receive* [m] "
        "(take* m))))");
    CHECK_INT(f, 1,
              "(let* [me (self)] (do (-spawn (fn* ([s] (do (monitor s) (send s 1)))) [me] {:domain \"box\"}) "
              "(receive* [m] (take* m))))");
    CHECK_KEYWORD(f, "no-capability",
                  "(get (nth (let* [pr (-spawn (fn* ([] (-spawn first [] {:domain \"in\"}))) [] {:domain "
                  "\"no\" :can-spawn-domains false :monitor true})]"
                  " (receive* [m] (take* m))) 3) :type)");
    CHECK_KEYWORD(
        f, "no-capability",
        "(get (nth (let* [pr (-spawn (fn* ([] (-slurp \"/etc/passwd\"))) [] {:domain \"no\" :monitor true})]"
        " (receive* [m] (take* m))) 3) :type)");
    CHECK_KEYWORD(f, "cannot-cross-domain",
                  "(get (nth (let* [pr (-spawn (fn* ([] (let* [a (-atom 1)] (-spawn (fn* ([] a)) [] {:domain "
                  "\"no\"})))) [] {:monitor true})]"
                  " (receive* [m] (take* m))) 3) :type)");
}

/* A sender to a full queue in another domain waits, and goes on when the receiver takes. */
static void credit(struct fixture *f)
{
    CHECK_INT(
        f, 2000,
        "(let* [me (self) p (-spawn (fn* ([] (receive* [m] (if (= m :go) (take* (loop* [n 0] (if (< n 2000)"
        "   (do (receive* [x] (take* x)) (recur (+ n 1))) (send me n)))) (skip*))))) [] {:domain \"slow\"})"
        " q (-spawn (fn* ([] (loop* [i 0] (if (< i 2000) (do (send p i) (recur (+ i 1))) (send me :sent))))) "
        "[])]"
        " (do (receive* [m] (take* (exit :not-parked)) 30 nil)"
        "  (let* [i (process-info q)] (if (= (get i :status) :waiting) nil (exit :not-waiting)))"
        "  (send p :go) (receive* [m] (take* m)) (receive* [m] (take* m))))");
    /* the receiver dies while senders wait */
    CHECK_KEYWORD(f, "sent",
                  "(let* [me (self) p (-spawn (fn* ([] (receive* [m] (skip*)))) [] {:domain \"slow\"})"
                  " q (-spawn (fn* ([] (loop* [i 0] (if (< i 2000) (do (send p i) (recur (+ i 1))) (send me "
                  ":sent))))) [])]"
                  " (do (sleep 10) (exit p :kill) (receive* [m] (take* m))))");
}

static void looking(struct fixture *f)
{
    CHECK_INT(f, 2,
              "(let* [p (-spawn (fn* ([] (receive* [m] (skip*)))) [])] (do (send p 1) (send p 2) (sleep 1) "
              "(get (process-info p) :message-queue-len)))");
    CHECK_KEYWORD(f, "waiting",
                  "(let* [p (-spawn (fn* ([] (receive* [m] (skip*)))) [])] (do (sleep 1) (get (process-info "
                  "p) :status)))");
    CHECK_KEYWORD(f, "running", "(get (process-info (self)) :status)");
    CHECK_INT(f, 1, "(let* [p (-spawn (fn* ([] nil)) [])] (do (sleep 2) (if (nil? (process-info p)) 1 0)))");
    CHECK_INT(f, 7,
              "(let* [p (-spawn (fn* ([] (receive* [m] (skip*)))) [])] (do (send p 7) (sleep 1) (get (nth "
              "(process-messages p) 0) :msg)))");
    CHECK_KEYWORD(f, "suspended",
                  "(let* [p (-spawn (fn* ([] (loop* [] (recur)))) [])] (do (suspend-process p) (sleep 1) "
                  "(get (process-info p) :status)))");
    CHECK_INT(f, 1, /* suspended: does not run; resumed: runs; killed while suspended: dies */
              "(let* [me (self) p (-spawn (fn* ([] (receive* [m] (take* (do (send me m) (receive* [x] "
              "(skip*))))))) []) r (monitor p)]"
              " (do (sleep 1) (suspend-process p) (send p 1) (receive* [m] (take* (exit :ran)) 5 nil) "
              "(resume-process p)"
              "  (receive* [m] (take* m)) (suspend-process p) (exit p :kill) (receive* [m] (take* 1))))");
    CHECK_KEYWORD(f, "interrupted",
                  "(let* [pr (-spawn (fn* ([] (loop* [] (recur)))) [] {:monitor true})]"
                  " (do (sleep 2) (-interrupt (nth pr 0)) (get (nth (receive* [m] (take* m)) 3) :type)))");
    CHECK_KEYWORD(f, "interrupted",
                  "(let* [pr (-spawn (fn* ([] (sleep 100000))) [] {:monitor true})]"
                  " (do (sleep 2) (-interrupt (nth pr 0)) (get (nth (receive* [m] (take* m)) 3) :type)))");
}

static void ends(struct fixture *f)
{
    fixture_run(f, "(kill-domain \"a\")");
    uint32_t index = 0, n = 0;
    while (domain_next(f->s, &index) != NULL) n++;
    CHECK(n > 3);
    CHECK_INT(
        f, 0, /* all processes of a tree of domains are gone when kill-domain returns */
        "(let* [me (self)] (do (-spawn (fn* f ([d] (do (send me (self)) (if (< 0 d) (-spawn f [(- d 1)] "
        "{:domain \"t\"}) nil) (loop* [] (recur)))))"
        " [5] {:domain \"t\"})"
        " (let* [ps (loop* [i 0 ps nil] (if (< i 6) (recur (+ i 1) (cons (receive* [m] (take* m)) ps)) ps))]"
        "  (do (kill-domain \"t\") (loop* [ps ps n 0] (if ps (recur (next ps) (if (alive? (first ps)) (+ n "
        "1) n)) n))))))");
    fixture_run(f, "(loop* [s (-list-domains) i 0] (if (< i 50) (do (if (nth (-list-domains) 1 nil) "
                   "(kill-domain (get (nth (-list-domains) 1) :name)) nil) (recur s (+ i 1))) nil))");
    index = n = 0;
    while (domain_next(f->s, &index) != NULL) n++;
    CHECK_EQ_U64(n, 1);
}

int main(void)
{
    for (unsigned schedulers = 1; schedulers <= 4; schedulers += 3) {
        struct fixture f;
        fixture_open(&f, schedulers);
        cells(&f);
        cells_random(&f);
        limits(&f);
        rights(&f);
        credit(&f);
        looking(&f);
        ends(&f);
        fixture_close(&f);
    }
    return check_report();
}
