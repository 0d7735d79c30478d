/* Prints a reference page from the tables.  Usage: reference errors|opcodes|primitives|words */
#include <stdio.h>
#include <string.h>

static void cell(const char *text)
{
    for (; *text != '\0'; text++) printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void row(const char *const *cells, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        printf("| ");
        cell(cells[i]);
        printf(" ");
    }
    printf("|\n");
}
#define ROW(...) row((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void errors(void)
{
    printf("# Conditions that the runtime signals\n\nEach is a map with `:type`, `:message` and, where there is one, `:value`.\n\n"
           "| `:type` | means |\n|---|---|\n");
#define ERR(NAME, keyword, doc) ROW("`:" keyword "`", doc);
#include "spec/errors.def"
}

static void opcodes(void)
{
    printf("# Bytecode instructions\n\nOperand kinds and flow are explained in `spec/opcodes.def`.\n\n"
           "| instruction | a | b | c | flow | does |\n|---|---|---|---|---|---|\n");
#define OP(NAME, name, a, b, c, flow, doc) ROW("`" name "`", #a, #b, #c, #flow, doc);
#include "spec/opcodes.def"
}

static void primitives(void)
{
    printf("# Functions written in C\n\nAll others have their source: `(source name)`.\n\n"
           "| name | arguments | |\n|---|---|---|\n");
#define PRIM(name, fn, min, max, arglists, doc) ROW("`" name "`", "`" arglists "`", doc);
#include "runtime/vm/prims.def"
}

static void words(void)
{
    printf("# Words\n\nWhat the runtime asks of what is below it: hosted, functions of `runtime/port/hosted`; on the machine, "
           "operations of the kernel.\n\n| number | word | arguments | capability | errors | does |\n|---|---|---|---|---|---|\n");
#define WORD(number, name, fn, arguments, capability, error_names, doc)                                        \
    ROW(#number, "`" name "`", arguments, #capability, error_names, doc);
#include "spec/words.def"
}

int main(int argc, char **argv)
{
    const char *page = argc == 2 ? argv[1] : "";
    if (strcmp(page, "errors") == 0)
        errors();
    else if (strcmp(page, "opcodes") == 0)
        opcodes();
    else if (strcmp(page, "words") == 0)
        words();
    else if (strcmp(page, "primitives") == 0)
        primitives();
    else {
        fprintf(stderr, "usage: reference errors|opcodes|primitives|words\n");
        return 2;
    }
    return 0;
}
