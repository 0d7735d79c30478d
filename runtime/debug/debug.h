/* What a debugger can see of a process and do to it.  All of it works on a process that is not inside the interpreter: the
 * caller's own (the frames under the primitive that asks), or one that answers a question between its turns. */
#ifndef RUNTIME_DEBUG_DEBUG_H
#define RUNTIME_DEBUG_DEBUG_H

#include "runtime/vm/frames.h"

/* At most count frames from f on (a frame as frame_top() or frame_next() left it), newest first, as a vector of maps in p's
 * heap:
 *   :id        place of the frame in the stack, for the primitives that change frames
 *   :function  name: a symbol or string, or nil      :closure  the function itself
 *   :args      vector of the fixed parameters (and the rest list); a cleared one is the keyword :lona.debug/cleared
 *   :locals    {symbol value} of the names in scope, parameters included, inner ones hiding outer ones
 *   :cleared   #{symbol ...} names in scope whose value is no longer needed and was given up
 *   :line :column :start :end :file :source   of the expression that runs, nil where not known
 *   :failed    true if the instruction failed and a handler runs on top of it
 * f is moved behind the last one.  Cost: O(count * locals). */
value debug_frames(struct process *p, struct frame *f, uint32_t count);

#endif
