# Bugs that are put in on purpose.

.PHONY: mutants
mutants: ready ## put bugs in on purpose, each of which a spec must find; MUTANT=name: that alone
	@$(RUN) $(LUA) spec/proof/mutants/report.lua '$(MUTANT)'
