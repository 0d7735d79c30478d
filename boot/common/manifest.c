#include "boot/common/manifest.h"

#include "base/mem.h"

static const struct {
    char name[8];
    uint32_t role;
} roles[] = {
    {"kernel", BOOTINFO_KERNEL},   {"runtime", BOOTINFO_RUNTIME}, {"library", BOOTINFO_LIBRARY},
    {"program", BOOTINFO_PROGRAM}, {"data", BOOTINFO_DATA},
};

struct text {
    const char *at, *end;
};

const char *manifest_role_name(uint32_t role)
{
    for (unsigned i = 0; i < COUNT_OF(roles); i++)
        if (roles[i].role == role) return roles[i].name;
    return "";
}

static size_t length_of(const char *s)
{
    size_t n = 0;
    while (s[n] != 0) n++;
    return n;
}

static bool take(struct text *t, const char *expected)
{
    size_t n = length_of(expected);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, expected, n) != 0) return false;
    t->at += n;
    return true;
}

/* FAT's short form: up to 8, a dot, up to 3. */
static bool take_name(struct text *t, char name[BOOTINFO_NAME_BYTES])
{
    unsigned n = 0, stem = 0, extension = 0;
    bool dot = false;
    for (; t->at < t->end && *t->at != ' ' && *t->at != '\n'; t->at++) {
        char c = *t->at;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (c == '.' && !dot && stem > 0)
            dot = true;
        else if (plain && !dot && stem < 8)
            stem++;
        else if (plain && dot && extension < 3)
            extension++;
        else
            return false;
        name[n++] = c;
    }
    memset(name + n, 0, BOOTINFO_NAME_BYTES - n);
    return stem > 0 && (!dot || extension > 0);
}

static bool take_role(struct text *t, uint32_t *role)
{
    for (unsigned i = 0; i < COUNT_OF(roles); i++) {
        if (!take(t, roles[i].name)) continue;
        *role = roles[i].role;
        return true;
    }
    return false;
}

static bool take_size(struct text *t, uint64_t *size)
{
    const char *first = t->at;
    *size = 0;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        *size = *size * 10 + (uint64_t)(*t->at - '0');
        if (*size > IMAGE_MAX_BYTES) return false;
    }
    return t->at > first && *first != '0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_digest(struct text *t, uint8_t digest[32])
{
    if (t->end - t->at < 64) return false;
    for (unsigned i = 0; i < 32; i++, t->at += 2) {
        int high = hex_digit(t->at[0]), low = hex_digit(t->at[1]);
        if (high < 0 || low < 0) return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool same_name(const char *a, const char *b)
{
    return memcmp(a, b, BOOTINFO_NAME_BYTES) == 0;
}

static const char *parse_entry(struct manifest *m, struct text *t)
{
    if (m->count == BOOTINFO_IMAGES) return "it names too many images";
    struct manifest_entry *e = &m->entries[m->count];
    if (!take_name(t, e->name) || !take(t, " ")) return "a line does not begin with a file name";
    for (unsigned i = 0; i < m->count; i++)
        if (same_name(m->entries[i].name, e->name)) return "it names an image twice";
    if (!take_role(t, &e->role) || !take(t, " ")) return "a line has an unknown role";
    if (!take_size(t, &e->size) || !take(t, " ")) return "a line has no size, or one beyond the limit";
    if (!take_digest(t, e->sha256) || !take(t, "\n")) return "a line does not end with a SHA-256";
    m->count++;
    return NULL;
}

const char *manifest_parse(struct manifest *m, const char *text, size_t size)
{
    struct text t = {text, text + size};
    char root[BOOTINFO_NAME_BYTES];
    memset(m, 0, sizeof *m);
    if (size > MANIFEST_MAX_BYTES) return "it is too long";
    if (!take(&t, "lona-manifest 1\n")) return "it does not begin with \"lona-manifest 1\"";
    if (!take(&t, "root ") || !take_name(&t, root) || !take(&t, "\n"))
        return "it does not name the root domain";
    while (t.at < t.end) {
        const char *wrong = parse_entry(m, &t);
        if (wrong != NULL) return wrong;
    }
    unsigned kernels = 0, roots = 0;
    for (unsigned i = 0; i < m->count; i++) {
        if (m->entries[i].role == BOOTINFO_KERNEL) {
            m->kernel = i;
            kernels++;
        } else if (same_name(m->entries[i].name, root)) {
            m->root = i;
            roots++;
        }
    }
    if (kernels != 1) return "it does not name exactly one kernel";
    return roots == 1 ? NULL : "the root domain is not among its images";
}
