# Memory that runs out.

# A core whose memory can be made to run out, in place of the usual one.
TORTURE := $(OUT)/spec/torture/elevenlabs/workspace/core.so
WRAPPED := malloc calloc realloc strdup free curl_multi_add_handle

$(TORTURE): spec/proof/torture/allocator.c spec/proof/torture/server.c $(OBJECTS)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(EW_CFLAGS) $(EW_LDFLAGS) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(CURL_LIBS)

.PHONY: torture tortured
tortured: all $(TORTURE)
	@$(RUN) $(LUA) spec/proof/torture/report.lua

torture: ## let memory run out at every point, in C and in Lua, on three Luas
	@for lua in lua5.1 lua5.4 luajit; do echo "== $$lua"; \
	  $(MAKE) --no-print-directory tortured LUA=$$lua || exit 1; done
