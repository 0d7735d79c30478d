/* Measurement into a TPM 2.0, where the firmware offers one. */
#include "base/mem.h"
#include "boot/boot.h"

static const struct efi_guid tcg2_guid = {
    0x607f766c, 0x7455, 0x42be, {0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f}};

void tpm_start(struct boot *b)
{
    struct efi_tcg2 *tpm;
    struct tcg2_capability c = {.size = sizeof c};
    b->tpm = NULL;
    if (efi_failed(b->services->locate_protocol(&tcg2_guid, NULL, (void **)&tpm))) return;
    if (!efi_failed(tpm->get_capability(tpm, &c)) && c.present) b->tpm = tpm;
}

static uint32_t append(uint8_t *to, uint32_t n, const char *text)
{
    for (; *text != 0 && n < 64; text++) to[n++] = (uint8_t)*text;
    return n;
}

void tpm_measure(struct boot *b, uint32_t pcr, const char *role, const char *name, const void *data,
                 uint64_t bytes)
{
    struct __attribute__((packed)) {
        struct tcg2_event e;
        uint8_t text[64];
    } event;
    if (b->tpm == NULL) return;
    uint32_t n = append(event.text, 0, "lona ");
    n = append(event.text, n, role);
    n = append(event.text, n, " ");
    n = append(event.text, n, name);
    event.e = (struct tcg2_event){(uint32_t)sizeof event.e + n, sizeof event.e - sizeof event.e.size, 1, pcr,
                                  TCG2_EVENT_IPL};
    if (efi_failed(b->tpm->hash_log_extend(b->tpm, 0, (uint64_t)data, bytes, &event.e)))
        refuse(b, "the TPM does not take the measurement of", name, "");
}

/* ---- the log ---- */

static uint32_t digest_bytes(uint16_t algorithm)
{
    switch (algorithm) {
    case 0x0004: return 20; /* SHA-1 */
    case 0x000b: return 32; /* SHA-256 */
    case 0x000c: return 48; /* SHA-384 */
    case 0x000d: return 64; /* SHA-512 */
    case 0x0012: return 32; /* SM3-256 */
    default: return 0;
    }
}

static uint32_t read_u32(const uint8_t *at)
{
    uint32_t n;
    memcpy(&n, at, sizeof n);
    return n;
}

/* Size of a TCG_PCR_EVENT2, or of the first event of a log, which has the older form; 0: not understood. */
static uint64_t event_size(const uint8_t *e, bool first)
{
    if (first) return 32 + read_u32(e + 28);
    uint32_t count = read_u32(e + 8);
    uint64_t at = 12;
    if (count > 8) return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = digest_bytes((uint16_t)(e[at] | e[at + 1] << 8));
        if (n == 0) return 0;
        at += 2 + n;
    }
    return at + 4 + read_u32(e + at);
}

void tpm_keep_log(struct boot *b)
{
    uint64_t log = 0, last = 0;
    uint8_t truncated = 0;
    if (b->tpm == NULL ||
        efi_failed(b->tpm->get_event_log(b->tpm, TCG2_LOG_FORMAT_2, &log, &last, &truncated)))
        return;
    if (log == 0 || last < log || truncated) return;
    uint64_t size = event_size((uint8_t *)last, last == log);
    if (size == 0) return;
    size += last - log;
    b->info->event_log = pages_allocate(b, size, "the TPM's log");
    b->info->event_log_bytes = size;
    memcpy((void *)b->info->event_log, (void *)log, size);
}
