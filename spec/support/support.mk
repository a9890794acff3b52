# What specs load: the C layers as Lua sees them, and libraries that fail on purpose.

# The specs' window into the C layers.
PROBE := $(OUT)/spec/probe.so

$(PROBE): spec/support/probe.c $(filter-out %/binding/module.o %/binding/core.o,$(OBJECTS))
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(EW_CFLAGS) $(EW_LDFLAGS) $(LDFLAGS) -o $@ $^ $(CURL_LIBS)

# System calls and libraries that go wrong, for a spec's child process to preload.
SHIMS := $(patsubst spec/support/shims/%.c,$(OUT)/spec/%.so,$(wildcard spec/support/shims/*.c))

$(SHIMS): $(OUT)/spec/%.so: spec/support/shims/%.c
	@mkdir -p $(@D)
	@$(CC) -std=c99 $(WARNINGS) $(shell pkg-config --cflags libcurl) -O1 -fPIC -shared -o $@ $< -ldl
