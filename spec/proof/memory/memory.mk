# What bulk runs and a reading pass keep in memory.

.PHONY: memory
memory: all ## what bulk runs and reading passes keep in memory, against the goals; takes minutes
	@$(RUN) $(LUA) spec/proof/memory/report.lua
