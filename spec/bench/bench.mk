# Measuring.

PLAIN := build/bench/plain

$(PLAIN): spec/bench/plain.c
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) -std=c99 $(WARNINGS) -O2 $(shell pkg-config --cflags libcurl) -o $@ $< $(CURL_LIBS)

.PHONY: bench
bench: ## requests a second against other clients and the goals; ROUNDS=n, ROWS=pattern
	@sh .ci/install bench $(LUA)
	@$(MAKE) --no-print-directory hosts $(PLAIN) LUA=$(LUA)
	@[ -d build/interop/node_modules/@elevenlabs ] || npm_config_fetch_retries=0 \
	  $(MAKE) --no-print-directory sdk >/dev/null 2>&1 || true # its row says that it is missing
	@$(RUN) $(LUA) spec/bench/main.lua
