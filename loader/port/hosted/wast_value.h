/* Values as wast2json writes them: {"type": "f32", "value": "1065353216"}. */
#ifndef LOADER_PORT_HOSTED_WAST_VALUE_H
#define LOADER_PORT_HOSTED_WAST_VALUE_H

#include "loader/port/hosted/json.h"
#include "loader/wasm/instance.h"

/* false: not a value of that type. */
bool wast_value_read(const struct json *j, uint8_t type, union wasm_value *out);
/* The value is what the script expects: the bits, or a NaN of the pattern named. */
bool wast_value_fits(const struct json *expected, uint8_t type, const union wasm_value *value);
void wast_value_print(uint8_t type, const union wasm_value *value, char *text, size_t size);

#endif
