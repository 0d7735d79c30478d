/* setjmp and longjmp for modules.  Compile every file that includes this with
 *     -fwasm-exceptions -mllvm -wasm-enable-sjlj
 * and link liba/setjmp.c (compiled with the same).  A buffer's function must not have returned when longjmp is called. */
#ifndef LIBA_INCLUDE_SETJMP_H
#define LIBA_INCLUDE_SETJMP_H

typedef long jmp_buf[4];
typedef long sigjmp_buf[4];
int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int value);
#define setjmp setjmp
#define sigsetjmp(buffer, save) setjmp(buffer)
#define siglongjmp longjmp

#endif
