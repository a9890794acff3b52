# One limit for many clients.

.PHONY: limits
limits: all ## simulate fleets that share a limit, find the planted bugs, and play 200 real rounds, or ROUNDS
	@sh .ci/install test $(LUA)
	@$(RUN) $(LUA) -e 'require("spec.proof.limits.report").main()'
