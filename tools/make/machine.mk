# What runs on the bare machine: loader, kernel, images, disk.  All of it lands in out/x86_64/.
MACHINE_OUT := out/x86_64
KERNEL_BASE_SRC := base/mem.c base/sha256.c base/elf.c
KERNEL_SRC := $(wildcard kernel/arch/x86_64/*.c kernel/arch/x86_64/*.S kernel/acpi/*.c kernel/core/*.c) $(KERNEL_BASE_SRC)
KERNEL_OBJ := $(patsubst %,$(MACHINE_OUT)/kernel/%.o,$(KERNEL_SRC))
BOOT_SRC := $(wildcard boot/*.c boot/common/*.c boot/x86_64/*.c) $(KERNEL_BASE_SRC)
BOOT_OBJ := $(patsubst %,$(MACHINE_OUT)/boot/%.o,$(BOOT_SRC))

MACHINE_WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-function -Wno-unused-parameter \
                -Wno-c2x-extensions
MACHINE_CFLAGS := -std=gnu11 -O2 -g1 -I. -I$(MACHINE_OUT)/include -ffreestanding -nostdlibinc -fno-strict-aliasing -fwrapv -mno-red-zone \
                  $(MACHINE_WARN) -MMD -MP
# The kernel never touches floating-point state: it belongs to the contexts.
KERNEL_CFLAGS := --target=x86_64-unknown-none-elf $(MACHINE_CFLAGS) -fno-pic -mcmodel=kernel -mgeneral-regs-only \
                 -fno-stack-protector -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -flto
BOOT_CFLAGS := --target=x86_64-unknown-windows $(MACHINE_CFLAGS) -mno-stack-arg-probe -fno-stack-protector

# As one program: a word crosses half a dozen sources.
$(MACHINE_OUT)/kernel/%.o: % tools/make/machine.mk
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -c $< -o $@

# The include rules hold for the kernel, too.
lint: $(KERNEL_OBJ)

$(MACHINE_OUT)/boot/%.o: % tools/make/machine.mk
	@mkdir -p $(@D)
	$(CC) $(BOOT_CFLAGS) -c $< -o $@

$(MACHINE_OUT)/kernel.elf: $(KERNEL_OBJ) kernel/arch/x86_64/kernel.ld
	@ld.lld-19 -T kernel/arch/x86_64/kernel.ld --gc-sections --build-id=none -z max-page-size=4096 -z noexecstack \
	    $(KERNEL_OBJ) -o $@.debug
	@llvm-objcopy-19 --strip-all $@.debug $@

# The images that the manifest names: ROLE:FILE.
MACHINE_ROOT := runtime.elf
MACHINE_IMAGES := kernel:$(MACHINE_OUT)/kernel.elf runtime:$(MACHINE_OUT)/runtime.elf library:$(MACHINE_OUT)/lona.img
MACHINE_FILES := $(foreach i,$(MACHINE_IMAGES),$(lastword $(subst :, ,$(i))))

$(MACHINE_OUT)/manifest $(MACHINE_OUT)/include/boot/manifest_hash.h &: $(MACHINE_FILES) tools/make-manifest.py tools/make/machine.mk
	@mkdir -p $(MACHINE_OUT)
	@python3 tools/make-manifest.py $(MACHINE_OUT)/manifest $(MACHINE_OUT)/include/boot/manifest_hash.h $(MACHINE_ROOT) $(MACHINE_IMAGES)

$(MACHINE_OUT)/boot/boot/files.c.o: $(MACHINE_OUT)/include/boot/manifest_hash.h

$(MACHINE_OUT)/BOOTX64.EFI: $(BOOT_OBJ)
	@lld-link-19 /subsystem:efi_application /entry:efi_main /nodefaultlib /Brepro /out:$@ $^

upper = $(shell echo '$(1)' | tr a-z A-Z)
$(MACHINE_OUT)/lona.disk: $(MACHINE_OUT)/BOOTX64.EFI $(MACHINE_OUT)/manifest $(MACHINE_FILES) tools/make-disk.py
	@python3 tools/make-disk.py $@ EFI/BOOT/BOOTX64.EFI=$(MACHINE_OUT)/BOOTX64.EFI EFI/LONA/MANIFEST=$(MACHINE_OUT)/manifest \
	    $(foreach f,$(MACHINE_FILES),EFI/LONA/$(call upper,$(notdir $(f)))=$(f))

.PHONY: disk deps-machine boot-test
deps-machine:
	@tools/install.sh build machine

disk: $(MACHINE_OUT)/lona.disk ## build the bootable disk image (out/x86_64/lona.disk)

boot-test: disk $(MACHINE_OUT)/suite.disk $(MACHINE_OUT)/measure.disk ## boot good and bad disk images in QEMU, run the kernel's suites
	@bash test/boot/run.sh

# ---- the runtime as the root domain: no writable data, fixed addresses ----
RUNTIME_DIRS := base loader/bytecode runtime/value runtime/reader runtime/compiler runtime/vm runtime/gc runtime/sched runtime/debug runtime/prims \
                runtime/port/kernel
RUNTIME_SRC := $(wildcard $(addsuffix /*.c,$(RUNTIME_DIRS)))
RUNTIME_OBJ := $(patsubst %,$(MACHINE_OUT)/runtime/%.o,$(RUNTIME_SRC))
RUNTIME_CFLAGS := --target=x86_64-unknown-none-elf $(MACHINE_CFLAGS) -DLONA_MACHINE -fno-pic -mpopcnt -fno-math-errno -fno-stack-protector \
                  -fno-asynchronous-unwind-tables

$(MACHINE_OUT)/runtime/%.o: % tools/make/machine.mk
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -c $< -o $@

$(MACHINE_OUT)/runtime.elf: $(RUNTIME_OBJ) tools/make/program.ld
	@ld.lld-19 -T tools/make/program.ld --build-id=none -z max-page-size=4096 -z noexecstack $(RUNTIME_OBJ) -o $@.debug
	@llvm-objcopy-19 --strip-all $@.debug $@

# ---- the language's image: the runtime above, run on this machine ----
PRELINK_SRC := tools/prelink.c $(addprefix runtime/port/hosted/,boot.c image.c memory.c context.c console.c file.c)
PRELINK_OBJ := $(patsubst %.c,$(MACHINE_OUT)/prelink/%.o,$(PRELINK_SRC))

$(MACHINE_OUT)/prelink/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DLONA_MACHINE -MMD -MP -c $< -o $@

$(MACHINE_OUT)/runtime.symbols: $(MACHINE_OUT)/runtime.elf
	@llvm-nm-19 --defined-only --extern-only $<.debug | grep -vE ' (port_[a-z_]*|mem[a-z]*|str[a-z]*|_start)$$' | \
	    sed -E 's/^([0-9a-f]+) . (.*)$$/-Wl,--defsym=\2=0x\1/' > $@

$(MACHINE_OUT)/prelink.tool: $(PRELINK_OBJ) $(MACHINE_OUT)/runtime.symbols
	@$(CC) $(PRELINK_OBJ) @$(MACHINE_OUT)/runtime.symbols $(LDFLAGS) -o $@

$(MACHINE_OUT)/lona.img: $(MACHINE_OUT)/prelink.tool $(LONA_SRC)
	@rm -f $@
	@timeout 120 $(MACHINE_OUT)/prelink.tool $(MACHINE_OUT)/runtime.elf.debug lib $@

# ---- programs that test the kernel from user mode: each a root domain of its own, on a disk of its own ----
USER_PROGRAMS := suite measure
USER_COMMON := $(patsubst %,$(MACHINE_OUT)/runtime/%.o,test/boot/user/user.c base/mem.c)

$(MACHINE_OUT)/%.user/user.elf: $(MACHINE_OUT)/runtime/test/boot/user/%.c.o $(USER_COMMON) tools/make/program.ld
	@mkdir -p $(@D)
	@ld.lld-19 -T tools/make/program.ld --build-id=none -z max-page-size=4096 -z noexecstack $(filter %.o,$^) -o $@

# A loader of its own, since the manifest's hash is compiled in.
$(MACHINE_OUT)/%.disk: $(MACHINE_OUT)/%.user/user.elf $(MACHINE_OUT)/kernel.elf $(BOOT_OBJ)
	@python3 tools/make-manifest.py $(MACHINE_OUT)/$*.user/manifest $(MACHINE_OUT)/$*.user/include/boot/manifest_hash.h user.elf \
	    kernel:$(MACHINE_OUT)/kernel.elf runtime:$<
	@$(CC) -I$(MACHINE_OUT)/$*.user/include $(BOOT_CFLAGS) -c boot/files.c -o $(MACHINE_OUT)/$*.user/files.o
	@lld-link-19 /subsystem:efi_application /entry:efi_main /nodefaultlib /Brepro /out:$(MACHINE_OUT)/$*.user/BOOTX64.EFI \
	    $(MACHINE_OUT)/$*.user/files.o $(filter-out %/files.c.o,$(BOOT_OBJ))
	@python3 tools/make-disk.py $@ EFI/BOOT/BOOTX64.EFI=$(MACHINE_OUT)/$*.user/BOOTX64.EFI EFI/LONA/MANIFEST=$(MACHINE_OUT)/$*.user/manifest \
	    EFI/LONA/KERNEL.ELF=$(MACHINE_OUT)/kernel.elf EFI/LONA/USER.ELF=$<

.PRECIOUS: $(MACHINE_OUT)/%.user/user.elf $(MACHINE_OUT)/runtime/%.o
