# The commands.  Groups of packages are installed by tools/install.sh, which says what it does.

BARE_SRC := $(filter-out runtime/port/hosted/%,$(LIB_SRC))

.PHONY: unit lib format lint machine clean deps-build deps-test deps-bench
deps-build:
	@tools/install.sh build
deps-test:
	@tools/install.sh build test
deps-bench:
	@tools/install.sh build bench

lib: $(LIB) ## build the runtime library

unit: $(TEST_BIN) ## build and run the C unit tests (V=release, asan, tsan or stress)
	@tools/run-unit-tests.sh $(TEST_BIN)

lint: $(LIB) ## check include rules and formatting
	@tools/lint-includes.sh $(OUT)/obj
	@tools/check-format.sh

machine: ## compile the runtime for the bare machine, check that it has no writable data
	@tools/check-machine.sh $(BARE_SRC)

format: ## format the C sources with clang-format-19
	@clang-format-19 -i $$(git ls-files '*.c' '*.h')

clean: ## remove everything built
	rm -rf out

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
