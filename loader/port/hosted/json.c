#include "loader/port/hosted/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { DEPTH = 100 };

struct parser {
    char *p, *end, *begin;
};

static void skip_space(struct parser *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')) s->p++;
}

static bool take(struct parser *s, char c)
{
    skip_space(s);
    if (s->p >= s->end || *s->p != c) return false;
    s->p++;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* After "\u": four digits.  Writes at to; its length, 0 if malformed. */
static unsigned unicode_escape(struct parser *s, char *to)
{
    uint32_t c = 0;
    if (s->end - s->p < 4) return 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*s->p++);
        if (digit < 0) return 0;
        c = c << 4 | (uint32_t)digit;
    }
    if (c < 0x100) {
        *to = (char)c;
        return 1;
    }
    return utf8_is_scalar(c) ? utf8_encode(c, to) : 0;
}

/* After the opening quote.  Decodes in place: no escape is shorter than what it stands for. */
static bool parse_string(struct parser *s, const char **text, size_t *size)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char *to = s->p;
    *text = to;
    while (s->p < s->end && *s->p != '"') {
        char c = *s->p++;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        if (s->p >= s->end) return false;
        char escape = *s->p++;
        const char *known = escape != 0 ? strchr(from, escape) : NULL;
        if (known != NULL) {
            *to++ = into[known - from];
        } else {
            unsigned written = escape == 'u' ? unicode_escape(s, to) : 0;
            if (written == 0) return false;
            to += written;
        }
    }
    if (s->p >= s->end) return false;
    s->p++;
    *size = (size_t)(to - *text);
    *to = 0; /* at the latest where the closing quote was */
    return true;
}

static bool parse_word(struct parser *s, struct json *j)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_BOOL}, {"false", JSON_BOOL}};
    for (unsigned i = 0; i < COUNT_OF(words); i++) {
        size_t size = strlen(words[i].word);
        if ((size_t)(s->end - s->p) < size || memcmp(s->p, words[i].word, size) != 0) continue;
        s->p += size;
        j->kind = words[i].kind;
        j->text = words[i].word;
        j->size = size;
        return true;
    }
    return false;
}

/* The text of a number is copied, since it is followed by what must not be overwritten. */
static bool parse_number(struct parser *s, struct json *j)
{
    char *begin = s->p;
    while (s->p < s->end && strchr("+-.eE0123456789", *s->p) != NULL && *s->p != 0) s->p++;
    if (s->p == begin) return false;
    j->kind = JSON_NUMBER;
    j->size = (size_t)(s->p - begin);
    j->text = strndup(begin, j->size);
    return j->text != NULL;
}

static struct json *parse_value(struct parser *s, unsigned depth);

static bool parse_members(struct parser *s, struct json *j, char close, unsigned depth)
{
    struct json **at = &j->first;
    if (take(s, close)) return true;
    do {
        const char *key = NULL;
        size_t size;
        if (close == '}' && (!take(s, '"') || !parse_string(s, &key, &size) || !take(s, ':'))) return false;
        *at = parse_value(s, depth + 1);
        if (*at == NULL) return false;
        (*at)->key = key;
        at = &(*at)->next;
    } while (take(s, ','));
    return take(s, close);
}

static struct json *parse_value(struct parser *s, unsigned depth)
{
    struct json *j = calloc(1, sizeof *j);
    if (j == NULL) return NULL;
    bool good = false;
    skip_space(s);
    if (s->p < s->end && depth < DEPTH) {
        switch (*s->p) {
        case '"':
            s->p++;
            j->kind = JSON_STRING;
            good = parse_string(s, &j->text, &j->size);
            break;
        case '[':
            s->p++;
            j->kind = JSON_ARRAY;
            good = parse_members(s, j, ']', depth);
            break;
        case '{':
            s->p++;
            j->kind = JSON_OBJECT;
            good = parse_members(s, j, '}', depth);
            break;
        default: good = parse_word(s, j) || parse_number(s, j);
        }
    }
    if (good) return j;
    json_free(j);
    return NULL;
}

struct json *json_parse(char *text, size_t size, size_t *at)
{
    struct parser s = {text, text + size, text};
    struct json *j = parse_value(&s, 0);
    skip_space(&s);
    *at = (size_t)(s.p - s.begin);
    if (j != NULL && s.p != s.end) {
        json_free(j);
        return NULL;
    }
    return j;
}

void json_free(struct json *j)
{
    while (j != NULL) {
        struct json *next = j->next;
        json_free(j->first);
        if (j->kind == JSON_NUMBER) free((char *)j->text);
        free(j);
        j = next;
    }
}

const struct json *json_get(const struct json *j, const char *key)
{
    if (j == NULL || j->kind != JSON_OBJECT) return NULL;
    for (const struct json *m = j->first; m != NULL; m = m->next)
        if (strcmp(m->key, key) == 0) return m;
    return NULL;
}

const char *json_text(const struct json *j, const char *key)
{
    const struct json *m = json_get(j, key);
    return m != NULL && m->text != NULL ? m->text : "";
}
