# Simulated worlds.

.PHONY: sim
sim: all ## simulate 4,000 worlds, or SEEDS, and find the planted bugs; SEED=n: what happens in one
	@$(RUN) $(LUA) -e 'require("spec.proof.sim.report").main()'
