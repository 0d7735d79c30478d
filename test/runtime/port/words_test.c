/* The table of words against its C form: every function is there, numbers and names are used once and in order. */
#include "runtime/port/port.h"
#include "test/support/check.h"

enum capability { NONE, SIGNAL, POWER, CONSOLE, FILES };
struct word {
    unsigned number;
    const char *name;
    void *function;
    enum capability capability;
    const char *arguments, *errors, *doc;
};

static const struct word words[] = {
#define WORD(number, name, function, arguments, capability, errors, doc)                                     \
    {number, name, (void *)function, capability, arguments, errors, doc},
#include "spec/words.def"
#undef WORD
};

int main(void)
{
    for (unsigned i = 0; i < COUNT_OF(words); i++) {
        CHECK(words[i].function != NULL);
        CHECK(words[i].name[0] != 0 && words[i].doc[0] != 0 && words[i].errors[0] != 0);
        CHECK(i == 0 || words[i].number > words[i - 1].number);
        for (unsigned k = 0; k < i; k++) {
            CHECK(strcmp(words[i].name, words[k].name) != 0);
            CHECK(words[i].function != words[k].function);
        }
    }
    return check_report();
}
