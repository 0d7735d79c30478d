/* The part of the UEFI interface that the loader uses.  Source: UEFI specification 2.10; TCG EFI Protocol specification
 * level 00 revision 1.00 for TCG2.  Members that are not used are there for their place only. */
#ifndef BOOT_UEFI_H
#define BOOT_UEFI_H

#include "base/types.h"

typedef uint64_t efi_status;
typedef void *efi_handle;
#define EFI_ERROR_BIT (1ull << 63)
#define EFI_SUCCESS 0ull
#define EFI_INVALID_PARAMETER (EFI_ERROR_BIT | 2)
#define EFI_BUFFER_TOO_SMALL (EFI_ERROR_BIT | 5)
#define EFI_NOT_FOUND (EFI_ERROR_BIT | 14)
#define EFI_SECURITY_VIOLATION (EFI_ERROR_BIT | 26)

struct efi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

struct efi_table_header {
    uint64_t signature;
    uint32_t revision, header_bytes, crc32, reserved;
};

struct efi_text_output {
    void *reset;
    efi_status (*output_string)(struct efi_text_output *self, const uint16_t *text);
};

enum efi_memory_type {
    EFI_RESERVED,
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_SERVICES_CODE,
    EFI_BOOT_SERVICES_DATA,
    EFI_RUNTIME_CODE,
    EFI_RUNTIME_DATA,
    EFI_CONVENTIONAL,
    EFI_UNUSABLE,
    EFI_ACPI_RECLAIM,
    EFI_ACPI_NVS,
    EFI_MMIO,
    EFI_MMIO_PORTS,
    EFI_PAL_CODE,
    EFI_PERSISTENT
};

struct efi_memory_descriptor {
    uint32_t type, pad;
    uint64_t start, virtual_start, pages, attributes;
};

enum { EFI_ALLOCATE_ANY, EFI_ALLOCATE_MAX, EFI_ALLOCATE_AT };

struct efi_boot_services {
    struct efi_table_header header;
    void *raise_tpl, *restore_tpl;
    efi_status (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
    efi_status (*free_pages)(uint64_t address, uint64_t pages);
    efi_status (*get_memory_map)(uint64_t *bytes, void *map, uint64_t *key, uint64_t *descriptor_bytes,
                                 uint32_t *version);
    void *allocate_pool, *free_pool;
    void *create_event, *set_timer, *wait_for_event, *signal_event, *close_event, *check_event;
    void *install_protocol, *reinstall_protocol, *uninstall_protocol;
    efi_status (*handle_protocol)(efi_handle handle, const struct efi_guid *protocol, void **interface);
    void *reserved, *register_notify, *locate_handle, *locate_device_path, *install_table;
    void *load_image, *start_image, *exit, *unload_image;
    efi_status (*exit_boot_services)(efi_handle image, uint64_t key);
    void *monotonic;
    efi_status (*stall)(uint64_t microseconds);
    efi_status (*set_watchdog)(uint64_t seconds, uint64_t code, uint64_t bytes, const uint16_t *data);
    void *connect, *disconnect, *open_protocol, *close_protocol, *open_information;
    void *protocols_per_handle, *locate_handle_buffer;
    efi_status (*locate_protocol)(const struct efi_guid *protocol, void *registration, void **interface);
};

struct efi_configuration {
    struct efi_guid guid;
    void *table;
};

struct efi_system_table {
    struct efi_table_header header;
    uint16_t *vendor;
    uint32_t revision, pad;
    efi_handle console_in_handle;
    void *console_in;
    efi_handle console_out_handle;
    struct efi_text_output *console_out;
    efi_handle error_handle;
    struct efi_text_output *error_out;
    void *runtime;
    struct efi_boot_services *boot;
    uint64_t configuration_count;
    struct efi_configuration *configuration;
};

struct efi_loaded_image {
    uint32_t revision, pad;
    efi_handle parent;
    struct efi_system_table *system;
    efi_handle device;
    void *path, *reserved;
    uint32_t options_bytes, pad2;
    void *options, *base;
    uint64_t bytes;
};

struct efi_file {
    uint64_t revision;
    efi_status (*open)(struct efi_file *self, struct efi_file **out, const uint16_t *name, uint64_t mode,
                       uint64_t attributes);
    efi_status (*close)(struct efi_file *self);
    void *delete;
    efi_status (*read)(struct efi_file *self, uint64_t *bytes, void *to);
    void *write, *get_position, *set_position;
    efi_status (*get_info)(struct efi_file *self, const struct efi_guid *type, uint64_t *bytes, void *to);
};
#define EFI_FILE_READ 1u

struct efi_file_info { /* the file's name follows */
    uint64_t bytes, file_bytes, stored_bytes;
    uint8_t times[48];
    uint64_t attributes;
};

struct efi_file_system {
    uint64_t revision;
    efi_status (*open_volume)(struct efi_file_system *self, struct efi_file **root);
};

struct efi_graphics_mode_info {
    uint32_t version, width, height, pixel_format;
    uint32_t masks[4];
    uint32_t stride;
};
struct efi_graphics_mode {
    uint32_t limit, mode;
    struct efi_graphics_mode_info *info;
    uint64_t info_bytes, base, bytes;
};
struct efi_graphics {
    void *query, *set, *blt;
    struct efi_graphics_mode *mode;
};

struct efi_rng {
    void *info;
    efi_status (*get)(struct efi_rng *self, const struct efi_guid *algorithm, uint64_t bytes, void *to);
};

struct __attribute__((packed)) tcg2_event { /* its bytes follow */
    uint32_t size, header_size;
    uint16_t header_version;
    uint32_t pcr, type;
};
struct tcg2_capability {
    uint8_t size, structure_major, structure_minor, protocol_major, protocol_minor;
    uint32_t hash_algorithms, event_logs;
    uint8_t present;
    uint8_t rest[15];
};
struct efi_tcg2 {
    efi_status (*get_capability)(struct efi_tcg2 *self, struct tcg2_capability *out);
    efi_status (*get_event_log)(struct efi_tcg2 *self, uint32_t format, uint64_t *log, uint64_t *last,
                                uint8_t *truncated);
    efi_status (*hash_log_extend)(struct efi_tcg2 *self, uint64_t flags, uint64_t data, uint64_t bytes,
                                  struct tcg2_event *event);
};
#define TCG2_LOG_FORMAT_2 2u
#define TCG2_EVENT_IPL 13u

#endif
