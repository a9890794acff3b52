# Whole cases of offboarding in worlds from seeds.

.PHONY: offboard
offboard: all ## play 2,000 cases of offboarding, or WORLDS, and find the planted bugs; SEED=n: one world
	@$(RUN) $(LUA) -e 'require("spec.proof.offboard.report").main()'
