/* The boot log on the firmware's framebuffer. */
#include "base/mem.h"
#include "kernel/arch/x86_64/font.h"
#include "kernel/arch/x86_64/machine.h"

#define INK 0x00e0e0e0u
#define PAPER 0x00101418u

void screen_start(void)
{
    const struct bootinfo_screen *s = &machine.info.screen;
    if (s->pixels == BOOTINFO_NO_SCREEN || s->start + s->size > 4ull << 30) return;
    if ((uint64_t)s->stride * s->height * 4 > s->size || s->width > s->stride) return;
    machine.screen.pixels = physical(s->start);
    machine.screen.stride = s->stride;
    machine.screen.columns = s->width / FONT_WIDTH;
    machine.screen.rows = s->height / FONT_HEIGHT;
    if (machine.screen.columns == 0 || machine.screen.rows == 0) machine.screen.pixels = NULL;
}

static uint32_t *cell(uint32_t column, uint32_t row)
{
    return machine.screen.pixels + (uint64_t)row * FONT_HEIGHT * machine.screen.stride + column * FONT_WIDTH;
}

static void clear_row(uint32_t row)
{
    for (uint32_t y = 0; y < FONT_HEIGHT; y++) {
        uint32_t *line = cell(0, row) + (uint64_t)y * machine.screen.stride;
        for (uint32_t x = 0; x < machine.screen.columns * FONT_WIDTH; x++) line[x] = PAPER;
    }
}

/* Reading a framebuffer is slow, so nothing scrolls: after the last row comes the first, and the row ahead is blank. */
static void next_row(void)
{
    machine.screen.column = 0;
    machine.screen.row = (machine.screen.row + 1) % machine.screen.rows;
    clear_row(machine.screen.row);
}

static void draw(char c)
{
    const uint8_t *glyph = font_glyph(c);
    uint32_t *at = cell(machine.screen.column, machine.screen.row);
    for (uint32_t y = 0; y < FONT_HEIGHT; y++, at += machine.screen.stride)
        for (uint32_t x = 0; x < FONT_WIDTH; x++)
            at[x] = (glyph[y] >> (FONT_WIDTH - 1 - x) & 1) != 0 ? INK : PAPER;
}

void screen_write(const char *text, size_t bytes)
{
    if (machine.screen.pixels == NULL) return;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            next_row();
        } else if (text[i] == '\r') {
            machine.screen.column = 0;
        } else if (text[i] >= ' ') {
            if (machine.screen.column == machine.screen.columns) next_row();
            draw(text[i]);
            machine.screen.column++;
        }
    }
}
