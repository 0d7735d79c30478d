#include "loader/port/hosted/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(void *context, size_t bytes)
{
    return calloc(1, bytes == 0 ? 1 : bytes);
}

static void release(void *context, void *block, size_t bytes)
{
    free(block);
}

const struct wasm_allocator wasm_hosted_allocator = {allocate, release, NULL};

uint8_t *wasm_read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    size_t capacity = 1 << 16, used = 0;
    uint8_t *bytes = malloc(capacity);
    while (bytes != NULL) {
        used += fread(bytes + used, 1, capacity - used, f);
        if (used < capacity) break;
        uint8_t *more = realloc(bytes, capacity *= 2);
        if (more == NULL) free(bytes);
        bytes = more;
    }
    if (bytes != NULL && ferror(f)) {
        free(bytes);
        bytes = NULL;
    }
    fclose(f);
    *size = used;
    return bytes;
}

void wasm_error_text(const struct wasm_error *error, char *text, size_t size)
{
    const char *message = wasm_rule_message(error->rule);
    bool unknown = strncmp(message, "unknown ", 8) == 0 && wasm_rule_kind(error->rule) == WASM_INVALID;
    if (unknown && error->index != WASM_NO_INDEX)
        snprintf(text, size, "%s %u", message, error->index);
    else
        snprintf(text, size, "%s", message);
}

void wasm_print_error(const char *path, const struct wasm_error *error)
{
    char text[200];
    wasm_error_text(error, text, sizeof text);
    fprintf(stderr, "%s: offset 0x%zx, %s section: %s: %s (rule %s)\n", path, error->offset,
            wasm_section_name(error->section), wasm_error_kind_name(wasm_rule_kind(error->rule)), text,
            wasm_rule_name(error->rule));
}

bool wasm_read_module(const char *path, uint8_t **bytes, struct wasm_module *m)
{
    size_t size;
    struct wasm_error error;
    *bytes = wasm_read_file(path, &size);
    if (*bytes == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    if (wasm_module_decode(m, *bytes, size, &wasm_hosted_allocator, &error)) return true;
    wasm_print_error(path, &error);
    free(*bytes);
    return false;
}
