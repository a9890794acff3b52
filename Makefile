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

.PHONY: all demo test lint docs dist env help clean
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

# Code of LUA_INIT would run with the key in reach. libcurl would write the secrets of TLS to
# SSLKEYLOGFILE.
VERSIONS := 5_1 5_2 5_3 5_4 5_5
CLEAN_ENVIRONMENT := unset SSLKEYLOGFILE LUA_INIT $(VERSIONS:%=LUA_INIT_%) $(VERSIONS:%=LUA_PATH_%) \
  $(VERSIONS:%=LUA_CPATH_%)

# It finds its tree by its own place, so that the tree may be moved.
$(COMMAND): Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '#!/bin/sh' '$(CLEAN_ENVIRONMENT)' 'here=$$(dirname "$$(readlink -f "$$0")")' \
	  "root=\$$here/$$(realpath -m --relative-to=$(@D) .)" \
	  'export LUA_PATH="$$root/lua/?.lua;;" LUA_CPATH="$$here/../?.so;;"' \
	  'exec $(LUA) "$$root/lua/elevenlabs/workspace/cli.lua" "$$@"' >$@
	@chmod +x $@

# Recursive where packages must be there before make reads pkg-config's answers.
demo: ## install what is missing, build, and offboard a leaver of a sandbox; the case is in build/demo
	@sh .ci/install demo $(LUA)
	@$(MAKE) --no-print-directory all LUA=$(LUA)
	@$(MAKE) --no-print-directory show LUA=$(LUA)

.PHONY: show
show:
	@rm -rf $(BUILD)/demo
	@$(RUN) elevenlabs-workspace sandbox --port 0 --resources 1000 --fail-rate 0.01 \
	  --rate-limit 800 -- sh examples/offboard.sh $(BUILD)/demo

test: ## install what is missing, build, and run every spec on LUA
	@sh .ci/install test $(LUA)
	@$(MAKE) --no-print-directory specs LUA=$(LUA)

# ---- installing

PREFIX ?= /usr/local
DOCS := $(BUILD)/docs
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
  $(OUT)/install/fish:share/fish/vendor_completions.d/elevenlabs-workspace.fish \
  $(DOCS)/reference.md:share/doc/elevenlabs-workspace/reference.md \
  $(DOCS)/reference.html:share/doc/elevenlabs-workspace/reference.html \
  $(DOCS)/elevenlabs-workspace.3:share/man/man3/elevenlabs-workspace.3
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
	  [ -e "$${file%:*}" ] || { echo "not installed, because pandoc is missing: $${file##*:}"; continue; }; \
	  case $$file in *:bin/*) mode=755 ;; *) mode=644 ;; esac; \
	  install -D -m $$mode "$${file%:*}" "$(DESTDIR)$(PREFIX)/$${file##*:}" || exit 1; \
	done

uninstall: ## remove what install put there
	@for file in $(INSTALLED); do rm -f "$(DESTDIR)$(PREFIX)/$${file##*:}" || exit 1; done
	@for folder in "$(DESTDIR)$(PREFIX)/$(LUA_SHARE)" "$(DESTDIR)$(PREFIX)/$(LUA_LIB)"; do \
	  [ ! -d "$$folder/elevenlabs" ] || find "$$folder/elevenlabs" -depth -type d -empty -delete; \
	done
	@rmdir "$(DESTDIR)$(PREFIX)/share/doc/elevenlabs-workspace" 2>/dev/null || true

lint: ## layers, formatting, unused and global names
	@sh .ci/lint

docs: ## install pandoc if it is missing, and write the reference and the manual pages to build/docs
	@sh .ci/install docs $(LUA)
	@$(MAKE) --no-print-directory pages LUA=$(LUA)

dist: ## make a source tarball and its rockspec, in build/dist; make debian TARBALL=... tries it
	@sh .ci/dist $(BUILD)/dist

env: ## print the variables for using the tree uninstalled: eval "$$(make -s env)"
	@printf '%s\n' "export LUA_PATH='$(LUA_PATH_HERE)'" "export LUA_CPATH='$(LUA_CPATH_HERE)'" \
	  "export PATH='$(abspath $(OUT))/bin':\"\$$PATH\""

clean: ## remove what was built, by luarocks too
	rm -rf build csrc/*/*.o elevenlabs

# Targets for working on the module live beside what they run. The last folders come first:
# a list of targets is read when it is named, so what it names must be known by then.
PARTS := $(wildcard spec/*/*/*.mk) $(wildcard spec/*/*.mk) $(wildcard spec/*.mk)
include $(PARTS)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile $(PARTS) | sed 's/\$$\$$/$$/g' | expand -t 12
