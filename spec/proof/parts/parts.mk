# A list on many machines.

.PHONY: parts
parts: all ## a list of 100,000 items in sixteen parts, of which two are killed and run again
	@$(RUN) $(LUA) spec/proof/parts/report.lua
