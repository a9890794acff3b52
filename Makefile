# Build, try and check elevenlabs-workspace. `make help` lists what there is.

LUA ?= lua5.4
BUILD ?= build
ifeq ($(MAKELEVEL),0)
  MAKEFLAGS += -j$(shell nproc)
endif

# The directory and pkg-config names of each supported interpreter.
ABI := $(patsubst lua%,%,$(notdir $(LUA)))
ifeq ($(notdir $(LUA)),lua)
  ABI := $(shell $(LUA) -e 'io.write(_VERSION:match "[%d.]+")')
endif
ifneq ($(findstring luajit,$(LUA)),)
  ABI := luajit
  LUA_PC := luajit
else
  LUA_PC := $(firstword $(foreach n,lua$(ABI) lua-$(ABI) lua$(subst .,,$(ABI)) lua,\
    $(shell pkg-config --exists $(n) 2>/dev/null && echo $(n))))
endif
ALL_LUAS := lua5.1 lua5.2 lua5.3 lua5.4 luajit

OUT := $(BUILD)/$(ABI)
CORE := $(OUT)/elevenlabs/workspace/core.so
ARCHIVE := $(OUT)/libelevenlabs-workspace-$(ABI).a
COMMAND := $(OUT)/bin/elevenlabs-workspace
SOURCES := $(wildcard csrc/*/*.c)
OBJECTS := $(SOURCES:csrc/%.c=$(OUT)/obj/%.o)

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
EW_CFLAGS = -std=c99 -Icsrc -fPIC -fvisibility=hidden $(WARNINGS) \
  $(shell pkg-config --cflags $(LUA_PC) libcurl) -MMD -MP $(CFLAGS)
EW_LDFLAGS = -shared -Wl,-z,nodelete
CURL_LIBS = $(shell pkg-config --libs libcurl) -lpthread -ldl

# Absolute, so that it holds from any folder.
ROOT := $(CURDIR)
LUA_PATH_HERE = $(ROOT)/lua/?.lua;;
LUA_CPATH_HERE = $(abspath $(OUT))/?.so;;
RUN = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL LUA_PATH='$(ROOT)/?.lua;$(LUA_PATH_HERE)' \
  LUA_CPATH='$(abspath $(OUT))/spec/?.so;$(LUA_CPATH_HERE)' PATH="$(abspath $(OUT))/bin:$$PATH" \
  SPEC_LUA='$(LUA)' SPEC_PRELOAD='$(abspath $(OUT))/spec'

.PHONY: all demo test check bench interop lint docs env help clean specs
all: $(CORE) $(COMMAND) ## build the C module and the command for LUA (default lua5.4)
	@:

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(EW_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(CURL_LIBS)

$(OUT)/obj/%.o: csrc/%.c Makefile
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CC) $(EW_CFLAGS) -c -o $@ $<

-include $(OBJECTS:.o=.d)

# The same for applications that link the C module; see csrc/binding/module.h.
$(ARCHIVE): $(OBJECTS)
	@echo "  archive $@"
	@rm -f $@
	@$(AR) rcs $@ $(OBJECTS)

# Code of LUA_INIT would run with the key in reach.
VERSIONS := 5_1 5_2 5_3 5_4 5_5
CLEAN_ENVIRONMENT := unset LUA_INIT $(VERSIONS:%=LUA_INIT_%) $(VERSIONS:%=LUA_PATH_%) \
  $(VERSIONS:%=LUA_CPATH_%)

# It finds its tree by its own place, so that the tree may be moved.
$(COMMAND): Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '#!/bin/sh' '$(CLEAN_ENVIRONMENT)' 'here=$$(dirname "$$(readlink -f "$$0")")' \
	  "root=\$$here/$$(realpath -m --relative-to=$(@D) .)" \
	  'export LUA_PATH="$$root/lua/?.lua;;" LUA_CPATH="$$here/../?.so;;"' \
	  'exec $(LUA) "$$root/lua/elevenlabs/workspace/cli.lua" "$$@"' >$@
	@chmod +x $@

# The specs' window into the C layers.
PROBE := $(OUT)/spec/probe.so

$(PROBE): spec/support/probe.c $(filter-out %/binding/module.o %/binding/core.o,$(OBJECTS))
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(EW_CFLAGS) $(EW_LDFLAGS) $(LDFLAGS) -o $@ $^ $(CURL_LIBS)

# System calls that go wrong, for a spec's child process to preload.
SHIMS := $(patsubst %,$(OUT)/spec/%.so,slow_resolver bad_disk bad_call other_libcurl other_cjson)

$(SHIMS): $(OUT)/spec/%.so: spec/support/%.c
	@mkdir -p $(@D)
	@$(CC) -std=c99 $(WARNINGS) $(shell pkg-config --cflags libcurl) -O1 -fPIC -shared -o $@ $< -ldl

# The example of a C application; also compiled with the module as one program, for sanitizers.
PLUGIN_HOST := $(OUT)/plugin_host
SANITIZED_HOSTS := $(if $(filter 5.4,$(ABI)),$(addprefix $(OUT)/spec/plugin_host_,asan tsan))
HOST_CFLAGS = -std=c99 -Icsrc $(WARNINGS) -I$(OUT)/include $(shell pkg-config --cflags $(LUA_PC) libcurl)
HOST_LIBS = $(shell pkg-config --libs $(LUA_PC)) $(CURL_LIBS)

$(OUT)/include/elevenlabs-workspace.h: csrc/binding/module.h
	@mkdir -p $(@D) && cp $< $@

$(PLUGIN_HOST): examples/plugin_host.c $(ARCHIVE) $(OUT)/include/elevenlabs-workspace.h
	@echo "  link $@"
	@$(CC) $(HOST_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVE) $(HOST_LIBS)

$(OUT)/spec/plugin_host_asan: SANITIZER = $(ASAN_FLAGS)
$(OUT)/spec/plugin_host_tsan: SANITIZER = -O1 -g -Werror -fsanitize=thread
$(SANITIZED_HOSTS): examples/plugin_host.c $(SOURCES) $(PLUGIN_HOST)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(HOST_CFLAGS) $(SANITIZER) -o $@ $< $(SOURCES) $(HOST_LIBS)

# A core whose memory can be made to run out, in place of the usual one.
TORTURE := $(OUT)/spec/torture/elevenlabs/workspace/core.so
WRAPPED := malloc calloc realloc strdup free curl_multi_add_handle

$(TORTURE): spec/torture/allocator.c spec/torture/server.c $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(EW_CFLAGS) $(EW_LDFLAGS) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(CURL_LIBS)

.PHONY: torture tortured
tortured: all $(TORTURE)
	@$(RUN) $(LUA) spec/torture/report.lua

torture: ## let memory run out at every point, in C and in Lua, on three Luas
	@for lua in lua5.1 lua5.4 luajit; do echo "== $$lua"; \
	  $(MAKE) --no-print-directory tortured LUA=$$lua || exit 1; done

# Recursive where packages must be there before make reads pkg-config's answers.
demo: ## install what is missing, build, and remove a leaver from 1,000 resources of a sandbox
	@sh .ci/install demo $(LUA)
	@$(MAKE) --no-print-directory all LUA=$(LUA)
	@$(MAKE) --no-print-directory show LUA=$(LUA)

.PHONY: show
show:
	@$(RUN) elevenlabs-workspace sandbox --port 0 --resources 1000 --fail-rate 0.03 \
	  --rate-limit 300 -- sh examples/offboard.sh

.PHONY: faults
faults: ready ## the table of faults: number, name, expected, seen; PLANT=name: with that mutant
	@$(RUN) $(LUA) $(if $(PLANT),spec/mutants/plants.lua '$(PLANT)',spec/support/faults_report.lua)

# What specs in a copy of the tree need, where there is nothing else to build.
.PHONY: mutants ready
ready: all $(PROBE) $(SHIMS) $(TORTURE)

mutants: ready ## put bugs in on purpose, each of which a spec must find; MUTANT=name: that alone
	@$(RUN) $(LUA) spec/mutants/report.lua '$(MUTANT)'

.PHONY: crashes
crashes: all ## kill -9 bulk runs at random moments, 200 or CRASHES; SEED=n: the same again
	@$(RUN) $(LUA) spec/support/crashes_report.lua

.PHONY: sim
sim: ## simulate 4,000 worlds, or SEEDS, and find the planted bugs; SEED=n: what happens in one
	@$(RUN) $(LUA) -e 'require("spec.sim.report").main()'

.PHONY: memory
memory: all ## what bulk runs keep in memory, against the goals; takes a minute or two
	@$(RUN) $(LUA) spec/support/memory_report.lua

# Counted in both modes: where the steps make the transfers, and where a thread does; and with
# memory that runs out at every point. Every process adds to the same files, whose absolute
# names are in the objects.
COVERAGE = SPEC_SLOW_MACHINE=1 $(MAKE) --no-print-directory LUA=lua5.4 BUILD=build/coverage \
  CFLAGS='-O0 -g --coverage -fprofile-update=atomic -DSPEC_COVERAGE'

.PHONY: coverage
coverage: ## lines and branches of csrc/ that specs and torture run; BRANCHES=1: which they do not
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	@+$(COVERAGE) specs
	@+SPEC_IO=thread $(COVERAGE) specs
	@+$(COVERAGE) tortured
	@$(RUN) lua5.4 spec/coverage/report.lua build/coverage/5.4/obj $(BRANCHES)

# ---- measuring

PLAIN := build/bench/plain

$(PLAIN): spec/bench/plain.c
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) -std=c99 $(WARNINGS) -O2 $(shell pkg-config --cflags libcurl) -o $@ $< $(CURL_LIBS)

bench: ## requests a second against other clients and the goals; ROUNDS=n, ROWS=pattern
	@sh .ci/install bench $(LUA)
	@$(MAKE) --no-print-directory hosts $(PLAIN) LUA=$(LUA)
	@[ -d build/interop/node_modules/@elevenlabs ] || npm_config_fetch_retries=0 \
	  $(MAKE) --no-print-directory sdk >/dev/null 2>&1 || true # its row says that it is missing
	@$(RUN) $(LUA) spec/bench/main.lua

# ---- fuzzing

FUZZ_TARGETS := arguments base_url journal response text
FUZZ_CFLAGS = -std=c99 -Icsrc $(WARNINGS) -Werror -O1 -g -fsanitize=address,undefined \
  -fno-sanitize-recover=undefined -fno-omit-frame-pointer $(shell pkg-config --cflags libcurl)
FUZZ_OBJECTS := $(patsubst csrc/%.c,obj/%.o,$(filter-out csrc/binding/%,$(SOURCES))) obj/fuzz.o
FUZZERS := $(FUZZ_TARGETS:%=build/fuzz/%)
REPLAYS := $(FUZZ_TARGETS:%=build/replay/%)

$(addprefix build/fuzz/,$(FUZZ_OBJECTS)): CC := clang
$(addprefix build/fuzz/,$(FUZZ_OBJECTS)): FUZZ_MODE := -fsanitize=fuzzer-no-link
$(FUZZERS): CC := clang
$(FUZZERS): FUZZ_MODE := -fsanitize=fuzzer

build/fuzz/obj/%.o build/replay/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	@$(CC) $(FUZZ_CFLAGS) $(FUZZ_MODE) -MMD -MP -c -o $@ $<

build/fuzz/obj/fuzz.o build/replay/obj/fuzz.o: spec/fuzz/fuzz.c spec/fuzz/fuzz.h
	@mkdir -p $(@D)
	@$(CC) $(FUZZ_CFLAGS) $(FUZZ_MODE) -c -o $@ $<

$(FUZZERS): build/fuzz/%: spec/fuzz/%.c $(addprefix build/fuzz/,$(FUZZ_OBJECTS))
	@echo "  link $@"
	@$(CC) $(FUZZ_CFLAGS) $(FUZZ_MODE) -o $@ $^ $(CURL_LIBS)

$(REPLAYS): build/replay/%: spec/fuzz/%.c spec/fuzz/replay.c $(addprefix build/replay/,$(FUZZ_OBJECTS))
	@echo "  link $@"
	@$(CC) $(FUZZ_CFLAGS) -o $@ $^ $(CURL_LIBS)

-include $(wildcard build/fuzz/obj/*.d build/replay/obj/*.d)

.PHONY: fuzz hostile
fuzz: ## fuzz for SECONDS (5) each target, and with 100,000 hostile tables and files, or CASES
	@sh .ci/install fuzz $(LUA)
	@$(MAKE) --no-print-directory all $(FUZZERS) LUA=$(LUA)
	@$(RUN) $(LUA) -e 'require("spec.fuzz.targets").main "fuzz"'
	@$(MAKE) --no-print-directory $(ASAN_LUA)
	@$(MAKE) --no-print-directory hostile LUA=$(ASAN_LUA) BUILD=build/asan CFLAGS='$(ASAN_FLAGS)'

hostile: all
	@$(RUN) $(LUA) -e 'require("spec.fuzz.targets").main "hostile"'

SPECS ?= spec

test: ## install what is missing, build, and run every spec on LUA
	@sh .ci/install test $(LUA)
	@$(MAKE) --no-print-directory specs LUA=$(LUA)

RUN_SPECS = $(RUN) $(LUA) spec/support/side_by_side.lua

# What hosts with a LuaJIT of their own load, Neovim and LÖVE: never a sanitizer's.
.PHONY: hosts
hosts: all
	@$(MAKE) --no-print-directory all LUA=luajit BUILD=build CFLAGS='-O2 -g'

FOR_SPECS := $(PROBE) $(SHIMS) $(PLAIN) $(PLUGIN_HOST) $(SANITIZED_HOSTS) $(REPLAYS) $(TORTURE)

specs: all hosts $(FOR_SPECS)
	@$(RUN_SPECS) $(LUA) -- $(SPECS)

ASAN_FLAGS := -O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  -fno-omit-frame-pointer

SUITE ?= trixie

.PHONY: debian
debian: ## the README's two commands in a bare Debian; SUITE=trixie, bookworm or sid; needs root
	@sh .ci/debian $(SUITE) $(LUA)

check: ## lint, the specs on all Luas, on 5.4 also with sanitizers and valgrind; bare Debians
	@sh .ci/install lint test $(ALL_LUAS)
	@$(MAKE) --no-print-directory lint
	@for lua in $(ALL_LUAS); do echo "== $$lua"; \
	  $(MAKE) --no-print-directory specs LUA=$$lua CFLAGS='-O2 -g -Werror' || exit 1; done
	@echo "== lua5.4, every client with a thread"
	@SPEC_IO=thread $(MAKE) --no-print-directory specs LUA=lua5.4
	@echo "== lua5.4 with TSan, every client with a thread"
	@$(MAKE) --no-print-directory raceless
	@echo "== lua5.4 with ASan, UBSan and LSan"
	@$(MAKE) --no-print-directory sanitized
	@echo "== lua5.4 with valgrind"
	@$(MAKE) --no-print-directory valgrind LUA=lua5.4
	@for suite in bookworm trixie; do \
	  $(MAKE) --no-print-directory debian SUITE=$$suite LUA=lua5.4 || exit 1; done

# The interpreter was built without the runtime, which must come first in memory; the
# loader is asked and not LD_PRELOAD, which nginx and openssl would inherit.
ASAN_LUA := $(ROOT)/build/asan/lua5.4

VALGRIND := valgrind --quiet --error-exitcode=99 --child-silent-after-fork=yes \
  --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite

.PHONY: valgrind
valgrind: all hosts $(FOR_SPECS) ## the specs on LUA under valgrind: no error, nothing lost
	@SPEC_SLOW_MACHINE=1 SPEC_VALGRIND=1 $(RUN_SPECS) $(VALGRIND) $(LUA) -- $(SPECS)

# The specs that make most of threads. Not those that fork, where TSan's own thread is
# missing, nor those that count threads or move the clock. It knows 64 locks a thread, and a
# fork takes two of each client's: no search for deadlocks.
RACY_SPECS := $(addprefix spec/,csrc/binding_spec.lua lua/driver lua/gather_spec.lua \
  lua/bulk_spec.lua pollfd_spec.lua operations_spec.lua)
TSAN_LUA := $(ROOT)/build/tsan/lua5.4

.PHONY: raceless
raceless:
	@mkdir -p build/tsan
	@printf '%s\n' '#!/bin/sh' 'export TSAN_OPTIONS=detect_deadlocks=0' \
	  "exec $$(ls /lib*/ld-linux-*.so.* | head -1) --preload \
	  $$($(CC) -print-file-name=libtsan.so) $$(command -v lua5.4) \"\$$@\"" >$(TSAN_LUA)
	@chmod +x $(TSAN_LUA)
	@SPEC_IO=thread SPEC_SLOW_MACHINE=1 $(MAKE) --no-print-directory specs LUA=$(TSAN_LUA) \
	  BUILD=build/tsan CFLAGS='-O1 -g -Werror -fsanitize=thread' SPECS='$(RACY_SPECS)'

$(ASAN_LUA): Makefile
	@mkdir -p build/asan
	@ls /lib*/ld-linux-*.so.* | head -1 | sed 's/^/leak:/' >build/asan/lsan.supp # its --preload
	@echo leak:cjson.so >>build/asan/lsan.supp # its decoder loses a buffer where memory runs out
	@printf '%s\n' '#!/bin/sh' \
	  "export LSAN_OPTIONS=suppressions=$(ROOT)/build/asan/lsan.supp:print_suppressions=0" \
	  'export ASAN_OPTIONS=verify_asan_link_order=0 # some specs preload before it' \
	  "exec $$(ls /lib*/ld-linux-*.so.* | head -1) --preload \
	  $$($(CC) -print-file-name=libasan.so) $$(command -v lua5.4) \"\$$@\"" >$(ASAN_LUA)
	@chmod +x $(ASAN_LUA)

.PHONY: sanitized
sanitized: $(ASAN_LUA)
	@SPEC_SLOW_MACHINE=1 $(MAKE) --no-print-directory specs LUA=$(ASAN_LUA) BUILD=build/asan \
	  CFLAGS='$(ASAN_FLAGS)'

# The newest SDK each time. node reads NODE_EXTRA_CA_CERTS only as it starts.
SDK := @elevenlabs/elevenlabs-js@>=2.73.0

.PHONY: sdk
sdk:
	@mkdir -p build/interop
	@npm install --prefix build/interop --no-save --ignore-scripts --no-audit --no-fund \
	  --loglevel=error '$(SDK)'

interop: ## run the official JavaScript SDK, fetched with npm, against the sandbox
	@for program in node npm; do command -v $$program >/dev/null || \
	  { echo "make interop needs $$program (Debian: nodejs npm)" >&2; exit 1; }; done
	@sh .ci/install demo $(LUA)
	@$(MAKE) --no-print-directory all LUA=$(LUA)
	@$(MAKE) --no-print-directory sdk
	@$(RUN) elevenlabs-workspace sandbox --port 0 -- \
	  sh -c 'exec env NODE_EXTRA_CA_CERTS="$$ELEVENLABS_CA_FILE" node spec/interop/sdk.mjs'

# ---- installing

PREFIX ?= /usr/local
# LuaJIT's folders are 5.1's.
LUA_SHARE := share/lua/$(ABI:luajit=5.1)
LUA_LIB := lib/lua/$(ABI:luajit=5.1)
INSTALLED_COMMAND := $(OUT)/install/elevenlabs-workspace
PC := $(OUT)/install/elevenlabs-workspace.pc
LUA_FILES := $(shell find lua -name '*.lua')

# Every file that is installed, as source:target; targets are below the prefix.
INSTALLED := $(foreach file,$(LUA_FILES),$(file):$(file:lua/%=$(LUA_SHARE)/%)) \
  $(CORE):$(LUA_LIB)/elevenlabs/workspace/core.so \
  $(ARCHIVE):lib/$(notdir $(ARCHIVE)) \
  csrc/binding/module.h:include/elevenlabs-workspace.h \
  $(PC):lib/pkgconfig/elevenlabs-workspace.pc \
  $(INSTALLED_COMMAND):bin/elevenlabs-workspace \
  $(OUT)/install/manual:share/man/man1/elevenlabs-workspace.1 \
  $(OUT)/install/bash:share/bash-completion/completions/elevenlabs-workspace \
  $(OUT)/install/zsh:share/zsh/site-functions/_elevenlabs-workspace \
  $(OUT)/install/fish:share/fish/vendor_completions.d/elevenlabs-workspace.fish
FROM_DECLARATIONS := $(addprefix $(OUT)/install/,manual bash zsh fish)

# Made each time, as they hold the prefix.
.PHONY: install uninstall $(PC) $(INSTALLED_COMMAND)

# Requires and not Requires.private: there is no shared library that would bring libcurl.
$(PC):
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' '' 'Name: elevenlabs-workspace' \
	  'Description: the C module of elevenlabs-workspace, for applications that embed Lua ($(ABI))' \
	  'Version: $(shell sed -n 's/^return "\(.*\)"/\1/p' lua/elevenlabs/workspace/version.lua)' \
	  'Requires: libcurl >= 7.87' 'Cflags: -I"$${prefix}/include"' \
	  'Libs: -L"$${prefix}/lib" -lelevenlabs-workspace-$(ABI) -lpthread -ldl' >$@

# Paths are set in Lua and not in the environment, which the sandbox's command inherits.
$(INSTALLED_COMMAND):
	@mkdir -p $(@D)
	@printf '%s\n' '#!/bin/sh' '$(CLEAN_ENVIRONMENT)' "exec $(LUA) -e '" \
	  'package.path = "$(PREFIX)/$(LUA_SHARE)/?.lua;" .. package.path' \
	  'package.cpath = "$(PREFIX)/$(LUA_LIB)/?.so;" .. package.cpath' \
	  "' '$(PREFIX)/$(LUA_SHARE)/elevenlabs/workspace/cli.lua' \"\$$@\"" >$@

# What the command says of itself: its manual page, and completions for shells.
$(FROM_DECLARATIONS): $(CORE) $(LUA_FILES)
	@mkdir -p $(@D)
	@$(RUN) $(LUA) -e 'require("elevenlabs.workspace.cli").show("$(@F)")' >$@

install: $(CORE) $(ARCHIVE) $(PC) $(INSTALLED_COMMAND) $(FROM_DECLARATIONS) ## install below DESTDIR and PREFIX (/usr/local)
	@for file in $(INSTALLED); do \
	  case $$file in *:bin/*) mode=755 ;; *) mode=644 ;; esac; \
	  install -D -m $$mode "$${file%:*}" "$(DESTDIR)$(PREFIX)/$${file##*:}" || exit 1; \
	done

uninstall: ## remove what install put there
	@for file in $(INSTALLED); do rm -f "$(DESTDIR)$(PREFIX)/$${file##*:}" || exit 1; done
	@for folder in "$(DESTDIR)$(PREFIX)/$(LUA_SHARE)" "$(DESTDIR)$(PREFIX)/$(LUA_LIB)"; do \
	  [ ! -d "$$folder/elevenlabs" ] || find "$$folder/elevenlabs" -depth -type d -empty -delete; \
	done

lint: ## layers, formatting, unused and global names
	@sh .ci/lint

docs: ## write the reference, build/docs/reference.md, from the annotations in lua/
	@mkdir -p $(BUILD)/docs
	@$(RUN) $(LUA) -e 'require("spec.support.docs").write("$(BUILD)/docs/reference.md")'

env: ## print the variables for using the tree uninstalled: eval "$$(make -s env)"
	@printf '%s\n' "export LUA_PATH='$(LUA_PATH_HERE)'" "export LUA_CPATH='$(LUA_CPATH_HERE)'" \
	  "export PATH='$(abspath $(OUT))/bin':\"\$$PATH\""

clean: ## remove what was built, by luarocks too
	rm -rf build csrc/*/*.o elevenlabs

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | sed 's/\$$\$$/$$/g' | expand -t 12
