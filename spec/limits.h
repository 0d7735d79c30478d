/* Every limit of the system, with its reason.  A limit is tested at its value and one past it. */
#ifndef SPEC_LIMITS_H
#define SPEC_LIMITS_H

/* ---- bytecode ---- */
#define LIMIT_REGISTERS 1024        /* registers of one frame: keeps live maps short; the compiler refuses more */
#define LIMIT_PARAMETERS 255        /* fixed parameters of one arity */
#define LIMIT_CALL_ARGS 255         /* arguments written out in one call; apply has no limit */
#define LIMIT_LITERAL_DEPTH 1000    /* nesting of a literal: the verifier keeps a fixed stack; beyond: :too-deep */
#define LIMIT_REGION_DEPTH 64       /* nesting of catch* and cleanup* in one function: keeps verifying linear */
#define LIMIT_CAPTURES 1000         /* variables that one closure captures: they fit a frame */
#define FRAME_HIDDEN 3              /* words below a frame's first register: closure, caller's link, return address */
#define LIMIT_UNITS (1u << 18)      /* living code units: each top-level form is one; a domain reserves 8 bytes for each */
#define ARITY_TABLE 8               /* entries by argument count that a call finds without a search */

/* ---- processes ---- */
#define LIMIT_PROCESSES (1u << 24)  /* pids carry a 24-bit index */
#if defined(LONA_STRESS)
#define REDUCTIONS_PER_TURN 2       /* the least that gets anywhere: a switch at every call and loop turn */
#else
#define REDUCTIONS_PER_TURN 4000    /* calls and loop turns before the next process runs: about 100 us */
#endif
#define STACK_INITIAL_WORDS 28      /* lies in the same block as the process descriptor */
#define LIMIT_STACK_WORDS (1u << 27)/* 1 GiB: recursion a hundred million frames deep ends in :stack-overflow */
#define STACK_RESERVE_WORDS 65536u  /* beyond it: for the handlers of :stack-overflow */
#define LIMIT_FLOW_MESSAGES 256u    /* of one process in the queue of a process of another domain; beyond, it waits */
#define LIMIT_FLOW_DOMAIN 4096u     /* the same of all processes of one domain together ... */
#define LIMIT_FLOW_BYTES (16u << 20)/* ... and in bytes */
#define LIMIT_TRACE_EVENTS 10000u   /* that a tracer may leave unread; what comes then is lost */
#define ELIDED_FRAMES 16            /* frames elided by tail calls that the debugger can still show */

/* ---- collections ---- */
#define SVECTOR_MAX 32              /* elements of a vector kept inline */
#define AMAP_MAX 8                  /* entries of a map kept in insertion order */
#define LIMIT_ARRAY (1u << 27) /* elements of an array: filling it takes a tenth of a second */

/* ---- values ---- */
#define BLOB_THRESHOLD_BYTES 256    /* binaries and strings from here on are shared off-heap, not copied */
#define LIMIT_STRING_BYTES 0xffffffffu
#define LIMIT_BIGINT_LIMBS (1u << 22) /* 256 Mbit integers; beyond: :too-large */
#define LIMIT_RATIO_LIMBS (1u << 13)  /* of either part: two such ratios that agree in 60 bits take some 50 ms to compare; beyond: :too-large */
#define LIMIT_REGEX_PROGRAM (1u << 15) /* instructions; a step over one character costs at most that many: some 0.3 ms */
#define LIMIT_REGEX_GROUPS 500      /* capturing groups: their offsets are copied with every thread of the matcher */
#define LIMIT_READER_DEPTH 10000000  /* nesting that the reader follows (it keeps its own stack); beyond: :too-deep */
#define LIMIT_COMPILE_DEPTH 10000   /* nesting of expressions in one definition; beyond: :too-deep */
#define LIMIT_UNIT_BYTES (64u << 20)

/* ---- WebAssembly modules: with these, memory for one module stays below some 20 bytes for each byte of the binary ---- */
#define LIMIT_WASM_BYTES (1u << 30)       /* offsets fit 32 bits with room to add */
#define LIMIT_WASM_TYPES 1000000u         /* the numbers that engines on the web agreed on */
#define LIMIT_WASM_ARITY 1000u            /* parameters, and results, of one function type */
#define LIMIT_WASM_FUNCTIONS 1000000u     /* and imports, exports, globals, tags */
#define LIMIT_WASM_TABLES 100u
#define LIMIT_WASM_MEMORIES 100u
#define LIMIT_WASM_SEGMENTS 100000u
#define LIMIT_WASM_LOCALS 50000u          /* of one function, parameters included: a body of five bytes can ask for 2^32 */
#define LIMIT_WASM_BODY_BYTES 7654321u
#define LIMIT_WASM_OPERANDS (1u << 20)    /* on the stack at once: calls with many results push more than the body has bytes */
#define LIMIT_WASM_CONST_DEPTH 256u       /* operands of a constant expression at once */
#define LIMIT_WASM_TABLE_ELEMENTS 10000000u /* of one table, whatever its type's maximum says */

/* ---- address space ---- */
#if defined(LONA_MACHINE)
#define ARENA_BASE 0x300000000000ull /* where the kernel puts the first region of 32 GiB (spec/kernel_limits.h) */
#elif defined(LONA_ASAN)
#define ARENA_BASE 0x110000000000ull /* above the sanitizer's shadow */
#else
#define ARENA_BASE 0x1000000000ull
#endif
#define ARENA_SIZE (16ull << 30)    /* shared immutable objects and code */
#define ARENA_GRANULE 256           /* bytes; segments start on a granule */

#endif
