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
#define ROW(...)                                                                                             \
    row((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void errors(void)
{
    printf("# Conditions that the runtime signals\n\nEach is a map with `:type`, `:message` and, where there "
           "is one, `:value`.\n\n"
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
    printf("# Words\n\n## What the runtime asks of what is below it\n\nHosted, functions of "
           "`runtime/port/hosted`; on the machine, "
           "a thin layer over the kernel's words and messages to services.\n\n"
           "| number | word | arguments | capability | errors | does |\n|---|---|---|---|---|---|\n");
#define WORD(number, name, fn, arguments, capability, error_names, doc)                                      \
    ROW(#number, "`" name "`", arguments, #capability, error_names, doc);
#include "spec/words.def"
    printf("\n## The kernel's words\n\nThe first argument is the handle of a capability of the kind in the "
           "column *object*, with the right in the "
           "next column. Every word with one can answer `bad-handle`, `wrong-kind`, `no-right` and `dead` "
           "for it; the column *errors* has the others. "
           "`abi/kernel.h` says how registers are used.\n\n"
           "| number | word | arguments | results | object | right | errors | does "
           "|\n|---|---|---|---|---|---|---|---|\n");
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, error_names, doc)                 \
    ROW(#number, "`" name "`", arguments, results, #object, #right, error_names, doc);
#include "spec/words.def"
    printf("\n## Statuses\n\n| number | status | means |\n|---|---|---|\n");
#define STATUS(number, NAME, name, doc) ROW(#number, "`" name "`", doc);
#include "spec/statuses.def"
    printf("\n## Rights\n\n| bit | right | allows |\n|---|---|---|\n");
#define RIGHT(bit, name, doc) ROW(#bit, "`" #name "`", doc);
#include "spec/rights.def"
    printf("\n## Kinds of objects\n\n| number | kind | is |\n|---|---|---|\n");
#define OBJECT(number, NAME, name, doc) ROW(#number, "`" name "`", doc);
#include "spec/objects_kernel.def"
    printf("\n## States of regions\n\n| number | state | means |\n|---|---|---|\n");
#define REGION_STATE(number, NAME, doc) ROW(#number, "`" #NAME "`", doc);
#define TRANSITION(from, operation, to)
#include "spec/ownership.def"
#undef TRANSITION
#undef REGION_STATE
    printf("\n| from | operation | to |\n|---|---|---|\n");
#define REGION_STATE(number, NAME, doc)
#define TRANSITION(from, operation, to) ROW("`" #from "`", "`" #operation "`", "`" #to "`");
#include "spec/ownership.def"
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
