/* A reader of JSON (RFC 8259) for the test scripts that wast2json writes.
 *
 * One departure: \u00XX stands for the byte XX, since that is how wast2json writes names, which are bytes; other \u escapes give UTF-8. */
#ifndef LOADER_PORT_HOSTED_JSON_H
#define LOADER_PORT_HOSTED_JSON_H

#include "base/types.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    struct json *next;  /* of the same array or object */
    struct json *first; /* of an array or object */
    const char *key;    /* of an object's member; terminated */
    const char *text;   /* of a string, decoded; of a number, as written; terminated */
    size_t size;        /* of text: a string may hold zero bytes */
};

/* NULL: malformed, nested deeper than 100, or no memory; *at the offset where.  text is changed and must outlive the result. */
struct json *json_parse(char *text, size_t size, size_t *at);
void json_free(struct json *j);

/* The member, or NULL (also if j is no object or NULL). */
const struct json *json_get(const struct json *j, const char *key);
/* The member's text, or "". */
const char *json_text(const struct json *j, const char *key);

#endif
