# The table of faults.

.PHONY: faults
faults: ready ## the table of faults: number, name, expected, seen; ROWS='37 38'; PLANT=name: with that mutant
	@$(RUN) $(LUA) \
	  $(if $(PLANT),spec/proof/mutants/plants.lua '$(PLANT)',spec/proof/faults/report.lua $(ROWS))
