# Which lines and branches the specs run.

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
	@$(RUN) lua5.4 spec/proof/coverage/report.lua build/coverage/5.4/obj $(BRANCHES)
