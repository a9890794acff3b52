# One limit for many clients.

.PHONY: limits
limits: ready hosts ## simulate fleets that share a limit, find the planted bugs, play 200 real rounds, or ROUNDS
	@sh .ci/install test $(LUA) # lua-resty-redis too
	@$(RUN) $(LUA) -e 'require("spec.proof.limits.report").main()'
