/* The kernel words that a port answers (forth_port_kernel), their arguments in args[0..3] and results in args[0]. */
#ifndef FORTH_KERNEL_H
#define FORTH_KERNEL_H

enum kernel_word {
    KERNEL_YIELD,
    KERNEL_SPAWN,      /* address, bytes, capabilities -> vmid */
    KERNEL_KILL,       /* vmid */
    KERNEL_STATUS,     /* vmid -> status */
    KERNEL_SEND,       /* vmid, address, bytes */
    KERNEL_RECV,       /* address, room, wait? -> bytes, -1: none */
    KERNEL_FROM,       /* -> vmid */
    KERNEL_SELF,       /* -> vmid */
    KERNEL_PARENT,     /* -> vmid */
    KERNEL_GRANT,      /* vmid, capability */
    KERNEL_REVOKE,     /* vmid, capability */
    KERNEL_HAS,        /* capability -> flag */
    KERNEL_MMIO_READ,  /* physical address -> value */
    KERNEL_MMIO_WRITE, /* value, physical address */
    KERNEL_IRQ,        /* line, token */
    KERNEL_SHARE,      /* address, bytes, vmid */
    KERNEL_EVENT, /* -> vmid, kind, code, flag */
    KERNEL_PROTECT,    /* address, bytes, flags */
};

enum vm_status { VM_DEAD, VM_RUNNABLE, VM_WAITING, VM_BLOCKED, VM_FAULTED };

/* Capabilities: a bit each; CAP_SEND to one VM is 0x10000 + its number. */
enum capability {
    CAP_SPAWN = 1,
    CAP_KILL = 2,
    CAP_MMIO = 4,
    CAP_IRQ = 8,
    CAP_SHARE = 16,
    CAP_TIME_ADMIN = 32,
    CAP_CONSOLE = 64,
    CAP_FILES = 128,
    CAP_BLOCKS = 256,
    CAP_ALL = 511,
    CAP_SEND = 0x10000,
};

#endif
