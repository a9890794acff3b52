# Running the specs, alone or on everything that the README names.

SPECS ?= spec
RUN_SPECS = $(RUN) $(LUA) spec/support/runner/side_by_side.lua

.PHONY: specs for_specs ready
for_specs: all hosts $(PROBE) $(SHIMS) $(PLAIN) $(PLUGIN_HOST) $(SANITIZED_HOSTS) $(REPLAYS) $(TORTURE)

specs: for_specs
	@$(RUN_SPECS) $(LUA) -- $(SPECS)

# What specs need in a copy of the tree that has no examples and no .ci/.
ready: all $(PROBE) $(SHIMS) $(TORTURE)

SUITE ?= trixie

.PHONY: debian check
debian: ## the README's two commands in a bare Debian; SUITE=trixie, bookworm or sid; needs root
	@sh .ci/debian $(SUITE) $(LUA) $(TARBALL)

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
