# The commands.  Groups of packages are installed by tools/install.sh, which says what it does.

BARE_SRC := $(wildcard $(addsuffix /*.c,$(BARE_DIRS)))

.PHONY: unit lib format lint machine clean deps-build deps-test deps-bench
deps-build:
	@tools/install.sh build
deps-test:
	@tools/install.sh build test modules machine prove
deps-bench:
	@tools/install.sh build bench modules machine

lib: $(LIB) ## build the runtime library

unit: $(TEST_BIN) ## build and run the C unit tests (V=release, asan, tsan or stress)
	@tools/run-unit-tests.sh $(TEST_BIN)

lint: $(LIB) out/reference lona ## check include rules and formatting
	@tools/lint-includes.sh $(OUT)/obj $(MACHINE_OUT)/kernel
	@tools/check-reference.sh
	@tools/check-format.sh

machine: ## compile the runtime for the bare machine, check that it has no writable data
	@tools/check-machine.sh $(BARE_SRC)

format: ## format the C sources with clang-format-19
	@clang-format-19 -i $$(git ls-files '*.c' '*.h')

clean: ## remove everything built
	rm -rf out

# ---- the two commands of the README ----
.PHONY: run test bench
run: deps-machine ## boot the machine in QEMU, down to the prompt (installs what that needs); Ctrl-D leaves
	@$(MAKE) -s disk
	@tools/qemu.sh

test: deps-test ## the whole test suite (installs what it needs); stages: tools/test.sh --list
	@tools/test.sh

bench: deps-bench ## side by side with peers (installs them); bench/run.py --help
	@$(MAKE) -s lona
	@bench/run.py
	@bench/modules.py
	@$(MAKE) -s disk out/x86_64/measure.disk
	@bench/machine.py
	@bench/forth.py

# ---- the program ----
LONA := $(OUT)/lona
.PHONY: lona
lona: $(LONA) $(LONA).image ## build the program (out/lona is the release build) and its image

# The language brought up, as a file: without it, or when it is stale, a start reads the sources.
$(LONA).image: $(LONA) $(LONA_SRC)
	@rm -f $@
	@timeout 120 $(LONA) --write-image $@ || echo "no image: the program will start from source"

$(LONA): $(OUT)/obj/$(MAIN:.c=.o) $(LIB)
	$(CC) $(CFLAGS) $(OUT)/obj/$(MAIN:.c=.o) $(LIB) $(LDFLAGS) -o $@
ifeq ($(V),release)
	@ln -sf $(V)/lona out/lona
endif

# ---- the language suite in other builds ----
.PHONY: unit-tsan language-asan language-stress
unit-tsan: ## scheduler tests under ThreadSanitizer
	@$(MAKE) -s V=tsan unit TEST_SRC="$(wildcard test/runtime/sched/*_test.c)"

language-asan: ## the language suite under AddressSanitizer and UBSan
	@$(MAKE) -s V=asan lona
	@ASAN_OPTIONS=detect_leaks=0 out/asan/lona test test/lona test/vision

language-stress: ## the language suite, collecting at every safepoint and switching at every reduction
	@$(MAKE) -s V=stress lona
	@out/stress/lona test test/lona test/vision

FAILALLOC_SECONDS ?= 1800
FAILALLOC_FILES = $(filter-out %/domain_test.lona-s %/behaviours_test.lona-s,$(wildcard test/lona/*_test.lona-s))
.PHONY: failalloc failalloc-short
failalloc: ## programs and the language suite, each allocation failing once, under the sanitizers
	@$(MAKE) -s V=failalloc $(OUT:release=failalloc)/lona
	@out/failalloc/lona --schedulers=1 test/failalloc/failalloc.lona-s $(FAILALLOC_SECONDS) $(FAILALLOC_FILES)

failalloc-short: ## the programs alone, for a minute
	@$(MAKE) -s failalloc FAILALLOC_SECONDS=60 FAILALLOC_FILES=

# ---- fuzzing: FUZZ_SECONDS for each harness of test/fuzz ----
FUZZ_SECONDS ?= 600
FUZZ_SRC := $(wildcard test/fuzz/*_fuzz.c)
.PHONY: fuzz fuzz-short fuzz-build
fuzz: ## fuzz each harness for FUZZ_SECONDS (600)
	@$(MAKE) -s V=fuzz fuzz-build
	@tools/run-fuzzers.sh $(FUZZ_SECONDS) $(FUZZ_SRC:%.c=out/fuzz/%)

fuzz-short: ## the same, 8 seconds each, from a fixed seed: repeatable
	@FUZZ_SEED=1 $(MAKE) -s fuzz FUZZ_SECONDS=8

fuzz-build: $(FUZZ_SRC:%.c=$(OUT)/%)

$(OUT)/test/fuzz/%: test/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $< test/support/check.c $(if $(findstring "test/stub/stub.h",$(shell cat $<)),test/stub/stub.c) \
	    $(LIB) $(LDFLAGS) -fsanitize=fuzzer -lm -o $@

# ---- proof of the kernel's core ----
.PHONY: prove deps-prove
deps-prove:
	@tools/install.sh build prove
prove: deps-prove ## prove kernel/core with Frama-C/WP: run-time errors and contracts (some minutes)
	@proof/prove.sh

# ---- reference pages, made from the tables ----
REFERENCE := errors opcodes primitives words
.PHONY: reference
reference: out/reference ## write docs/reference from the tables
	@for page in $(REFERENCE); do out/reference $$page > docs/reference/$$page.md; done

out/reference: tools/reference.c spec/errors.def spec/opcodes.def spec/words.def spec/statuses.def spec/rights.def spec/objects_kernel.def spec/ownership.def runtime/vm/prims.def $(wildcard runtime/prims/*.def)
	@mkdir -p out
	$(CC) -std=gnu11 -I. $(WARN) $< -o $@
