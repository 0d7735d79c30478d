/* What a debugger can see of a process and do to it.  All of it works on a process that is not inside the interpreter: the
 * caller's own (the frames under the primitive that asks), or one that answers a question between its turns. */
#ifndef RUNTIME_DEBUG_DEBUG_H
#define RUNTIME_DEBUG_DEBUG_H

#include "runtime/sched/scheduler.h"
#include "runtime/vm/frames.h"
#include "spec/limits.h"

/* A frame that is no more: it was replaced by a tail call. */
struct elided {
    const struct arity *arity;  /* that ran in it */
    const struct insn *ip;      /* its call */
    const struct proto *callee; /* NULL: not a function of code */
    const struct insn *back; /* where the frame returned to: tells activations at one place apart, mostly */
    uint64_t place;          /* distance of its base from the bottom */
};

enum stepping { STEPPING_OFF, STEPPING_ANY, STEPPING_NEXT, STEPPING_OUT };

/* What is kept for a process that a debugger has asked about. */
struct process_debug {
    uint8_t stepping; /* enum stepping */
    bool waiting;     /* stepping begins when the stack is back at `depth` */
    uint64_t depth;   /* distance from the bottom of the frame that is stepped through */
    uint64_t count;   /* tail calls recorded; the last ELIDED_FRAMES are in the ring */
    struct elided ring[ELIDED_FRAMES];
};
/* Made on demand; NULL: no memory, p->error is set. */
struct process_debug *debug_of(struct process *p);
static inline struct process_debug *debug_state(const struct process *p)
{
    return process_added(p) == NULL ? NULL : process_added(p)->debug; /* NULL: nothing was asked yet */
}
void debug_release(struct system *s, struct process_debug *d);

/* At most count frames from f on (a frame as frame_top() or frame_next() left it), newest first, as a vector of maps in p's
 * heap:
 *   :id        place of the frame in the stack, for the primitives that change frames
 *   :function  name: a symbol or string; fn for a function without; nil for a top-level form
 *   :closure   the function itself
 *   :args      vector of the fixed parameters (and the rest list); a cleared one is the keyword :lona.debug/cleared
 *   :locals    {symbol value} of the names in scope, parameters included, inner ones hiding outer ones
 *   :cleared   #{symbol ...} names in scope whose value is no longer needed and was given up
 *   :line :column :start :end :file :source   of the expression that runs, nil where not known
 *   :failed    true if the instruction failed and a handler runs on top of it
 *   :elided    true for a frame that was replaced by a tail call (recorded while PROC_DEBUGGED is set): only :function and
 *              where it stood are known of it; it has no :id
 * Without values, :closure, :args, :locals and :cleared are empty.  f is moved behind the last one.  Cost: O(count * locals). */
value debug_frames(struct process *p, struct frame *f, uint32_t count, bool values);

#endif
