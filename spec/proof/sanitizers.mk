# The specs with sanitizers and under valgrind.

ASAN_FLAGS := -O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  -fno-omit-frame-pointer

# The interpreter was built without the runtime, which must come first in memory; the
# loader is asked and not LD_PRELOAD, which nginx and openssl would inherit.
ASAN_LUA := $(ROOT)/build/asan/lua5.4

# Some specs preload a library before the runtime. The runtime of GCC 12 and 13 takes a
# thread's block of TLS for one of glibc 2.19 if it lies 16 bytes into a page, follows two
# words before the block as address and length, and LeakSanitizer crashes there at exit.
ASAN_OPTIONS := verify_asan_link_order=0:intercept_tls_get_addr=0

VALGRIND := valgrind --quiet --error-exitcode=99 --child-silent-after-fork=yes \
  --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite

.PHONY: valgrind
valgrind: for_specs ## the specs on LUA under valgrind: no error, nothing lost
	@SPEC_SLOW_MACHINE=1 SPEC_VALGRIND=1 $(RUN_SPECS) $(VALGRIND) $(LUA) -- $(SPECS)

# The specs that make most of threads. Not those that fork, where TSan's own thread is
# missing, nor those that count threads or move the clock. It knows 64 locks a thread, and a
# fork takes two of each client's: no search for deadlocks.
RACY_SPECS := $(addprefix spec/unit/,csrc/binding/core_spec.lua csrc/binding/result_spec.lua \
  csrc/client/client_spec.lua csrc/journal/sync_thread_spec.lua lua/driver lua/gather_spec.lua \
  lua/bulk_spec.lua) $(addprefix spec/system/,pollfd_spec.lua operations_spec.lua)
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

$(ASAN_LUA): spec/proof/sanitizers.mk
	@mkdir -p build/asan
	@ls /lib*/ld-linux-*.so.* | head -1 | sed 's/^/leak:/' >build/asan/lsan.supp # its --preload
	@echo leak:cjson.so >>build/asan/lsan.supp # its decoder loses a buffer where memory runs out
	@printf '%s\n' '#!/bin/sh' \
	  "export LSAN_OPTIONS=suppressions=$(ROOT)/build/asan/lsan.supp:print_suppressions=0:\$$LSAN_OPTIONS" \
	  'export ASAN_OPTIONS=$(ASAN_OPTIONS)' \
	  "exec $$(ls /lib*/ld-linux-*.so.* | head -1) --preload \
	  $$($(CC) -print-file-name=libasan.so) $$(command -v lua5.4) \"\$$@\"" >$(ASAN_LUA)
	@chmod +x $(ASAN_LUA)

.PHONY: sanitized
sanitized: $(ASAN_LUA)
	@SPEC_SLOW_MACHINE=1 $(MAKE) --no-print-directory specs LUA=$(ASAN_LUA) BUILD=build/asan \
	  CFLAGS='$(ASAN_FLAGS)'
