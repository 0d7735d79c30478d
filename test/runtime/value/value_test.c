#include "test/stub/stub.h"
#include "test/support/check.h"
int main(void)
{
    struct process *p = stub_process();
    struct object *o = heap_alloc(p, T_CONS, 0, 2);
    o->p[0] = from_fixnum(-3);
    CHECK(to_fixnum(o->p[0]) == -3);
    CHECK(is_double(from_double(-1.0 / 0)));
    CHECK(to_double(from_double(1.5)) == 1.5);
    CHECK(!is_fixnum(from_double(-1e308)));
    CHECK(is_char(from_char(0x10ffff)));
    CHECK(!is_ptr(NIL) && is_ptr(from_obj(o)));
    return check_report();
}
