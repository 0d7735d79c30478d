/* Private to the printer: print.c (the machine), print_atom.c (what has no parts). */
#ifndef RUNTIME_READER_PRINT_INTERNAL_H
#define RUNTIME_READER_PRINT_INTERNAL_H

#include "runtime/reader/print.h"
#include "runtime/reader/stack.h"
#include "runtime/reader/text.h"

enum print_kind {
    P_DONE,
    P_ITEMS,  /* the values given to str and print */
    P_JOIN,   /* the elements of a sequence as str gives them, items (a string) between them */
    P_PARTS,  /* what a binary is made of: bytes, strings, binaries and sequences of these */
    P_LIST,   /* anything sequential: cur is what is left */
    P_VECTOR, /* index counts */
    P_SET,
    P_ENTRIES, /* a map or record as a sequence of entries; aux: the value that follows the key just printed */
    P_AMAP,    /* index counts keys and values */
    P_ONE,     /* cur, then nothing: behind a tag */
    P_BEHIND_META, /* cur, whose metadata was printed */
    P_STRING,      /* readable: index is the byte offset */
    P_RAW,         /* bytes of a string as they are */
    P_BYTES,       /* digits of a binary */
    P_OBJECT,      /* a record or instance of deftype: Lonala may have a text of its own for it */
    P_NUMBER,      /* a large number; aux: the state of its conversion */
};

struct print_frame {
    uint8_t kind;
    bool lifted;    /* the keys' common namespace was printed in front */
    bool started;   /* something was printed in it: a separator goes before the next */
    uint64_t count; /* items printed, for the limit */
    uint64_t index;
    value cur, aux;
};

enum print_mode {
    PRINT_READABLY,
    PRINT_PLAIN,
    PRINT_STR /* plain at the top, readably inside */,
    PRINT_BINARY
};

struct printer {
    struct process *p;
    struct print_frame f;
    enum print_mode mode;
    bool lift;      /* maps print with their keys' common namespace in front */
    bool meta;      /* metadata is printed, too */
    bool separated; /* P_ITEMS: by blanks */
    value items;    /* P_ITEMS: a vector; NIL: args */
    const value *args;
    unsigned argc;
    bool request;          /* cur of the current frame has to be made a seq by Lonala */
    bool shorten;          /* for messages: force nothing */
    int64_t length, level; /* limits; -1: none */
    uint32_t depth;        /* of collections around */
    int64_t work, charged; /* steps left; what they were when p->reductions was last charged */
    struct stack stack;
    struct text out;
};

void print_push(struct printer *w, enum print_kind kind, value cur);
/* Start printing v: all of it, or a frame is pushed. */
void print_value(struct printer *w, value v);
void print_step(struct printer *w);
void print_charge(struct printer *w); /* take the steps done off p->reductions */

/* ---- print_atom.c ---- */
static inline bool print_readable(const struct printer *w)
{
    return w->mode == PRINT_READABLY || (w->mode == PRINT_STR && w->depth > 0);
}
void print_string_step(struct printer *w);
void print_bytes_step(struct printer *w);
void print_number_step(struct printer *w);
void print_raw_step(struct printer *w);
void print_char(struct printer *w, uint32_t c);
void print_name(struct printer *w, value name);
bool print_name_reads_back(value name); /* is what prints for it read as the same name? */
/* What is no collection, string or large number: all of it at once. */
void print_atom(struct printer *w, value v);
void print_type_name(struct printer *w, value rtype);

#endif
