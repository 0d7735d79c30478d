/* Text to forms.  Iterative (its own stack, in the process heap), resumable, never crashes on any bytes.
 *
 * Lists that are read get metadata {:line :column :start :end} (line and column 1-based; start and end: byte offsets of
 * the form in the text); `^` metadata is merged over it.  #(...) becomes (fn* ([p1__N# ...] (...))).
 * Syntax-quote is expanded here into calls of lona.core/list, vector, hash-map, hash-set, with-meta, tagged-literal, and,
 * around splices, seq, concat, apply; constant parts become one quoted literal.  A symbol in it is resolved through :aliases
 * and :refers, then to a definition of :ns, then to one of lona.core, else to :ns; special forms, & and _ stay. */
#ifndef RUNTIME_READER_READER_H
#define RUNTIME_READER_READER_H

#include "runtime/gc/heap.h"

/* The same from C, in one go (boot; no other process waits): the result vector, or VAL_ERROR.  Pre: text is a string, offset
 * is at a character of it. */
value reader_read(struct process *p, value text, uint64_t offset, uint32_t line, uint32_t column,
                  value options);

/* The primitive behind everything (prims/reader.def):
 *   (lona.core/-read text offset line column options)
 * text: a string; offset: byte offset to start at; options: {:ns symbol, :aliases {alias-symbol ns-symbol},
 * :refers {symbol qualified-symbol}, :features #{:lona}, :fallback the feature of a reader
 * conditional that is taken if none of :features and no :default is in it, :file string, :eof value}.
 * Result: [form next-offset next-line next-column start-offset comment-start] where start-offset is where the form's own text
 * begins and comment-start where the comments immediately before it begin (= start-offset if none); at the end of
 * the text [eof-marker offset line column offset offset] with the keyword :lona.core/eof in place of the form.
 * Errors: {:type :syntax-error :message .. :file .. :line .. :column .. :expected .. :incomplete true/false};
 * :incomplete true when more text could complete the form (for multi-line input). */

#endif
