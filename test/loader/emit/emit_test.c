/* Every form of the emitter over combinations of operands, read back by llvm-mc's disassembler and compared with what was meant. */
#include "loader/emit/emit.h"
#include "test/support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const r64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                  "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const r32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                  "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const r16[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                  "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const r8[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                 "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

static uint8_t code[1 << 20];
static char expected[1 << 24];
static size_t expected_at;
static struct emit e;

static const char *reg(bool wide, unsigned r)
{
    return wide ? r64[r] : r32[r];
}

static void expect(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    expected_at += (size_t)vsnprintf(expected + expected_at, sizeof expected - expected_at, format, list);
    va_end(list);
    expected[expected_at++] = '\n';
}

static const char *memory(struct emit_mem m)
{
    static char text[8][100];
    static unsigned turn;
    char *t = text[turn++ & 7];
    int n = sprintf(t, "[%s", r64[m.base]);
    if (m.index != EMIT_NONE && m.scale) n += sprintf(t + n, " + %d*%s", 1 << m.scale, r64[m.index]);
    if (m.index != EMIT_NONE && !m.scale) n += sprintf(t + n, " + %s", r64[m.index]);
    if (m.disp) n += sprintf(t + n, m.disp < 0 ? " - %lld" : " + %lld", llabs((long long)m.disp));
    strcpy(t + n, "]");
    return t;
}

/* Run the disassembler over the code and compare line by line. */
static void compare(const char *what)
{
    char name[] = "/tmp/lona-emit-XXXXXX", command[200];
    int fd = mkstemp(name);
    FILE *f = fdopen(fd, "w");
    for (uint8_t *p = e.begin; p < e.at; p++)
        fprintf(f, "0x%02x%c", *p, (p - e.begin) % 64 == 63 ? '\n' : ' ');
    fclose(f);
    snprintf(command, sizeof command,
             "llvm-mc-19 --disassemble --triple=x86_64 --mattr=+avx2,+bmi2 --output-asm-variant=1 %s 2>&1",
             name);
    FILE *p = popen(command, "r");
    char line[500];
    char *want = expected;
    unsigned wrong = 0, lines = 0;
    while (fgets(line, sizeof line, p)) {
        char got[500];
        size_t n = 0;
        char *s = line;
        while (*s == '\t' || *s == ' ') s++;
        if (*s == '.' || *s == '\n') continue;
        for (; *s && *s != '\n' && *s != '#'; s++) got[n++] = *s == '\t' ? ' ' : *s;
        while (n && got[n - 1] == ' ') n--;
        got[n] = 0;
        char *end = want < expected + expected_at ? strchr(want, '\n') : NULL;
        if (!end) {
            printf("%s: more instructions than meant: %s\n", what, got);
            wrong++;
            break;
        }
        *end = 0;
        if (strcmp(got, want) != 0 && wrong++ < 10) printf("%s: got \"%s\", meant \"%s\"\n", what, got, want);
        want = end + 1;
        lines++;
    }
    if (pclose(p) != 0) wrong++;
    unlink(name);
    if (want != expected + expected_at && wrong++ < 10)
        printf("%s: fewer instructions than meant, next is %.60s\n", what, want);
    CHECK(wrong == 0 && lines > 0);
    CHECK(!e.overflow);
    expected_at = 0;
}

static void begin(uint32_t features)
{
    emit_begin(&e, code, sizeof code, features);
}

static void test_moves(void)
{
    begin(0);
    for (unsigned d = 0; d < 16; d++)
        for (unsigned s = 0; s < 16; s++)
            for (unsigned w = 0; w < 2; w++) {
                if (d == s && w) continue;
                emit_move(&e, w, (emit_reg)d, (emit_reg)s);
                expect("mov %s, %s", reg(w, d), reg(w, s));
            }
    for (unsigned d = 0; d < 16; d++) {
        emit_move_imm(&e, (emit_reg)d, 0x1234);
        expect("mov %s, 4660", r32[d]);
        emit_move_imm(&e, (emit_reg)d, 0xffffffff);
        expect("mov %s, 4294967295", r32[d]);
        emit_move_imm(&e, (emit_reg)d, (uint64_t)-5);
        expect("mov %s, -5", r64[d]);
        emit_move_imm(&e, (emit_reg)d, 0x123456789abcdef0);
        expect("movabs %s, 1311768467463790320", r64[d]);
        emit_push(&e, (emit_reg)d);
        expect("push %s", r64[d]);
        emit_pop(&e, (emit_reg)d);
        expect("pop %s", r64[d]);
        emit_call_reg(&e, (emit_reg)d);
        expect("call %s", r64[d]);
        emit_jump_reg(&e, (emit_reg)d);
        expect("jmp %s", r64[d]);
    }
    compare("moves");
}

static void test_memory(void)
{
    static const int32_t disps[] = {0, 1, -1, 127, -128, 128, -129, INT32_MAX, INT32_MIN};
    begin(EMIT_FEATURE_AVX);
    for (unsigned base = 0; base < 16; base++)
        for (unsigned index = 0; index <= 16; index++)
            for (unsigned k = 0; k < COUNT_OF(disps); k++) {
                if (index == 4) continue; /* the stack pointer cannot be an index */
                struct emit_mem m = index == 16
                                        ? emit_at((emit_reg)base, disps[k])
                                        : emit_at_index((emit_reg)base, (emit_reg)index, k & 3, disps[k]);
                const char *t = memory(m);
                unsigned d = (base * 7 + index * 3 + k) & 15;
                switch ((base + index + k) % 12) {
                case 0:
                    emit_load(&e, EMIT_LOAD_U8, (emit_reg)d, m), expect("movzx %s, byte ptr %s", r32[d], t);
                    break;
                case 1:
                    emit_load(&e, EMIT_LOAD_S8_64, (emit_reg)d, m),
                        expect("movsx %s, byte ptr %s", r64[d], t);
                    break;
                case 2:
                    emit_load(&e, EMIT_LOAD_S16_32, (emit_reg)d, m),
                        expect("movsx %s, word ptr %s", r32[d], t);
                    break;
                case 3:
                    emit_load(&e, EMIT_LOAD_32, (emit_reg)d, m), expect("mov %s, dword ptr %s", r32[d], t);
                    break;
                case 4:
                    emit_load(&e, EMIT_LOAD_S32_64, (emit_reg)d, m),
                        expect("movsxd %s, dword ptr %s", r64[d], t);
                    break;
                case 5:
                    emit_load(&e, EMIT_LOAD_64, (emit_reg)d, m), expect("mov %s, qword ptr %s", r64[d], t);
                    break;
                case 6: emit_store(&e, 0, (emit_reg)d, m), expect("mov byte ptr %s, %s", t, r8[d]); break;
                case 7: emit_store(&e, 1, (emit_reg)d, m), expect("mov word ptr %s, %s", t, r16[d]); break;
                case 8: emit_store(&e, 3, (emit_reg)d, m), expect("mov qword ptr %s, %s", t, r64[d]); break;
                case 9:
                    emit_fload(&e, true, (emit_reg)d, m), expect("vmovsd xmm%u, qword ptr %s", d, t);
                    break;
                case 10:
                    emit_vstore(&e, (emit_reg)d, m), expect("vmovups xmmword ptr %s, xmm%u", t, d);
                    break;
                default: emit_lea(&e, true, (emit_reg)d, m), expect("lea %s, %s", r64[d], t); break;
                }
            }
    struct emit_mem m = emit_at(X86_RSP, 8);
    emit_store_imm(&e, 0, -2, m), expect("mov byte ptr [rsp + 8], -2");
    emit_store_imm(&e, 1, 0x1234, m), expect("mov word ptr [rsp + 8], 4660");
    emit_store_imm(&e, 2, 7, m), expect("mov dword ptr [rsp + 8], 7");
    emit_store_imm(&e, 3, -7, m), expect("mov qword ptr [rsp + 8], -7");
    compare("memory");
}

static void test_integers(void)
{
    static const char *const names[] = {
        [EMIT_ADD] = "add", [EMIT_OR] = "or", [EMIT_AND] = "and", [EMIT_SUB] = "sub", [EMIT_XOR] = "xor"};
    begin(0xf);
    for (unsigned op = 0; op < 5; op++)
        for (unsigned d = 0; d < 16; d++)
            for (unsigned b = 0; b < 16; b++) {
                unsigned w = (d ^ b) & 1;
                emit_alu(&e, op, w, (emit_reg)d, (emit_reg)d, (emit_reg)b);
                expect("%s %s, %s", names[op], reg(w, d), reg(w, b));
            }
    for (unsigned d = 0; d < 16; d++)
        for (unsigned w = 0; w < 2; w++) {
            emit_reg r = (emit_reg)d, s = (emit_reg)(d * 5 + 3 & 15);
            emit_alu_imm(&e, EMIT_SUB, w, r, r, -128), expect("sub %s, -128", reg(w, d));
            emit_alu_imm(&e, EMIT_XOR, w, r, r, 1000), expect("xor %s, 1000", reg(w, d));
            if (d != 3) {
                emit_alu(&e, EMIT_SUB, w, r, 3, r);
                expect("neg %s", reg(w, d)), expect("add %s, %s", reg(w, d), reg(w, 3));
                emit_alu(&e, EMIT_AND, w, r, 3, r), expect("and %s, %s", reg(w, d), reg(w, 3));
            }
            emit_mul(&e, w, r, r, s), expect("imul %s, %s", reg(w, d), reg(w, s));
            emit_mul_imm(&e, w, r, s, 10), expect("imul %s, %s, 10", reg(w, d), reg(w, s));
            emit_mul_imm(&e, w, r, s, 1000), expect("imul %s, %s, 1000", reg(w, d), reg(w, s));
            emit_shift(&e, EMIT_SHL, w, r, s, 9), expect("shlx %s, %s, %s", reg(w, d), reg(w, s), reg(w, 9));
            emit_shift(&e, EMIT_SHR_S, w, r, s, 2),
                expect("sarx %s, %s, %s", reg(w, d), reg(w, s), reg(w, 2));
            emit_shift(&e, EMIT_SHR_U, w, r, s, 12),
                expect("shrx %s, %s, %s", reg(w, d), reg(w, s), reg(w, 12));
            emit_shift_imm(&e, EMIT_ROTR, w, r, r, 7), expect("ror %s, 7", reg(w, d));
            emit_shift_imm(&e, EMIT_SHR_S, w, r, r, 31), expect("sar %s, 31", reg(w, d));
            emit_neg(&e, w, r, r), expect("neg %s", reg(w, d));
            emit_not(&e, w, r, r), expect("not %s", reg(w, d));
            emit_extend_signed(&e, 0, w, r, s), expect("movsx %s, %s", reg(w, d), r8[s]);
            emit_extend_signed(&e, 1, w, r, s), expect("movsx %s, %s", reg(w, d), r16[s]);
            emit_extend_signed(&e, 2, true, r, s), expect("movsxd %s, %s", r64[d], r32[s]);
            emit_extend_zero(&e, 0, r, s), expect("movzx %s, %s", r32[d], r8[s]);
            emit_extend_zero(&e, 1, r, s), expect("movzx %s, %s", r32[d], r16[s]);
            emit_clz(&e, w, r, s), expect("lzcnt %s, %s", reg(w, d), reg(w, s));
            emit_ctz(&e, w, r, s), expect("tzcnt %s, %s", reg(w, d), reg(w, s));
            emit_popcnt(&e, w, r, s), expect("popcnt %s, %s", reg(w, d), reg(w, s));
            emit_cmp(&e, w, r, s), expect("cmp %s, %s", reg(w, d), reg(w, s));
            emit_cmp_imm(&e, w, r, 0), expect("test %s, %s", reg(w, d), reg(w, d));
            emit_cmp_imm(&e, w, r, -7), expect("cmp %s, -7", reg(w, d));
            emit_move_if(&e, EMIT_LE_S, w, r, s), expect("cmovle %s, %s", reg(w, d), reg(w, s));
            emit_set(&e, EMIT_GT_U, r), expect("seta %s", r8[d]), expect("movzx %s, %s", r32[d], r8[d]);
            emit_divide(&e, true, w, s), expect(w ? "cqo" : "cdq"), expect("idiv %s", reg(w, s));
            emit_divide(&e, false, w, s), expect("xor edx, edx"), expect("div %s", reg(w, s));
            struct emit_mem m = emit_at(s, 64);
            emit_alu_mem(&e, EMIT_ADD, w, r, m),
                expect("add %s, %sword ptr %s", reg(w, d), w ? "q" : "d", memory(m));
            emit_alu_to_mem(&e, EMIT_OR, w, m, r),
                expect("or %sword ptr %s, %s", w ? "q" : "d", memory(m), reg(w, d));
            emit_alu_imm_to_mem(&e, EMIT_AND, w, m, 300),
                expect("and %sword ptr %s, 300", w ? "q" : "d", memory(m));
            emit_cmp_mem(&e, w, r, m), expect("cmp %s, %sword ptr %s", reg(w, d), w ? "q" : "d", memory(m));
            emit_cmp_mem_imm(&e, w, m, 0), expect("cmp %sword ptr %s, 0", w ? "q" : "d", memory(m));
            emit_call_mem(&e, m), expect("call qword ptr %s", memory(m));
            emit_jump_mem(&e, m), expect("jmp qword ptr %s", memory(m));
        }
    compare("integers");
}

static void test_floats(void)
{
    for (unsigned avx = 0; avx < 2; avx++) {
        begin(avx ? EMIT_FEATURE_AVX : 0);
        const char *v = avx ? "v" : "";
        for (unsigned d = 0; d < 16; d++)
            for (unsigned s = 0; s < 16; s++)
                for (unsigned w = 0; w < 2; w++) {
                    char t = w ? 'd' : 's';
                    emit_reg r = (emit_reg)d, a = (emit_reg)s;
                    if (d != s) emit_fmove(&e, r, a), expect("%smovaps xmm%u, xmm%u", v, d, s);
                    emit_fop(&e, EMIT_FSUB, w, r, r, a);
                    if (avx)
                        expect("vsubs%c xmm%u, xmm%u, xmm%u", t, d, d, s);
                    else
                        expect("subs%c xmm%u, xmm%u", t, d, s);
                    emit_fbits(&e, w, r, a), expect("%smov%c xmm%u, %s", v, w ? 'q' : 'd', d, reg(w, s));
                    emit_ibits(&e, w, r, a), expect("%smov%c %s, xmm%u", v, w ? 'q' : 'd', reg(w, d), s);
                    emit_fcmp(&e, w, r, a), expect("%sucomis%c xmm%u, xmm%u", v, t, d, s);
                    emit_fsqrt(&e, w, r, a);
                    if (avx)
                        expect("vsqrts%c xmm%u, xmm%u, xmm%u", t, d, s, s);
                    else
                        expect("sqrts%c xmm%u, xmm%u", t, d, s);
                    emit_fround(&e, EMIT_ROUND_CEIL, w, r, a);
                    if (avx)
                        expect("vrounds%c xmm%u, xmm%u, xmm%u, 10", t, d, s, s);
                    else
                        expect("rounds%c xmm%u, xmm%u, 10", t, d, s);
                }
        compare(avx ? "floats, AVX" : "floats");
    }
}

static void test_labels(void)
{
    begin(0);
    struct emit_label forward = EMIT_LABEL, back = EMIT_LABEL;
    emit_bind(&e, &back);
    emit_jump(&e, &forward), expect("jmp 15");
    emit_branch(&e, EMIT_EQ, &forward), expect("je 9");
    emit_branch(&e, EMIT_LT_S, &back), expect("jl -13");
    emit_address(&e, 9, &forward), expect("lea r9, [rip]");
    emit_bind(&e, &forward);
    emit_call(&e, &back), expect("call -25");
    emit_return(&e), expect("ret");
    emit_stop(&e), expect("ud2");
    compare("labels");
    uint8_t all[64];
    for (unsigned n = 0; n < 40; n++) { /* whatever the room, nothing is written past it */
        memset(all, 0xaa, sizeof all);
        emit_begin(&e, all, n, 0);
        for (unsigned k = 0; k < 20; k++) emit_move_imm(&e, 1, UINT64_MAX / 3);
        CHECK(e.overflow);
        for (unsigned k = n; k < sizeof all; k++) CHECK(all[k] == 0xaa);
    }
    for (unsigned n = 1; n < 20; n++) {
        begin(0);
        emit_return(&e), expect("ret");
        emit_align(&e, 16);
        CHECK(emit_offset(&e) == 16);
        expected_at = 0;
    }
}

int main(void)
{
    test_moves();
    test_memory();
    test_integers();
    test_floats();
    test_labels();
    return check_report();
}
