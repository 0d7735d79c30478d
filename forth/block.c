/* Blocks of 1 KiB in eight buffers of the data space; the one used longest ago goes first. */
#include "forth/internal.h"

#define BLOCK_BYTES 1024

static cell buffer_address(int i)
{
    return AT_BLOCKS + i * BLOCK_BYTES;
}
static cell write_back(struct forth *f, int i)
{
    struct block_buffer *b = &f->blocks[i];
    if (!b->dirty) return 0;
    b->dirty = false;
    return forth_port_block_write(f->port, b->block, f->bias + buffer_address(i));
}
/* A buffer for that block, its content not read if it was in none. */
static cell assign(struct forth *f, ucell block, int *found, bool *had)
{
    if (block == 0 || block > forth_port_blocks(f->port)) return THROW_BLOCK_NUMBER;
    int oldest = 0;
    *had = true;
    for (int i = 0; i < BLOCK_BUFFERS; i++) {
        if (f->blocks[i].block == block) {
            *found = i;
            f->blocks[i].used = ++f->block_clock;
            return 0;
        }
        if (f->blocks[i].used < f->blocks[oldest].used) oldest = i;
    }
    cell status = write_back(f, oldest);
    if (status != 0) return status;
    f->blocks[oldest] = (struct block_buffer){.block = block, .used = ++f->block_clock};
    *found = oldest;
    *had = false;
    return 0;
}
static cell fetch(struct forth *f, ucell block, int *i)
{
    bool had;
    cell status = assign(f, block, i, &had);
    if (status != 0 || had) return status;
    status = forth_port_block_read(f->port, block, f->bias + buffer_address(*i));
    if (status != 0) f->blocks[*i].block = 0;
    return status;
}
cell p_block(struct forth *f)
{
    int i = 0;
    cell status = fetch(f, (ucell)pop(f), &i);
    f->block_current = i;
    push(f, buffer_address(i));
    return status;
}
cell p_block_address(struct forth *f)
{
    int i = 0;
    cell status = fetch(f, (ucell)pop(f), &i);
    if (status == 0) push(f, buffer_address(i));
    return status;
}
cell p_buffer(struct forth *f)
{
    int i = 0;
    bool had;
    cell status = assign(f, (ucell)pop(f), &i, &had);
    f->block_current = i;
    push(f, buffer_address(i));
    return status;
}
cell p_update(struct forth *f)
{
    if (f->blocks[f->block_current].block != 0) f->blocks[f->block_current].dirty = true;
    return 0;
}
cell p_save_buffers(struct forth *f)
{
    cell first = 0;
    for (int i = 0; i < BLOCK_BUFFERS; i++) {
        cell status = write_back(f, i);
        if (first == 0) first = status;
    }
    return first;
}
cell p_empty_buffers(struct forth *f)
{
    for (int i = 0; i < BLOCK_BUFFERS; i++) f->blocks[i] = (struct block_buffer){0};
    return 0;
}
cell p_flush(struct forth *f)
{
    cell status = p_save_buffers(f);
    p_empty_buffers(f);
    return status;
}
cell p_load(struct forth *f)
{
    cell block = pop(f);
    push(f, block);
    cell status = p_block(f); /* the block that is read is the one that UPDATE means */
    if (status != 0) return status;
    cell address = pop(f);
    status = source_push(f, SOURCE_BLOCK);
    if (status != 0) return status;
    struct source *s = &f->sources[f->source_depth];
    s->block = block;
    s->text = address;
    s->size = BLOCK_BYTES;
    set_fixed(f, AT_BLK, block);
    return source_run(f, s);
}
cell p_thru(struct forth *f)
{
    cell last = pop(f), first = pop(f), status = 0;
    for (cell block = first; status == 0 && block <= last; block++) {
        if (!has_room(f, 1)) return THROW_STACK_OVERFLOW;
        push(f, block);
        status = p_load(f);
        if (block == INT64_MAX) break;
    }
    return status;
}
cell p_list(struct forth *f)
{
    cell block = *f->sp, status = p_block(f);
    if (status != 0) return status;
    const char *text = (const char *)f->bias + pop(f);
    set_fixed(f, AT_SCR, block);
    for (unsigned line = 0; line < 16; line++) {
        char digits[65];
        size_t n = digits_text(line, 10, digits);
        say_string(f, n == 1 ? " " : "");
        say(f, digits, n);
        say(f, " ", 1);
        char shown[64];
        for (unsigned i = 0; i < 64; i++)
            shown[i] = (uint8_t)text[line * 64 + i] < ' ' ? ' ' : text[line * 64 + i];
        say(f, shown, 64);
        say(f, "\n", 1);
    }
    return 0;
}
