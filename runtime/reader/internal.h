/* Private to the reader: its machine, shared by scan.c (text to atoms), read.c (the machine), build.c (finishing of
 * collections and prefixes) and syntax_quote.c.
 *
 * The machine has one current frame, for the innermost form that is open, and a stack for the rest: the items that were
 * read so far into the current frame, below them the enclosing frame packed into FRAME_WORDS fixnums, and so on.  Nothing
 * recurses.  A turn ends between two steps; the whole state then moves into one STATE object (reader_save).
 *
 * Inside a syntax-quote, what has to be expanded and cannot be told from data is read as a *mark*, a STATE object
 * [kind payload payload2]: unquotes, and maps, sets, metadata and tags that may contain unquotes.  syntax_quote.c turns every
 * mark into forms; outside a syntax-quote there are none. */
#ifndef RUNTIME_READER_INTERNAL_H
#define RUNTIME_READER_INTERNAL_H

#include "runtime/reader/names.h"
#include "runtime/reader/reader.h"
#include "runtime/reader/stack.h"
#include "runtime/reader/text.h"
#include "runtime/value/collection.h"

enum reader_frame_kind {
    K_TOP,
    K_LIST,
    K_VECTOR,
    K_MAP,
    K_SET,
    K_NSMAP, /* NSMAP: item 0 is the namespace's name */
    K_FN,    /* #( */
    K_QUOTE,
    K_DEREF,
    K_VAR,
    K_UNQUOTE,
    K_UNQUOTE_SPLICING,
    K_SYNTAX_QUOTE,
    K_DISCARD,
    K_META, /* item 0: the metadata, as soon as it is read */
    K_TAG,  /* item 0: the tag */
    K_COND,
    K_COND_SPLICE, /* #?( #?@( : items: the chosen form, if any */
    K_STRING,
    K_REGEX,  /* a long literal, its text in reader.text */
    K_NUMBER, /* a long one */
    K_BUILD,  /* a large collection: its items are being moved out of the stack */
    K_FILL,   /* the same, second part: from the list into the collection */
    K_EXPAND, /* a form of a syntax-quote; its items come from the todo stack */
    K_GATHER, /* the same, with many items, which are being moved out of the stack */
};

struct place {
    uint64_t offset;
    uint32_t line, column;
};

struct reader_frame {
    uint8_t kind;
    uint8_t flags;  /* FRAME_ */
    uint32_t count; /* items on the stack */
    struct place start;
};
#define FRAME_WORDS 3
#define FRAME_PLAIN 1u /* an unquote outside every syntax-quote */
/* BUILD, FILL: flags is the collection's own kind; EXPAND: the same with these */
#define FRAME_KIND 31u
#define FRAME_OPEN 64u     /* some item is not constant */
#define FRAME_SPLICED 128u /* some item is spliced in */
/* COND: what the next item is, and whether a branch was chosen */
#define FRAME_WANTED 8u   /* the feature just read applies: keep the form */
#define FRAME_FEATURE 16u /* a feature keyword was read: a form follows */
#define FRAME_CHOSEN 32u
#define FRAME_FALLBACK 64u /* the form just kept is the fallback's, until a feature that applies comes */

enum reader_value {
    RV_TEXT,
    RV_OPTIONS,
    RV_ACC,
    RV_REST,
    RV_NS,      /* K_BUILD, K_FILL; NS: of a namespaced map */
    RV_REQUEST, /* what Lonala is asked for: a vector, or NIL */
    RV_RESULT,  /* the form, once read */
    RV_LINE,
    RV_COLUMN,
    RV_START,
    RV_END, /* the metadata keywords */
    RV_COUNT
};

struct reader {
    struct process *p;
    const char *bytes;
    size_t size;
    uint64_t at;
    /* column of `at` = at - line_start - line_extra + 1: continuation bytes do not count */
    int64_t line_start;
    uint32_t line_extra, line;
    struct reader_frame frame;
    struct place form_start; /* of the top-level form */
    uint64_t comment_start;  /* UINT64_MAX: no comment before the form */
    uint32_t first_line;     /* line on which the read began */
    uint32_t depth;
    uint32_t syntax_quotes; /* open ones, less unquotes */
    uint32_t fn_max;        /* highest %n in the #() being read */
    uint32_t text_hash;     /* for names made up here; 0: not computed yet */
    uint64_t fn_start;      /* offset of the #() being read, plus one; 0: none */
    bool fn_rest, in_comment, done, first_mid_line;
    int64_t work;    /* steps left in this turn */
    int64_t charged; /* what work was when p->reductions was last charged */
    value v[RV_COUNT];
    struct stack stack, todo;
    struct text text;
};

/* ---- errors: each sets p->error and returns VAL_ERROR ---- */
struct place reader_place(const struct reader *r);
value reader_fail(struct reader *r, struct place at, const char *expected, bool incomplete, const char *fmt,
                  ...);
value reader_end_of_text(struct reader *r); /* the text ends inside the current frame */

/* ---- scan.c ---- */
enum { BYTE_SPACE = 1, BYTE_END = 2 /* ends a token */ };
extern const uint8_t reader_byte_class[256];
/* Pass white space and comments.  False: work is used up. */
bool scan_space(struct reader *r);
/* The atom at `at` (not a macro character): number, symbol, keyword, nil ... */
value scan_token(struct reader *r);
value scan_character(struct reader *r); /* at stands behind the backslash */
value scan_symbolic(struct reader *r);  /* behind ## */
value scan_argument(struct reader *r);  /* at % inside #() */
/* String or regex literal, at behind the opening quote.  VAL_ABSENT: a frame was pushed for a long one. */
value scan_string(struct reader *r, struct place start, bool regex);
value scan_string_on(struct reader *r); /* goes on with K_STRING, K_REGEX: VAL_ABSENT if not finished */
value scan_number_on(struct reader *r); /* goes on with K_NUMBER: the same */
void reader_pass(struct reader *r, uint64_t end); /* on to `end`; pre: no line ends before it */
size_t token_end(const struct reader *r, uint64_t from);
value reader_symbol(struct reader *r, const char *bytes, size_t size); /* VAL_ABSENT: not a valid one */
value reader_option(struct reader *r, const char *name);               /* VAL_ABSENT if not given */

value reader_own_namespace(struct reader *r); /* option :ns, as a string */
value reader_alias(struct reader *r,
                   value alias); /* the namespace an alias stands for, as a string; VAL_ABSENT */

/* ---- read.c ---- */
void reader_charge(struct reader *r); /* take the steps done off p->reductions */
void reader_push(struct reader *r, enum reader_frame_kind kind, struct place start);
void reader_pop(struct reader *r); /* pre: the frame's items are off the stack */
value reader_step(struct reader *r);
/* A form is complete: into the current frame.  NIL or VAL_ERROR. */
value reader_deliver(struct reader *r, value form);
void reader_request(struct reader *r, const char *what, value a, value b);
value reader_mark(struct reader *r, enum reader_frame_kind kind, value a, value b);
static inline bool is_mark(value v)
{
    return is_type(v, T_STATE);
}
uint64_t reader_name_id(struct reader *r, uint64_t offset); /* a number that this text and offset determine */
value reader_name(struct reader *r, const char *prefix, size_t prefix_size, uint64_t id, const char *suffix);
value reader_core_symbol(struct reader *r, const char *name); /* lona.core/name */
value reader_list2(struct reader *r, value a, value b);

/* ---- build.c ---- */
value reader_close(struct reader *r);      /* the closing delimiter of the current frame was read */
value reader_build_step(struct reader *r); /* K_BUILD, K_FILL */
value reader_prefix_done(struct reader *r, value form); /* the last form of the current prefix frame */
value reader_with_meta(struct process *p, value v, value meta); /* VAL_ABSENT: the value carries none */

/* ---- syntax_quote.c ---- */
void syntax_quote_start(struct reader *r, value form, struct place start);
value syntax_quote_step(struct reader *r); /* pre: todo is not empty, or K_GATHER */

#include "runtime/value/regex.h"

#endif
