/* x86_64: register numbers and the roles that instructions give them.  C calls follow the System V convention. */
#ifndef LOADER_EMIT_X86_64_TARGET_H
#define LOADER_EMIT_X86_64_TARGET_H

enum {
    X86_RAX,
    X86_RCX,
    X86_RDX,
    X86_RBX,
    X86_RSP,
    X86_RBP,
    X86_RSI,
    X86_RDI,
    X86_R8,
    X86_R9,
    X86_R10,
    X86_R11,
    X86_R12,
    X86_R13,
    X86_R14,
    X86_R15
};

/* General registers with a role. */
#define EMIT_R_SP X86_RSP
#define EMIT_R_SCRATCH X86_R11 /* the emitter's own */
#define EMIT_R_RESULT X86_RAX
#define EMIT_R_COUNT X86_RCX
#define EMIT_R_DIVIDEND X86_RAX
#define EMIT_R_REMAINDER X86_RDX
#define EMIT_V_SCRATCH 15 /* the emitter's own vector register */

/* C's arguments, in order, and the registers that a C function keeps. */
#define EMIT_C_ARGUMENTS {X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9}
#define EMIT_C_ARGUMENT_COUNT 6
#define EMIT_C_KEPT {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15}
#define EMIT_C_KEPT_COUNT 6

#define EMIT_REGISTERS 16        /* general */
#define EMIT_VECTOR_REGISTERS 16 /* of 16 bytes */
#define EMIT_MAX_INSTRUCTION 15  /* bytes */

#endif
