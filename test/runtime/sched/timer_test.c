/* The timer wheel against a plain list, over simulated time from milliseconds to months; the relation set against a model. */
#include "test/runtime/sched/fixture.h"

static uint64_t seed = 88172645463325252ull;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

enum { TIMERS = 3000 };
struct model {
    uint64_t deadline, number;
    bool cancelled, fired;
};

/* Takes in what was delivered: each message's content is the index of its timer. */
static void take_in(struct fixture *f, struct model *m, uint64_t now)
{
    struct message *at = __atomic_exchange_n(&f->p->inbox, NULL, __ATOMIC_SEQ_CST), *next = NULL;
    for (; at != NULL; at = next) {
        next = at->next;
        struct model *t = &m[to_fixnum(at->content)];
        CHECK(!t->fired && !t->cancelled);
        CHECK(t->deadline <= now); /* never early */
        t->fired = true;
        message_free(f->s, f->p->domain, at);
    }
}

static void wheel(struct fixture *f)
{
    static struct model m[TIMERS];
    struct scheduler *s = &f->s->schedulers[0];
    uint64_t start = port_clock_ns(f->port) + 1000000, now = start;
    timers_advance(s, now);
    for (unsigned i = 0; i < TIMERS; i++) {
        uint64_t range = 1ull << (18 + next_random() % 36); /* up to half a year */
        m[i] = (struct model){.deadline = now + next_random() % range, .number = unique_number(s)};
        struct message *message = message_make(f->p, f->p->domain, from_fixnum(i), 0);
        CHECK(message != NULL && timer_send(s, m[i].number, f->p, message, m[i].deadline));
        if (next_random() % 4 == 0) { /* time goes on between settings, in steps of all sizes */
            now += next_random() % (1ull << (18 + next_random() % 30));
            timers_advance(s, now);
            take_in(f, m, now);
        }
        if (next_random() % 5 == 0) {
            struct model *victim = &m[next_random() % (i + 1)];
            bool was_set = timer_send_cancel(s, 0, victim->number) >= 0;
            CHECK(was_set == (!victim->fired && !victim->cancelled));
            if (was_set) victim->cancelled = true;
        }
        for (unsigned k = 0; k <= i && i % 100 == 0; k++) /* at most a tick late */
            CHECK(m[k].fired || m[k].cancelled || m[k].deadline + (1ull << 19) > now);
    }
    now += 1ull << 56;
    timers_advance(s, now);
    take_in(f, m, now);
    for (unsigned i = 0; i < TIMERS; i++) CHECK(m[i].fired != m[i].cancelled);
    CHECK_EQ_U64(timers_next(s), UINT64_MAX);
}

/* The same timer set again and again, also while it is set. */
static void reset(struct fixture *f)
{
    struct scheduler *s = &f->s->schedulers[0];
    static struct timer t[50];
    uint64_t now = port_clock_ns(f->port) + (1ull << 57);
    timers_advance(s, now);
    for (unsigned i = 0; i < 5000; i++) {
        timer_set_wake(s, &t[next_random() % COUNT_OF(t)], f->p, now + next_random() % (1ull << 32));
        if (next_random() % 3 == 0) timer_cancel(f->s, &t[next_random() % COUNT_OF(t)]);
        if (next_random() % 7 == 0) timers_advance(s, now += next_random() % (1ull << 28));
    }
    for (unsigned i = 0; i < COUNT_OF(t); i++) timer_cancel(f->s, &t[i]);
    timers_advance(s, now += 1ull << 40);
    CHECK_EQ_U64(timers_next(s), UINT64_MAX);
}

static void relations(struct fixture *f)
{
    enum { KEYS = 200 };
    struct scheduler *s = &f->s->schedulers[0];
    struct relations r = {0};
    uint64_t model[KEYS][4] = {{0}};
    uint32_t used = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t key = next_random() % KEYS, other = next_random() % 1000 + 1;
        enum relation_kind k = 1 + next_random() % 3;
        if (next_random() % 2 == 0) {
            CHECK(relation_add(s, &r, key * 7919, other, k));
            if (model[key][k] == 0) {
                model[key][k] = other;
                used++;
            }
        } else {
            uint64_t got = 0;
            bool there = relation_remove(&r, key * 7919, k, &got);
            CHECK(there == (model[key][k] != 0));
            if (there) {
                CHECK_EQ_U64(got, model[key][k]);
                model[key][k] = 0;
                used--;
            }
        }
        if (i % 1000 == 0) CHECK_EQ_U64(r.used, used);
    }
    relations_free(s, &r);
}

int main(void)
{
    struct fixture f;
    fixture_open(&f, 1);
    relations(&f);
    wheel(&f);
    reset(&f);
    fixture_close(&f);
    return check_report();
}
