/* Every limit of the kernel, with its reason.  The tables are sparse: they reserve kernel addresses, and memory comes behind
 * them as they fill, so a large limit costs nothing until it is used. */
#ifndef SPEC_KERNEL_LIMITS_H
#define SPEC_KERNEL_LIMITS_H

#define CORE_CPUS 16u        /* a domain has a slot for a context on each */
#define CORE_BANDS 8u        /* priority bands; 0 runs first */
#define CORE_DOMAINS 1024u   /* each is a session, a driver or a service */
#define CORE_CONTEXTS 4096u  /* four CPUs' worth for every domain */
#define CORE_REGIONS 65536u  /* a runtime holds some dozens, export segments included */
#define CORE_GRANTS 4096u    /* tokens on their way; they live short */
#define CORE_CHANNELS 16384u /* sixteen a domain */
#define CORE_SIGNALS 16384u
#define CORE_CAPABILITIES 1048576u
#define CORE_VIEWS 131072u
#define CORE_FLOWS 131072u    /* senders of all channels */
#define CORE_MESSAGES 131072u /* places in all queues */
#define CORE_NODES 1048576u   /* of page maps: 64 GiB of regions */
#define CORE_MONITORS 16384u
#define MONITORS_PER_DOMAIN 64u /* raised together when it ends */
#define MEMORY_RUNS 64u         /* runs of physical memory that firmware leaves us */
#define CORE_INTERRUPTS 256u
#define CORE_PORTS 65536u
#define CORE_TRACE 4096u /* events that the trace ring holds; a power of two */

#define CHANNEL_CAPACITY 1024u    /* messages of one queue */
#define DOMAIN_DEPTH 32u          /* of the tree of domains: a grant is passed along two paths of it */
#define REGION_PAGES (1ull << 24) /* 64 GiB: six levels of a page map */
/* What a step of long work handles, so that interrupts are off for under 20,000 instructions. */
#define STEP_UNITS 64u      /* capabilities, frames or messages given back */
#define STEP_PAGES 4u       /* pages zeroed */
#define SHADOW_PAGES 32u    /* pages of a shadow that change places */
#define VIEW_SEARCH 256u    /* views that a fault looks through for the one it hit */
#define TOKEN_SEARCH 1024u  /* capabilities that token-held looks through */
#define DECOMMIT_PAGES 128u /* pages unmapped and given back */

/* ---- time ---- */
#define QUANTUM_NS 5000000ull      /* of round-robin within a band */
#define GRACE_NS 20000ull          /* between the preemption flag and hard preemption */
#define SHORT_QUANTUM_NS 200000ull /* while something is being torn down */

/* ---- addresses: user addresses end at 2^47 ---- */
#define BOOT_END (1ull << 29)   /* page number: boot images lie below 2^41 bytes */
#define ZONE_PAGES (1ull << 29) /* regions of 2^n pages lie in zone n, each 2^41 bytes */
#define ZONES 25u               /* for regions of 1 page to 2^24 pages */

/* ---- what things cost in bytes of budget, beyond their pages: a little over what their tables take ---- */
#define COST_CAPABILITY 96u
#define COST_DOMAIN 4096u  /* its monitors included */
#define COST_CONTEXT 2048u /* the machine's block of registers included; its page comes on top */
#define COST_CONTEXT_PAGE (COST_REGION + COST_VIEW + PAGE_BYTES + 3u * COST_NODE) /* its page, at most */
#define COST_REGION 256u
#define COST_VIEW 64u
#define COST_NODE 64u
#define COST_GRANT 64u
#define COST_CHANNEL 128u
#define COST_MESSAGE 1152u
#define COST_FLOW 64u
#define COST_SIGNAL 128u

#endif
