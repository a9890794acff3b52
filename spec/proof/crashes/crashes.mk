# Runs that are killed.

.PHONY: crashes
crashes: all ## kill -9 bulk runs at random moments, 200 or CRASHES; SEED=n: the same again
	@$(RUN) $(LUA) spec/proof/crashes/report.lua
