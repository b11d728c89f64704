# SPDX-License-Identifier: Apache-2.0
#
# make               build/kedge and build/containerd-shim-kedge-v1
# make demo          install what lacks, build, and show a checkpoint and a restore
# make check         install what lacks, then lint, unit tests (plain and sanitized), integration tests
# make install | uninstall DESTDIR= PREFIX=      program, links, manual pages, completions
# make deb           a Debian package in build/
# make unit | lint | integration [T=path] | format | clean
# make fuzz [T="seconds name..."]
#
# SAN=1 builds into build-san/ with ASan and UBSan; V=1 shows the commands; WERROR= lets warnings pass.

# The module map: every directory that holds C, top floor first. Files are found; modules are listed.
MODULES := shim shim/cli shim/task oci core core/run core/cr core/linux core/plan core/base

VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
PREFIX  ?= /usr/local

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
CC      := gcc
AR      := gcc-ar
OBJCOPY := objcopy
CLANG_FORMAT ?= clang-format
WERROR  ?= -Werror
Q       := $(if $(V),,@)

.DELETE_ON_ERROR:
.PHONY: all unit lint lint-format lint-cppcheck lint-shell lint-layers lint-shape integration \
	format check demo deps fuzz fuzzers install uninstall \
	install-check deb clean FORCE

# --- what is built how ---------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wformat=2 -Wformat-signedness -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
	-Wredundant-decls -Wimplicit-fallthrough $(WERROR)
ARCH_HARDEN_x86_64  := -fcf-protection
ARCH_HARDEN_aarch64 := -mbranch-protection=standard
HARDEN := -fstack-protector-strong -fstack-clash-protection $(ARCH_HARDEN_$(shell uname -m))

ifdef FUZZ
B       := build-fuzz
CC      := clang
WARN    := -w
MODE    := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	   -fno-sanitize-recover=all
LINK    := -fsanitize=address,undefined
else ifdef SAN
B       := build-san
MODE    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK    := -fsanitize=address,undefined
else
B       := build
MODE    := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
LINK    :=
LINK_BIN := -static-pie -Wl,-z,pack-relative-relocs
# Relocation writes to 27 pages of constant tables, in each process of its own. What lives as long as
# a container, a hundred times over, is linked to a fixed address (hack/ARCHITECTURE.md, "The shim").
LINK_SHIM := -static -no-pie
endif

CPPFLAGS_ALL := -D_GNU_SOURCE -I. -isystem $(B) $(CPPFLAGS)
# Nothing of ours unwinds; debuggers have .debug_frame. That is 60 KiB.
UNWIND  := -fno-asynchronous-unwind-tables
CFLAGS_ALL := -std=gnu11 -g -fPIE -ffunction-sections -fdata-sections $(UNWIND) $(MODE) $(HARDEN) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack $(LINK) $(LDFLAGS)
LDLIBS := -ljansson -lprotobuf-c -lseccomp -lcap

ALL_C   := $(wildcard $(MODULES:%=%/*.c))
ALL_H   := $(wildcard $(MODULES:%=%/*.h))
TEST_C  := $(filter %_test.c,$(ALL_C))
FUZZ_C  := $(filter %_fuzz.c,$(ALL_C))
SRC     := $(filter-out %_test.c %_fuzz.c,$(ALL_C))
PROTO   := $(wildcard proto/*.proto)
PB_C    := $(PROTO:%.proto=$(B)/%.pb-c.c)
PB_H    := $(PB_C:.c=.h)
OBJ     := $(SRC:%.c=$(B)/%.o)
PB_OBJ  := $(PB_C:.c=.o)
MAIN    := $(B)/shim/main.o
LIB_OBJ := $(filter-out $(MAIN),$(OBJ)) $(PB_OBJ)
LIB     := $(B)/libkedge.a
TESTS   := $(TEST_C:%.c=$(B)/%)
FUZZERS := $(FUZZ_C:%.c=$(B)/%)
BIN     := $(B)/kedge
SHIM    := $(B)/containerd-shim-kedge-v1

all: $(BIN) $(SHIM)

# --- compile and link ----------------------------------------------------------------------------

# Generated code has its own warnings; whatever may include its headers waits for them.
$(B)/%.o: %.c Makefile | $(PB_H) $(B)/.gitignore
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC      $@")
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(WARN) -MMD -MP -c -o $@ $<

$(PB_OBJ): %.o: %.c Makefile | $(PB_H)
	$(if $(Q),@echo "  CC      $@")
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h &: proto/%.proto | $(B)/.gitignore
	$(if $(Q),@echo "  PROTOC  $<")
	$(Q)protoc-c -I. --c_out=$(B) $<

# Only this file knows the version, so that a commit doesn't rebuild the rest.
$(B)/core/base/version.o: CPPFLAGS_ALL += -DKEDGE_VERSION='"$(VERSION)"' \
	-DKEDGE_COMMIT='"$(shell cat $(B)/commit.txt)"'
$(B)/core/base/version.o: $(B)/commit.txt

# Text files that change their time only when their text changes.
define write_if_changed
	@printf '%s\n' "$(1)" | cmp -s - $@ || printf '%s\n' "$(1)" >$@
endef
$(B)/commit.txt: FORCE | $(B)/.gitignore
	$(call write_if_changed,$(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown))
$(B)/objects.txt: FORCE | $(B)/.gitignore
	$(call write_if_changed,$(LIB_OBJ))

$(LIB): $(LIB_OBJ) $(B)/objects.txt
	$(if $(Q),@echo "  AR      $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

# The same program twice, under two names and at two addresses.
$(BIN): LINK_AS := $(LINK_BIN)
$(SHIM): LINK_AS := $(LINK_SHIM)
$(BIN) $(SHIM): $(MAIN) $(LIB)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LINK_AS) -o $@.debug $^ $(LDLIBS)
	$(Q)$(OBJCOPY) --strip-all --add-gnu-debuglink=$@.debug $@.debug $@.new
	$(Q)mv -f $@.new $@
	@echo "$@: $$(( $$(stat -c %s $@) / 1024 )) KiB"

$(B)/.gitignore:
	@mkdir -p $(B) $(B)/proto && echo '*' >$@

# --- tests ---------------------------------------------------------------------------------------

$(TESTS): %: %.o $(LIB)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(LDLIBS)

# Each program runs from the top of the tree and prints only when it fails.
unit: $(TESTS)
	@failed=0; for t in $(TESTS); do \
		timeout 120 $$t >$$t.log 2>&1 </dev/null || \
			{ echo "FAILED $$t ($$?)"; grep -avE '^\[ (RUN  |      OK)' $$t.log; \
			  failed=$$((failed + 1)); }; \
	done; \
	echo "$(B): $(words $(TESTS)) unit test programs," \
		"$$(cat $(TESTS:%=%.log) /dev/null | grep -ac '^\[       OK \]') tests passed," \
		"$$failed programs failed"; \
	[ $$failed = 0 ]

# Once more with containerd 2 and Docker 28: what is said between them and the shim, kills, and
# checkpoints. For the rest: hack/integration --suite forky.
ON_FORKY = $(wildcard integration/docker/*.bats) \
	$(patsubst %,integration/systemd/%.bats,cli cri docker) \
	$(patsubst %,integration/task/%.bats, \
	checkpoint cri criu_options ctr docker holder kill load move options shim_killed)

# Static: the test host has no compiler, and other libraries.
RACER := $(B)/hack/racer
$(RACER): hack/racer.c | $(B)/.gitignore
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CFLAGS_ALL) $(WARN) -static-pie -o $@ $<

# Without T: all, then what depends on containerd and Docker once more with the next Debian's.
integration: all $(RACER) deb
	hack/integration $(T)
	$(if $(T),,hack/integration --suite forky $(ON_FORKY))

fuzz:
	+$(Q)hack/fuzz $(T)
fuzzers: $(FUZZERS)
$(FUZZERS): %: %.o $(LIB)
	$(if $(Q),@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# --- lint ----------------------------------------------------------------------------------------

SHELL_FILES = $(shell grep -rlE --exclude-dir=testdata '^\#!.*\b(sh|bash|bats)$$' hack .ci integration \
		contrib $(wildcard debian/*inst debian/*rm)) \
	$(shell find integration contrib -name '*.bash' 2>/dev/null)

lint: lint-format lint-cppcheck lint-shell lint-layers lint-shape
lint-format:
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(ALL_C) $(ALL_H)
format:
	$(Q)$(CLANG_FORMAT) -i $(ALL_C) $(ALL_H)
# ctunullpointer takes sizeof(p->x) for a use of p.
lint-cppcheck: | $(B)/.gitignore
	@mkdir -p $(B)/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance \
		--inline-suppr --suppress=missingInclude --suppress=missingIncludeSystem \
		--suppress=ctunullpointer --cppcheck-build-dir=$(B)/cppcheck -D_GNU_SOURCE -I. $(ALL_C)
lint-shell:
	$(Q)shellcheck -x -P SCRIPTDIR $(SHELL_FILES)
lint-layers:
	$(Q)hack/layers
lint-shape:
	$(Q)hack/shape

# --- the two commands of the README --------------------------------------------------------------

JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

deps:
	$(Q)hack/deps
check: deps
	+$(Q)$(MAKE) $(JOBS) lint all unit install-check
	+$(Q)$(MAKE) $(JOBS) SAN=1 unit
	+$(Q)KEDGE_SEED=1 hack/fuzz 8
	+$(Q)$(MAKE) $(JOBS) integration
demo: deps
	+$(Q)$(MAKE) $(JOBS) all
	$(Q)hack/demo

# --- installing ----------------------------------------------------------------------------------

ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions

# Rows of mode, file, and where it goes.
INSTALL_FILES = \
	755:$(BIN):$(PREFIX)/bin/kedge \
	755:$(SHIM):$(PREFIX)/bin/containerd-shim-kedge-v1 \
	755:contrib/kedge-setup:$(PREFIX)/sbin/kedge-setup \
	644:$(B)/kedge.8:$(PREFIX)/share/man/man8/kedge.8 \
	644:contrib/man/containerd-shim-kedge-v1.8:$(PREFIX)/share/man/man8/containerd-shim-kedge-v1.8 \
	644:contrib/man/kedge-setup.8:$(PREFIX)/share/man/man8/kedge-setup.8 \
	644:contrib/completions/kedge.bash:$(PREFIX)/share/bash-completion/completions/kedge \
	644:contrib/completions/_kedge:$(ZSH_COMPLETIONS)/_kedge \
	644:contrib/completions/kedge.fish:$(PREFIX)/share/fish/vendor_completions.d/kedge.fish
STANDIN = $(PREFIX)/lib/kedge/containerd-shim-runc-v2

$(B)/kedge.8: contrib/man/kedge.8.in contrib/man/generate $(BIN)
	$(Q)contrib/man/generate $(BIN) >$@

install: all $(B)/kedge.8
	$(Q)for row in $(INSTALL_FILES); do IFS=:; set -- $$row; \
		install -D -m $$1 $$2 $(DESTDIR)$$3 || exit; done
	$(Q)install -d $(DESTDIR)$(dir $(STANDIN))
	$(Q)ln -sf ../../bin/containerd-shim-kedge-v1 $(DESTDIR)$(STANDIN)

uninstall:
	$(Q)[ -n "$(DESTDIR)" ] || [ ! -e /var/lib/kedge/setup ] || \
		{ echo "make uninstall: first kedge-setup off, and restart containerd" >&2; exit 1; }
	$(Q)for row in $(INSTALL_FILES); do rm -f $(DESTDIR)$${row##*:}; done
	$(Q)rm -f $(DESTDIR)$(STANDIN)
	$(Q)[ ! -d $(DESTDIR)$(dir $(STANDIN)) ] || rmdir $(DESTDIR)$(dir $(STANDIN))

# Installed and uninstalled in an empty place: nothing but directories stays.
install-check: all
	$(Q)rm -rf $(B)/installed && $(MAKE) -s install DESTDIR=$(B)/installed
	$(Q)$(B)/installed$(PREFIX)/bin/kedge --version >/dev/null
	$(Q)$(MAKE) -s uninstall DESTDIR=$(B)/installed
	$(Q)left=$$(find $(B)/installed ! -type d) && [ -z "$$left" ] || { echo "left: $$left"; exit 1; }

# A package of what is built. To build one from nothing, with Debian's flags, is dpkg-buildpackage's.
deb: $(B)/deb.log
	@ls $(B)/*.deb
$(B)/deb.log: $(BIN) $(SHIM) $(B)/kedge.8 $(wildcard contrib/* contrib/*/* debian/c* debian/rules debian/kedge.[lp]*)
	$(Q)command -v dpkg-checkbuilddeps >/dev/null || \
		{ echo "make deb: needs debhelper and dpkg-dev (hack/deps installs them)" >&2; exit 1; }
	$(Q)dpkg-checkbuilddeps -I
	$(Q)rm -f $(B)/*.deb
	+$(Q)DEB_BUILD_OPTIONS=nocheck DEB_DIR=$(B) debian/rules binary >$@ 2>&1 || { cat $@; exit 1; }

clean:
	rm -rf build build-san build-fuzz
	cd debian && rm -rf .debhelper kedge debhelper-build-stamp files *.substvars *.log

-include $(OBJ:.o=.d) $(PB_OBJ:.o=.d) $(TEST_C:%.c=$(B)/%.d) $(FUZZ_C:%.c=$(B)/%.d)
