# Fuzzing; the corpus is replayed by the specs.

FUZZ_TARGETS := arguments base_url journal proof response text
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

build/fuzz/obj/fuzz.o build/replay/obj/fuzz.o: spec/proof/fuzz/fuzz.c spec/proof/fuzz/fuzz.h
	@mkdir -p $(@D)
	@$(CC) $(FUZZ_CFLAGS) $(FUZZ_MODE) -c -o $@ $<

$(FUZZERS): build/fuzz/%: spec/proof/fuzz/%.c $(addprefix build/fuzz/,$(FUZZ_OBJECTS))
	@echo "  link $@"
	@$(CC) $(FUZZ_CFLAGS) $(FUZZ_MODE) -o $@ $^ $(CURL_LIBS)

$(REPLAYS): build/replay/%: spec/proof/fuzz/%.c spec/proof/fuzz/replay.c $(addprefix build/replay/,$(FUZZ_OBJECTS))
	@echo "  link $@"
	@$(CC) $(FUZZ_CFLAGS) -o $@ $^ $(CURL_LIBS)

-include $(wildcard build/fuzz/obj/*/*.d build/replay/obj/*/*.d)

.PHONY: fuzz hostile
fuzz: ## fuzz for SECONDS (5) each target, and with 100,000 hostile tables and files, or CASES
	@sh .ci/install fuzz $(LUA)
	@$(MAKE) --no-print-directory all $(FUZZERS) LUA=$(LUA)
	@$(RUN) $(LUA) -e 'require("spec.proof.fuzz.targets").main "fuzz"'
	@$(MAKE) --no-print-directory $(ASAN_LUA)
	@$(MAKE) --no-print-directory hostile LUA=$(ASAN_LUA) BUILD=build/asan CFLAGS='$(ASAN_FLAGS)'

hostile: all
	@$(RUN) $(LUA) -e 'require("spec.proof.fuzz.targets").main "hostile"'
