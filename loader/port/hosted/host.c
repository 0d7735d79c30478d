#include "loader/port/hosted/host.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "loader/port/hosted/support.h"
#include "loader/wasm/instance.h"

enum { ALIGNMENT = 1 << 16, PAGE = 4096, REGIONS = 4096, SIGNAL_STACK = 1 << 16 };

/* ---- address space ---- */

static void *reserve(void *context, size_t bytes)
{
    size_t wanted = (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    uint8_t *at =
        mmap(NULL, wanted + ALIGNMENT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return NULL;
    size_t before = -(uintptr_t)at & (ALIGNMENT - 1);
    if (before > 0) munmap(at, before);
    munmap(at + before + wanted, ALIGNMENT - before);
    return at + before;
}

static bool commit(void *context, void *at, size_t bytes)
{
    return bytes == 0 || mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
}

static void release(void *context, void *at, size_t bytes)
{
    munmap(at, (bytes + PAGE - 1) & ~(size_t)(PAGE - 1));
}

static bool seal(void *context, void *at, size_t bytes)
{
    return mprotect(at, bytes, PROT_READ | PROT_EXEC) == 0;
}

/* ---- faults ---- */

/* Regions of code whose memory faults are traps.  The handler reads without a lock: a slot is in use while its begin is not 0, and that is
 * written last and cleared first. */
static struct code_region {
    uintptr_t begin, end, trap_exit;
    const struct wasm_code *owner;
} regions[REGIONS];
static unsigned regions_used; /* slots that ever were in use */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier_segv, earlier_bus;
static bool handlers_installed;
static __thread bool has_signal_stack;

static const struct code_region *region_of(uintptr_t pc)
{
    unsigned used = __atomic_load_n(&regions_used, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < used; i++) {
        uintptr_t begin = __atomic_load_n(&regions[i].begin, __ATOMIC_ACQUIRE);
        if (begin != 0 && pc >= begin && pc < regions[i].end) return &regions[i];
    }
    return NULL;
}

static uintptr_t trap_exit_of(uintptr_t pc)
{
    const struct code_region *region = region_of(pc);
    return region != NULL ? region->trap_exit : 0;
}

static const struct wasm_code *code_at(void *context, uintptr_t pc)
{
    const struct code_region *region = region_of(pc);
    return region != NULL ? region->owner : NULL;
}

static void on_fault(int number, siginfo_t *info, void *state)
{
    ucontext_t *u = state;
#if defined(__x86_64__)
    uintptr_t trap_exit = trap_exit_of((uintptr_t)u->uc_mcontext.gregs[REG_RIP]);
    if (trap_exit != 0) {
        u->uc_mcontext.gregs[REG_RIP] = (greg_t)trap_exit;
        u->uc_mcontext.gregs[REG_RAX] = WASM_TRAP_MEMORY;
        return;
    }
#else
    uintptr_t trap_exit = trap_exit_of((uintptr_t)u->uc_mcontext.pc);
    if (trap_exit != 0) {
        u->uc_mcontext.pc = trap_exit;
        u->uc_mcontext.regs[0] = WASM_TRAP_MEMORY;
        return;
    }
#endif
    /* Not ours: as if we were not there. */
    const struct sigaction *earlier = number == SIGSEGV ? &earlier_segv : &earlier_bus;
    if ((earlier->sa_flags & SA_SIGINFO) && earlier->sa_sigaction != NULL) {
        earlier->sa_sigaction(number, info, state);
    } else if (earlier->sa_handler != SIG_DFL && earlier->sa_handler != SIG_IGN) {
        earlier->sa_handler(number);
    } else {
        signal(number, SIG_DFL); /* the instruction runs again and ends the process */
    }
}

static bool install_handlers(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, &earlier_segv) == 0 && sigaction(SIGBUS, &action, &earlier_bus) == 0;
}

/* The handler must not run on a module's stack, which may be at its end.  One a thread, kept until the thread ends the process. */
static bool give_signal_stack(void)
{
    stack_t current;
    if (has_signal_stack) return true;
    if (sigaltstack(NULL, &current) == 0 && !(current.ss_flags & SS_DISABLE)) return has_signal_stack = true;
    void *memory = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    stack_t wanted = {.ss_sp = memory, .ss_size = SIGNAL_STACK};
    return has_signal_stack = sigaltstack(&wanted, NULL) == 0;
}

static bool catch_faults(void *context, const void *code, size_t bytes, const void *trap_exit,
                         const struct wasm_code *owner)
{
    if (!give_signal_stack()) return false;
    pthread_mutex_lock(&lock);
    if (!handlers_installed) handlers_installed = install_handlers();
    unsigned i = 0;
    while (i < REGIONS && regions[i].begin != 0) i++;
    bool done = handlers_installed && i < REGIONS;
    if (done) {
        regions[i].end = (uintptr_t)code + bytes;
        regions[i].trap_exit = (uintptr_t)trap_exit;
        regions[i].owner = owner;
        __atomic_store_n(&regions[i].begin, (uintptr_t)code, __ATOMIC_RELEASE);
        if (i >= regions_used) __atomic_store_n(&regions_used, i + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static void forget_faults(void *context, const void *code)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < regions_used; i++)
        if (regions[i].begin == (uintptr_t)code) __atomic_store_n(&regions[i].begin, 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
}

/* ---- guarded memories ---- */

static int guards_left = LOADER_HOSTED_GUARDS;

static bool take_guard(void *context)
{
    if (__atomic_fetch_sub(&guards_left, 1, __ATOMIC_RELAXED) > 0) return true;
    __atomic_fetch_add(&guards_left, 1, __ATOMIC_RELAXED);
    return false;
}

static void give_guard(void *context)
{
    __atomic_fetch_add(&guards_left, 1, __ATOMIC_RELAXED);
}

void loader_hosted_set_guards(int count)
{
    __atomic_store_n(&guards_left, count, __ATOMIC_RELAXED);
}

const struct loader_host *loader_hosted_host(void)
{
    static struct loader_host host = {
        .reserve = reserve,
        .commit = commit,
        .release = release,
        .seal = seal,
        .catch_faults = catch_faults,
        .forget_faults = forget_faults,
        .code_at = code_at,
        .take_guard = take_guard,
        .give_guard = give_guard,
    };
    host.allocator = wasm_hosted_allocator;
    return &host;
}
