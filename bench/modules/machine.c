/* A loop over a dense switch: an interpreter of a small stack machine. */
#include "bench.h"

enum { PUSH, ADD, SUB, MUL, DUP, SWAP, OVER, LOAD, STORE, JUMP_IF, DECREMENT, AND, HALT };

static uint64_t work(void)
{
    static const int32_t code[] = {
        PUSH,      12000000, STORE,      0,   PUSH,    1,     STORE, 1,     /* loop: */ LOAD,
        1,         PUSH,     1103515245, MUL, PUSH,    12345, ADD,   DUP,   PUSH,
        65535,     AND,      LOAD,       2,   ADD,     STORE, 2,     STORE, 1,
        DECREMENT, 0,        LOAD,       0,   JUMP_IF, 8,     HALT};
    uint32_t stack[16] = {0}, memory[4] = {0}, *top = stack;
    for (const int32_t *at = code;;) switch (*at++) {
        case PUSH: *++top = (uint32_t)*at++; break;
        case ADD: top--, top[0] += top[1]; break;
        case SUB: top--, top[0] -= top[1]; break;
        case MUL: top--, top[0] *= top[1]; break;
        case AND: top--, top[0] &= top[1]; break;
        case DUP: top++, top[0] = top[-1]; break;
        case OVER: top++, top[0] = top[-2]; break;
        case SWAP: {
            uint32_t x = top[0];
            top[0] = top[-1], top[-1] = x;
            break;
        }
        case LOAD: *++top = memory[*at++]; break;
        case STORE: memory[*at++] = *top--; break;
        case DECREMENT: memory[*at++]--; break;
        case JUMP_IF:
            if (*top-- != 0)
                at = code + *at;
            else
                at++;
            break;
        case HALT: return (uint64_t)memory[2] << 32 | memory[1];
        }
}
