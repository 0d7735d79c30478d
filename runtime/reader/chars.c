#include "runtime/reader/chars.h"

const struct char_name char_names[] = {{'\n', "newline"}, {' ', "space"},      {'\t', "tab"},
                                       {'\r', "return"},  {'\b', "backspace"}, {'\f', "formfeed"}};
const unsigned char_name_count = COUNT_OF(char_names);
