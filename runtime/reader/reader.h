/* Text to forms.  Iterative (its own stack, in the process heap), resumable, never crashes on any bytes.
 *
 * Lists, vectors, maps, sets and symbols that are read get metadata {:line :column :start :end} only if they are lists
 * (line and column 1-based; start and end: byte offsets of the form in the text); `^` metadata is merged over it.
 * Syntax-quote is expanded here, as in Clojure, into lona.core/seq, lona.core/concat, lona.core/list, lona.core/apply ... calls;
 * symbols in it are resolved by the function value in `resolve` state (see prims/reader.def: -read takes a map of aliases). */
#ifndef RUNTIME_READER_READER_H
#define RUNTIME_READER_READER_H

#include "runtime/gc/heap.h"

/* The primitive behind everything (prims/reader.def):
 *   (lona.core/-read text offset line column options)
 * text: a string; offset: byte offset to start at; options: {:ns symbol, :aliases {alias-symbol ns-symbol},
 * :refers {symbol qualified-symbol}, :features #{:lona}, :file string, :eof value}.
 * Result: [form next-offset next-line next-column start-offset comment-start] where start-offset is where the form's own text
 * begins and comment-start where the comments immediately before it begin (= start-offset if none); at the end of
 * the text [eof-marker offset line column offset offset] with the keyword :lona.core/eof in place of the form.
 * Errors: {:type :syntax-error :message .. :file .. :line .. :column .. :expected .. :incomplete true/false};
 * :incomplete true when more text could complete the form (for multi-line input). */

#endif
