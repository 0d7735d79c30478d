# Lona.  `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
#
# Sources are found, not listed: a new file in a folder is built by being there.
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
CC := clang-19
AR := llvm-ar-19
V ?= release
OUT := out/$(V)

# What runs on the bare machine as well, and what belongs to the host alone.
BARE_DIRS := base loader/bytecode loader/forth loader/wasm loader/proof loader/emit loader/emit/x86_64 loader/translate \
             runtime/value runtime/reader runtime/compiler runtime/vm runtime/gc runtime/sched runtime/debug runtime/prims \
             forth kernel/core kernel/acpi boot/common
HOST_DIRS := runtime/port/hosted loader/port/hosted forth/port/hosted kernel/arch/hosted
LIB_DIRS := $(BARE_DIRS) $(HOST_DIRS)
MAIN := runtime/port/hosted/main.c
LIB_SRC := $(filter-out $(MAIN),$(wildcard $(addsuffix /*.c,$(LIB_DIRS))))
TEST_SRC := $(shell find test -name '*_test.c' 2>/dev/null | sort)
LONA_SRC := $(shell find lib -name '*.lona-s' 2>/dev/null | sort)

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-function -Wno-unused-parameter \
        -Wno-c2x-extensions
CFLAGS_release := -O2 -g1 -fno-plt
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DLONA_ASAN
CFLAGS_tsan := -O1 -g -fsanitize=thread -DLONA_TSAN
CFLAGS_stress := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all -DLONA_STRESS
CFLAGS_failalloc := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DLONA_ASAN -DLONA_FAIL_ALLOC
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -DLONA_ASAN
# Hash nodes count bits at every step: without the instruction a map access takes twice as long.
CFLAGS_x86_64 := -mpopcnt
CFLAGS := $(CFLAGS_$(shell uname -m)) -std=gnu11 -I. -D_GNU_SOURCE -fno-strict-aliasing -fwrapv -fno-math-errno $(WARN) $(CFLAGS_$(V))
# A fixed address, so that an image of the running program (out/lona.image) can hold addresses of code.
LDFLAGS := -fuse-ld=lld -no-pie -Wl,--build-id=sha1 $(filter -fsanitize=% -fno-sanitize-recover%,$(CFLAGS_$(V))) -pthread

LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/obj/%.o)
LIB := $(OUT)/liblona.a
TEST_BIN := $(TEST_SRC:%.c=$(OUT)/%)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

include tools/make/targets.mk
include tools/make/machine.mk

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

$(OUT)/test/%_test: test/%_test.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $< $(wildcard test/support/*.c) $(if $(findstring "test/stub/stub.h",$(shell cat $<)),test/stub/stub.c) $(LIB) $(LDFLAGS) -lm -o $@

-include $(shell find out -name '*.d' 2>/dev/null)
