/* Walks the whole state of a kernel and counts what breaks an invariant of kernel/core/state.h. */
#ifndef TEST_KERNEL_INVARIANTS_H
#define TEST_KERNEL_INVARIANTS_H

#include <stdio.h>
#include <stdlib.h>
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"
#include "kernel/core/region.h"
#include "test/kernel/world.h"

static unsigned long broken_count;
#define BROKEN(...)                                                                                          \
    do {                                                                                                     \
        if (broken_count++ < 20) {                                                                           \
            printf("invariant broken (%s:%d): ", __FILE__, __LINE__);                                        \
            printf(__VA_ARGS__);                                                                             \
            printf("\n");                                                                                    \
        }                                                                                                    \
    } while (0)

/* B1, B2, and that what a domain uses is the sum of what it has. */
static inline void check_budgets(struct kernel *k)
{
    static uint64_t carved[CORE_DOMAINS], used[CORE_DOMAINS];
    memset(carved, 0, sizeof(carved));
    memset(used, 0, sizeof(used));
    for (uint32_t d = 0; d < k->kind_high[OBJECT_DOMAIN]; d++) {
        struct domain *p = &k->domain[d];
        if (p->state == DOMAIN_NONE) continue;
        if (p->used + p->carved + p->free != p->limit)
            BROKEN("domain %u: used %lu + carved %lu + free %lu is not limit %lu", d, p->used, p->carved,
                   p->free, p->limit);
        if (p->parent < CORE_DOMAINS) carved[p->parent] += p->limit;
        used[d] +=
            COST_DOMAIN + (uint64_t)p->tables * PAGE_BYTES + (uint64_t)p->capability_count * COST_CAPABILITY;
        uint32_t n = 0;
        for (uint32_t s = p->capabilities; s < CORE_CAPABILITIES; s = k->capability[s].domain_next) n++;
        if (n != p->capability_count)
            BROKEN("domain %u: %u capabilities on its list, %u counted", d, n, p->capability_count);
    }
    for (uint32_t v = 0; v < k->view_high; v++)
        if (k->view[v].region < CORE_REGIONS) used[k->view[v].domain] += k->view[v].charged;
    for (uint32_t id = 0; id < CORE_OBJECTS; id++) {
        if (id >= BASE_CONTEXT && id < BASE_REGION && id - BASE_CONTEXT >= k->kind_high[OBJECT_CONTEXT])
            id = BASE_REGION;
        if (id >= BASE_REGION && id < BASE_GRANT && id - BASE_REGION >= k->kind_high[OBJECT_REGION])
            id = BASE_GRANT;
        if (id >= BASE_GRANT && id < BASE_CHANNEL && id - BASE_GRANT >= k->kind_high[OBJECT_GRANT])
            id = BASE_CHANNEL;
        if (id >= BASE_CHANNEL && id < BASE_SIGNAL && id - BASE_CHANNEL >= k->kind_high[OBJECT_CHANNEL])
            id = BASE_SIGNAL;
        if (id >= BASE_SIGNAL && id < BASE_MACHINE && id - BASE_SIGNAL >= k->kind_high[OBJECT_SIGNAL])
            id = BASE_MACHINE;
        if (id < BASE_CONTEXT && id >= k->kind_high[OBJECT_DOMAIN]) {
            id = BASE_CONTEXT - 1;
            continue;
        }
        struct object *o = &k->object[id];
        if (o->kind == OBJECT_NONE || o->owner >= CORE_DOMAINS) continue;
        uint64_t cost = 0;
        if (id >= BASE_CONTEXT && id < BASE_REGION)
            cost = COST_CONTEXT;
        else if (id >= BASE_REGION && id < BASE_GRANT)
            cost = k->region[id - BASE_REGION].charged;
        else if (id >= BASE_GRANT && id < BASE_CHANNEL)
            cost = COST_GRANT + k->grant[id - BASE_GRANT].bytes;
        else if (id >= BASE_CHANNEL && id < BASE_SIGNAL) {
            struct channel *c = &k->channel[id - BASE_CHANNEL];
            cost = COST_CHANNEL + (uint64_t)c->capacity * COST_MESSAGE;
            uint64_t credit = c->credit_left, flows = 0;
            for (uint32_t f = c->flows; f < CORE_FLOWS; f = k->flow[f].next) {
                flows++;
                credit += k->flow[f].limit;
                if (k->flow[f].used > k->flow[f].limit || k->flow[f].channel != id - BASE_CHANNEL)
                    BROKEN("flow %u of channel %u", f, id - BASE_CHANNEL);
            }
            cost += flows * COST_FLOW;
            uint32_t waiting = 0, spare = 0, own = 0;
            for (uint32_t m = c->head; m < CORE_MESSAGES; m = k->message[m].next) {
                waiting++;
                if (k->message[m].flow >= CORE_FLOWS) own++;
            }
            for (uint32_t m = c->spare; m < CORE_MESSAGES; m = k->message[m].next) spare++;
            if (o->dying == 0 &&
                (waiting != c->waiting || waiting + spare != c->capacity || credit + own != c->capacity))
                BROKEN("channel %u: %u waiting (%u counted), %u spare, credit %lu, capacity %u",
                       id - BASE_CHANNEL, waiting, c->waiting, spare, credit, c->capacity);
        } else if (id >= BASE_SIGNAL)
            cost = COST_SIGNAL;
        used[o->owner] += cost;
    }
    for (uint32_t d = 0; d < k->kind_high[OBJECT_DOMAIN]; d++) {
        if (k->domain[d].state == DOMAIN_NONE) continue;
        if (carved[d] != k->domain[d].carved)
            BROKEN("domain %u: carved %lu, its children have %lu", d, k->domain[d].carved, carved[d]);
        /* the end of a domain gives back its tables before its other things are gone */
        if (used[d] != k->domain[d].used)
            BROKEN("domain %u: %lu in use, it has things for %lu", d, k->domain[d].used, used[d]);
    }
}

/* C1 to C3. */
static inline void check_capabilities(struct kernel *k)
{
    static uint32_t named[CORE_OBJECTS];
    memset(named, 0, sizeof(named));
    uint32_t in_use = 0;
    for (uint32_t s = 1; s < k->capability_high; s++) {
        struct capability *c = &k->capability[s];
        if (c->kind == OBJECT_NONE) continue;
        in_use++;
        if (c->domain >= CORE_DOMAINS || k->domain[c->domain].state == DOMAIN_NONE)
            BROKEN("slot %u: domain %u", s, c->domain);
        if (c->object < CORE_OBJECTS && object_alive(k, c->object, c->life)) named[c->object]++;
        /* neighbours see it */
        uint32_t left = c->prev, right = c->next;
        if (left < CORE_CAPABILITIES &&
            (c->first ? k->capability[left].child : k->capability[left].next) != s)
            BROKEN("slot %u: not seen from the left", s);
        if (right < CORE_CAPABILITIES &&
            (c->end ? k->capability[right].last : k->capability[right].prev) != s)
            BROKEN("slot %u: not seen from the right", s);
        uint32_t count = 0;
        for (uint32_t child = c->child; child < CORE_CAPABILITIES; child = k->capability[child].next) {
            struct capability *x = &k->capability[child];
            if (++count > k->capability_high) {
                BROKEN("slot %u: children in a circle", s);
                break;
            }
            if (x->object != c->object) BROKEN("slot %u: another object than its parent %u", child, s);
#define RIGHT(bit, name, doc)                                                                                \
    if (x->rights.name > c->rights.name) BROKEN("slot %u: right " #name " beyond that of %u", child, s);
#include "spec/rights.def"
#undef RIGHT
            bool ranged = c->kind == OBJECT_PORTS || c->kind == OBJECT_MEMORY ||
                          c->kind == OBJECT_INTERRUPT || c->kind == OBJECT_DMA;
            if (ranged && (x->base < c->base || x->base + x->length > c->base + c->length))
                BROKEN("slot %u: range beyond that of %u", child, s);
            if (x->end) break;
        }
        if (c->view < CORE_VIEWS &&
            (k->view[c->view].capability != s || k->view[c->view].domain != c->domain))
            BROKEN("slot %u: view %u", s, c->view);
    }
    if (in_use != k->capabilities_used && k->capability_high < CORE_CAPABILITIES) {
        uint32_t retired = 0;
        for (uint32_t s = 1; s < k->capability_high; s++)
            retired += k->capability[s].kind == OBJECT_NONE && k->capability[s].generation == GENERATION_LAST;
        if (in_use + retired != k->capabilities_used)
            BROKEN("%u capabilities in use, %u counted", in_use, k->capabilities_used);
    }
    for (uint32_t id = 0; id < BASE_MACHINE; id++)
        if (named[id] != 0 && named[id] != k->object[id].capabilities)
            BROKEN("object %u: named by %u, counted %u", id, named[id], k->object[id].capabilities);
}

/* Regions: state, owner, views; every page that is mapped somewhere belongs there. */
static inline void check_regions(struct kernel *k, struct machine *m)
{
    for (uint32_t r = 0; r < k->kind_high[OBJECT_REGION]; r++) {
        struct object *o = &k->object[BASE_REGION + r];
        struct region *g = &k->region[r];
        if ((o->kind == OBJECT_NONE) != (g->state == REGION_FREE))
            BROKEN("region %u: state %u of a kind %u", r, g->state, o->kind);
        if (o->kind == OBJECT_NONE || o->dying != 0) continue;
        uint32_t views = 0;
        for (uint32_t v = g->views; v < CORE_VIEWS; v = k->view[v].region_next) {
            struct view *x = &k->view[v];
            views++;
            if (x->region != r) BROKEN("view %u of region %u is of %u", v, r, x->region);
            if (k->domain[x->domain].state != DOMAIN_LIVE) continue;
            bool owner = x->domain == o->owner;
            if (g->state == REGION_EXCLUSIVE && !owner)
                BROKEN("region %u is exclusive, domain %u sees it", r, x->domain);
            if ((g->state == REGION_SHARED || (g->state == REGION_STREAM && !owner)) &&
                (x->access & ACCESS_WRITE) != 0)
                BROKEN("region %u: domain %u writes", r, x->domain);
            if ((g->state == REGION_OFFERED || (g->state == REGION_LENT && owner)) &&
                x->access != ACCESS_NONE)
                BROKEN("region %u: domain %u sees it", r, x->domain);
            for (uint64_t p = 0; p < g->pages && p < 64; p++) {
                uint32_t access = 0;
                frame_number seen = hosted_mapping(m, x->domain, g->page + p, &access);
                frame_number there = region_frame(k, r, p);
                if (g->shadowed && x->owner && page_map_get(k, r, MAP_SHADOW, p) != FRAME_NONE)
                    there = page_map_get(k, r, MAP_SHADOW, p);
                else if (g->busy == 0 && x->access != ACCESS_NONE && there != seen)
                    BROKEN("region %u page %lu: frame %x, mapped %x", r, p, there, seen);
                if (x->access == ACCESS_NONE && seen != FRAME_NONE)
                    BROKEN("region %u page %lu: mapped", r, p);
                if (seen != FRAME_NONE && !g->shadowed && (access & 7u & ~(uint32_t)x->access) != 0)
                    BROKEN("region %u page %lu: access %u, view %u", r, p, access, x->access);
            }
        }
        if (views != g->view_count) BROKEN("region %u: %u views, %u counted", r, views, g->view_count);
    }
}

/* No frame is lost or has two uses. */
static inline void check_frames(struct kernel *k, struct machine *m)
{
    static uint8_t *use;
    static uint32_t size;
    uint32_t frames = k->run[0].end;
    if (size < frames) {
        free(use);
        use = calloc(frames, 1);
        size = frames;
    }
    memset(use, 0, frames);
    uint64_t free_frames = k->run[0].end - k->run[0].next, in_maps = 0, tables = 0;
    for (frame_number f = k->frame_first; f != FRAME_NONE; f = (frame_number)arch_frame_read(m, f, 0)) {
        if (f >= frames || use[f]++ != 0) {
            BROKEN("frame %x is free twice", f);
            break;
        }
        free_frames++;
    }
    if (free_frames != k->frames_free) BROKEN("%lu frames free, %u counted", free_frames, k->frames_free);
    for (uint32_t r = 0; r < k->kind_high[OBJECT_REGION]; r++) {
        if (k->object[BASE_REGION + r].kind == OBJECT_NONE || k->region[r].backing != BACKING_FRAMES)
            continue;
        uint64_t here = 0;
        for (uint32_t which = MAP_FRAMES; which <= MAP_SHADOW; which++) {
            uint64_t end =
                which == MAP_TABLES ? k->region[r].pages / PAGES_PER_TABLE + 1 : k->region[r].pages;
            if (page_map_empty(k, r, which)) continue;
            if (end > 1 << 20) end = 1 << 20; /* sparse giants are looked at from both ends */
            for (uint64_t p = 0; p < end; p++) {
                frame_number f = page_map_get(k, r, which, p);
                if (f == FRAME_NONE) continue;
                if (f >= frames || use[f]++ != 0) BROKEN("region %u: frame %x has another use", r, f);
                in_maps++;
                if (which == MAP_FRAMES) here++;
            }
        }
        if (here != k->region[r].committed && k->region[r].pages <= 1 << 20 &&
            k->object[BASE_REGION + r].dying == 0 && k->region[r].busy == 0)
            BROKEN("region %u: %lu pages, %lu counted", r, here, k->region[r].committed);
        if (k->region[r].pages > 1 << 20) in_maps += k->region[r].committed - here;
        if (k->region[r].pages > 1 << 20)
            for (uint64_t t = 0; t < k->region[r].table_count; t++) in_maps += t >= (1 << 20) ? 1 : 0;
    }
    for (uint32_t d = 0; d < CORE_DOMAINS; d++) tables += hosted_tables(m, d);
    uint64_t all = k->run[0].end - k->run[0].first;
    uint64_t seen = free_frames + in_maps + tables + hosted_backed(m);
    if (seen != all)
        BROKEN("%lu frames free, %lu in maps, %lu tables, %lu behind the state: not %lu", free_frames,
               in_maps, tables, hosted_backed(m), all);
}

/* Run queues hold exactly who is ready and may run. */
static inline void check_contexts(struct kernel *k)
{
    for (uint32_t c = 0; c < k->kind_high[OBJECT_CONTEXT]; c++) {
        if (k->object[BASE_CONTEXT + c].kind == OBJECT_NONE) continue;
        struct context *x = &k->context[c];
        bool runs = x->domain < CORE_DOMAINS && k->domain[x->domain].state == DOMAIN_LIVE &&
                    k->domain[x->domain].suspended == 0;
        if (x->queued && (x->state != CONTEXT_READY || !runs))
            BROKEN("context %u is queued in state %u", c, x->state);
        if (x->state == CONTEXT_READY && runs && !x->queued && x->heap == 0)
            BROKEN("context %u is ready and not queued", c);
        if (x->state == CONTEXT_RUNNING && k->cpu[x->cpu].current != c) BROKEN("context %u runs nowhere", c);
    }
    for (uint32_t i = 0; i < k->cpus; i++)
        for (uint32_t b = 0; b < CORE_BANDS; b++) {
            uint32_t last = NONE;
            for (uint32_t c = k->cpu[i].first[b]; c < CORE_CONTEXTS; c = k->context[c].run_next) {
                if (k->context[c].run_prev != last || !k->context[c].queued || k->context[c].cpu != i)
                    BROKEN("queue %u of CPU %u at context %u", b, i, c);
                last = c;
            }
            if (k->cpu[i].first[b] < CORE_CONTEXTS && k->cpu[i].last[b] != last)
                BROKEN("queue %u of CPU %u: end", b, i);
        }
    for (uint32_t i = 1; i < k->heap_size; i++)
        if (k->heap[i].deadline_ns < k->heap[(i - 1) / 2].deadline_ns) BROKEN("heap at %u", i);
}

static inline unsigned long invariants(struct world *w)
{
    broken_count = 0;
    check_budgets(w->k);
    check_capabilities(w->k);
    check_regions(w->k, w->m);
    check_frames(w->k, w->m);
    check_contexts(w->k);
    return broken_count;
}

#endif
