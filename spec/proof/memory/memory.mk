# What bulk runs keep in memory.

.PHONY: memory
memory: all ## what bulk runs keep in memory, against the goals; takes a minute or two
	@$(RUN) $(LUA) spec/proof/memory/report.lua
