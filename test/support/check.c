#include "test/support/check.h"

struct check_counts check_counts;
