/* What the engine's own files share; nobody else includes this.
 *
 * Stacks grow downwards.  f->sp points at the top item; between primitives every item lies in memory.  Addresses that Forth sees
 * are numbers from ORIGIN up; `at` alone turns one into a pointer, with its bounds checked.  Names, code and words lie outside of
 * the data space, so that no store can reach them.
 *
 * Invariants, walked by forth_check in tests:
 *  1. s0 - sp is between 0 and STACK_CELLS at each primitive;
 *  2. ORIGIN + DICT_START <= here <= heap_low <= ORIGIN + data_bytes;
 *  3. every word that is not hidden is in its bucket; a word's link is older than the word;
 *  4. code of a word that is not being compiled has been verified. */
#ifndef FORTH_INTERNAL_H
#define FORTH_INTERNAL_H

#include "base/mem.h"
#include "base/types.h"
#include "forth/forth.h"
#include "forth/throw.h"
#include "loader/forth/code.h"

typedef int64_t cell;
typedef uint64_t ucell;

#define CELL 8
#define STACK_CELLS 65536
#define RETURN_CELLS 131072
#define FLOAT_CELLS 4096
#define LOCAL_CELLS 65536
#define SIDE_CELLS 16384 /* what N>R put aside */
#define SLACK_CELLS 4096

/* ---- the data space: fixed places first ---- */
#define ORIGIN 0x10000
enum {
    AT_BASE = ORIGIN,
    AT_STATE = ORIGIN + 8,
    AT_IN = ORIGIN + 16,
    AT_BLK = ORIGIN + 24,
    AT_SCR = ORIGIN + 32,
    AT_TIF = ORIGIN + 40,
    AT_HOLD = ORIGIN + 0x100, /* numbers are made here, from the end downwards */
    HOLD_BYTES = 512,
    AT_PAD = ORIGIN + 0x400,
    PAD_BYTES = 1024,
    AT_WORD = ORIGIN + 0x800,
    WORD_BYTES = 0x400,
    AT_STRINGS = ORIGIN + 0x1000, /* S" interpreted, names: used in turn */
    STRING_BYTES = 0x1000,
    STRINGS = 8,
    AT_BLOCKS = ORIGIN + 0xa000,
    BLOCK_BUFFERS = 8,
    AT_LINES = ORIGIN + 0xc000, /* a line for every source that is read by lines */
    LINE_BYTES = 0x1000,
    LINES = 32,
    DICT_START = 0xc000 + LINES * LINE_BYTES,
};
#define TRUE_CELL ((cell) - 1)
#define FLAG(x) (-(cell)(x))

/* ---- tokens: numbers unlike any that arithmetic yields by chance ---- */
#define XT_TAG 0x58540000000000u
#define NT_TAG 0x4e540000000000u
#define FILE_TAG 0x46490000000000u
#define WID_TAG 0x57490000000000u

enum word_kind {
    W_OP,       /* value: the operation */
    W_PRIM,     /* value: number of the primitive */
    W_COLON,    /* code .. code_end */
    W_CREATE,   /* value: address; does: word run after it, or 0 */
    W_VARIABLE, /* value: address; never gets a does */
    W_CONSTANT,
    W_2CONSTANT, /* value: address of the two cells */
    W_FCONSTANT, /* value: the float's bits */
    W_VALUE,     /* value: address */
    W_2VALUE,
    W_FVALUE,
    W_DEFER,   /* value: the token, 0 while none */
    W_SYNONYM, /* value: the word meant */
    W_MARKER,  /* value: address of what to restore */
    W_FIELD,   /* value: what it adds */
};
enum {
    F_IMMEDIATE = 1,
    F_COMPILE_ONLY = 2,
    F_HIDDEN = 4,
    F_SYSTEM = 8, /* of the system itself, not the program's */
    F_PLAIN = 16, /* effect known: effect_in, effect_out */
    F_LOOPS = 32,
    F_NO_NATIVE = 64,
};

struct word {
    uint32_t name; /* in names */
    uint8_t name_size, kind;
    uint16_t flags;
    uint32_t bucket_next; /* word, 0: none */
    uint32_t list;        /* word list */
    uint32_t list_next;   /* the word before it in its list */
    uint32_t code, code_end;
    uint32_t native; /* place in the native code, 0: none */
    uint32_t does;
    uint32_t file, line; /* where it was defined: name in names, 0: nowhere */
    uint32_t calls;      /* until it is translated */
    int16_t effect_in, effect_out;
    uint32_t heat, heat_time;
    cell value;
};

enum source_kind { SOURCE_STRING, SOURCE_CONSOLE, SOURCE_FILE, SOURCE_BLOCK };
struct source {
    uint8_t kind;
    uint32_t line_slot; /* of AT_LINES */
    cell text, size;    /* what is being read: address, bytes */
    cell in;            /* >IN, while another source is read */
    cell block;
    char *data; /* the file's content, line by line copied to the slot */
    uint64_t data_size;
    uint64_t file_at, line_at; /* where the next line begins; where this one began */
    uint32_t name, line;
    uint32_t parent_token, parent_size; /* what its reader was at */
};
#define SOURCES_MAX 64

struct control {
    uint8_t kind;
    uint8_t loop_depth;
    uint32_t at;    /* a unit to patch or to jump to */
    uint32_t extra; /* DO: the LEAVEs of the loop outside */
};
enum { C_ORIG, C_DEST, C_DO, C_CASE, C_OF, C_COLON };
#define CONTROL_MAX 1024

struct file_state {
    bool open, eof;
    uint8_t flags;
    int port_file;
    uint64_t at;
    uint32_t buffered; /* bytes of buffer that are there */
    uint64_t buffer_at;
    char buffer[4096];
};
#define FILES_MAX 64

struct heap_block {
    ucell at, size;
    uint32_t prev, next;           /* neighbours by address, 0: none */
    uint32_t bucket_next;          /* same hash of address, for those in use */
    uint32_t free_prev, free_next; /* same class of size, for free ones */
    bool used;
};
#define HEAP_BLOCKS_MAX (1u << 20)
#define HEAP_BUCKETS (1u << 14)
#define HEAP_CLASSES 64

struct block_buffer {
    ucell block; /* 0: empty */
    bool dirty;
    uint32_t used; /* when */
};

/* Calls from threaded code after which a word is translated; those from outside count more (execute_colon). */
#define CALLS_HOT 64
#define BUCKETS (1u << 16)
#define LISTS_MAX 1024
#define ORDER_MAX 64
#define WINDOW 4096
#define SUBSTITUTIONS 64

struct forth {
    /* what native code reads, by offset */
    uint8_t *bias; /* data space - ORIGIN */
    ucell data_bytes;
    cell *sp;        /* top item */
    cell *s0;        /* empty */
    cell *stack_low; /* not below */
    volatile uint32_t attention;
    uint32_t nesting;      /* of runs within runs */
    uintptr_t machine_low; /* not below, of the machine's stack */
    uintptr_t
        machine_check; /* what native code compares with: the same, or everything when there is attention */
    cell native_save;  /* the machine's stack at the last entry into native code */

    cell *r0, *rp, *return_low;
    cell *l0, *lp; /* locals */
    double *f0, *fp, *float_low;
    cell *side0, *side;

    struct forth_port *port;
    struct forth_config config;

    uint64_t *code;
    uint32_t units;
    struct word *words;
    uint32_t word_count;
    char *names;
    uint32_t names_size, names_max;
    uint32_t *buckets;
    uint32_t list_head[LISTS_MAX]; /* newest word */
    uint32_t list_name[LISTS_MAX];
    uint32_t lists;
    uint32_t order[ORDER_MAX];
    uint32_t order_size, current;

    cell here;
    cell hold;
    uint32_t string_turn;

    /* sources */
    struct source sources[SOURCES_MAX];
    uint32_t source_depth; /* index of the one being read */
    uint64_t lines_used;
    uint32_t token, token_size; /* the word at hand, within its source */

    /* compiling */
    bool compiling;
    uint32_t defining;  /* word, 0: none */
    uint32_t code_word; /* what the code belongs to: that word, or its part behind DOES> */
    uint32_t last;      /* newest definition, named or not */
    uint32_t last_made; /* what DOES> and IMMEDIATE mean */
    struct control control[CONTROL_MAX];
    uint32_t controls, leaves;
    uint8_t *scratch;
    char local_name[FORTH_LOCALS_MAX][32];
    uint8_t local_size[FORTH_LOCALS_MAX];
    uint32_t locals, locals_entered;
    bool locals_open;

    /* errors */
    const char *message;
    size_t message_size;
    cell abort_text, abort_size;
    bool error_known;
    char error_line[256], error_name[128], error_word[64];
    uint32_t error_line_size, error_column, error_token, error_number;
    int exit_code;
    bool interrupted;

    /* number output and floats */
    uint32_t precision;

    struct file_state files[FILES_MAX];
    uint32_t required_files[256], required_count;
    struct block_buffer blocks[BLOCK_BUFFERS];
    uint32_t block_clock;
    int block_current;

    /* heap */
    struct heap_block *heap;
    uint32_t heap_count, heap_unused; /* records; those given back */
    uint32_t *heap_buckets;
    uint32_t heap_free[HEAP_CLASSES];
    ucell heap_low, heap_used; /* the heap grows downwards from the end */
    uint32_t heap_first;       /* record at heap_low */

    /* substitution */
    uint32_t substitution_name[SUBSTITUTIONS], substitution_text[SUBSTITUTIONS];
    uint16_t substitution_name_size[SUBSTITUTIONS], substitution_text_size[SUBSTITUTIONS];
    uint32_t substitution_count;

    /* native code */
    uint8_t *native;
    uint32_t native_used;
    struct native_job *native_job;

    /* heat */
    uint32_t running; /* the word last called from outside or from interpreted code */
    uint32_t window[WINDOW];
    uint32_t window_next;
    uint64_t samples;
    uint32_t epoch;
    struct transition *transitions;

    void *kernel; /* the port's, about this instance */
    uint32_t column;
};

/* ---- data space ---- */
static inline void *at(struct forth *f, cell address, ucell bytes)
{
    ucell offset = (ucell)address - ORIGIN;
    if (UNLIKELY(bytes > f->data_bytes || offset > f->data_bytes - bytes)) return NULL;
    return f->bias + address;
}
static inline cell load_cell(const void *p)
{
    cell x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
}
static inline void store_cell(void *p, cell x)
{
    __builtin_memcpy(p, &x, sizeof x);
}
/* Of the fixed places, which are always there. */
static inline cell fixed(struct forth *f, cell address)
{
    return load_cell(f->bias + address);
}
static inline void set_fixed(struct forth *f, cell address, cell x)
{
    store_cell(f->bias + address, x);
}

/* ---- stacks ---- */
static inline cell depth(const struct forth *f)
{
    return f->s0 - f->sp;
}
static inline void push(struct forth *f, cell x)
{
    *--f->sp = x;
}
static inline cell pop(struct forth *f)
{
    return *f->sp++;
}
static inline bool has_room(const struct forth *f, cell n)
{
    return f->sp - f->stack_low >= n;
}
static inline void push_double(struct forth *f, __int128 d)
{
    push(f, (cell)d);
    push(f, (cell)(d >> 64));
}
static inline __int128 pop_double(struct forth *f)
{
    cell high = pop(f), low = pop(f);
    return (__int128)((unsigned __int128)(ucell)high << 64 | (ucell)low);
}

/* Of two cells by one, d not 0: the quotient, and what is left.  Written out, since the compiler's own is a call of its library. */
unsigned __int128 double_divide(unsigned __int128 n, ucell d, ucell *rest);

/* ---- memory.c ---- */
cell allot(struct forth *f, cell bytes); /* status */
cell comma(struct forth *f, cell x);
cell comma_byte(struct forth *f, uint8_t b);
cell align_here(struct forth *f, cell to);
cell transient(struct forth *f, const char *text, size_t size); /* address of a copy that lasts for a while */
cell heap_allocate(struct forth *f, ucell size, cell *address);
cell heap_release(struct forth *f, cell address);
cell heap_resize(struct forth *f, cell address, ucell size, cell *moved);

/* ---- dictionary.c ---- */
static inline cell to_xt(uint32_t word)
{
    return (cell)(XT_TAG | word);
}
uint32_t from_xt(struct forth *f, cell xt);                         /* 0: it is none */
uint32_t name_keep(struct forth *f, const char *text, size_t size); /* 0: full */
/* A new word in the current list, hidden if so flagged.  0: no room. */
uint32_t word_new(struct forth *f, const char *name, size_t size, enum word_kind kind, unsigned flags,
                  cell value);
void word_reveal(struct forth *f, uint32_t word);
uint32_t word_find(struct forth *f, const char *name, size_t size); /* by the search order */
uint32_t word_find_in(struct forth *f, uint32_t list, const char *name, size_t size);
void words_forget(struct forth *f, uint32_t from);
static inline const char *word_name(struct forth *f, uint32_t word)
{
    return f->names + f->words[word].name;
}
uint32_t word_real(struct forth *f, uint32_t word); /* through synonyms */
uint32_t word_at_unit(struct forth *f, uint32_t unit);
bool text_equal(const char *a, const char *b, size_t size); /* case does not count */

/* ---- interpret.c ---- */
bool next_name(struct forth *f, const char **text, size_t *size); /* false: the source is at its end */
const char *parse_until(struct forth *f, char delimiter, size_t *size);
const char *source_text(struct forth *f, size_t *size);
cell interpret_source(struct forth *f);
cell source_refill(struct forth *f, bool *more);
cell source_push(struct forth *f, enum source_kind kind);
void source_pop(struct forth *f);
cell include_file(struct forth *f, const char *name, size_t size);
cell include_content(struct forth *f, int port_file, uint64_t from, const char *name, size_t size);
cell source_run(struct forth *f, struct source *s); /* what source_push made; pops it */
void source_note_error(struct forth *f, cell status);
bool number_read(struct forth *f, const char *text, size_t size, cell *low, cell *high, bool *is_double);
bool float_text(const char *text, size_t size, double *d);
/* Execute a token; all stacks in memory. */
cell execute_token(struct forth *f, cell xt);
cell execute_word(struct forth *f, uint32_t word);
cell execute_colon(struct forth *f, uint32_t word);
cell sleep_for(struct forth *f, ucell ns);
cell attend_now(struct forth *f, uint32_t word);
cell marker_restore(struct forth *f, uint32_t word);
void heat_start(struct forth *f);
void heat_end(struct forth *f);
void heat_forget(struct forth *f);
void heat_sample(struct forth *f, uint32_t word);

/* ---- compile.c ---- */
cell emit_op(struct forth *f, unsigned op, cell arg);
cell emit_literal(struct forth *f, cell x);
cell compile_word(struct forth *f, uint32_t word);
cell definition_begin(struct forth *f, const char *name, size_t size);
cell definition_end(struct forth *f);
void definition_abandon(struct forth *f);
int local_find(struct forth *f, const char *name, size_t size); /* -1: none */
cell local_add(struct forth *f, const char *name, size_t size);
cell locals_enter(struct forth *f);

/* ---- run.c: the threaded engine ---- */
cell run_units(struct forth *f, uint32_t unit);
void fuse_units(struct forth *f, uint32_t start, uint32_t end);

/* ---- native.c ---- */
bool native_start(struct forth *f);
void native_translate(struct forth *f, uint32_t word);
cell native_run(struct forth *f, uint32_t word);
void native_end(struct forth *f);

/* ---- console output ---- */
void say(struct forth *f, const char *text, size_t size);
void say_string(struct forth *f, const char *text);
size_t digits_text(ucell u, unsigned base,
                   char to[65]); /* digits, upper case; returns their count, from to[0] */

/* ---- primitives ---- */
typedef cell primitive(struct forth *f);
struct primitive_info {
    primitive *function;
    int8_t in, out; /* out < 0: effect not fixed, -out - 1 is the room to have */
};
extern const struct primitive_info primitives[];
extern const uint32_t primitive_count;
cell primitive_call(struct forth *f, uint32_t number);
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) primitive p_##function;
#include "spec/forth_words.def"
enum primitive_numbers {
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) P_##function,
#include "spec/forth_words.def"
};

const char *throw_text(cell code);

#endif
