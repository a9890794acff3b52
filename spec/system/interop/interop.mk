# Other clients against the sandbox.

# The newest SDK each time. node reads NODE_EXTRA_CA_CERTS only as it starts.
SDK := @elevenlabs/elevenlabs-js@>=2.73.0

.PHONY: sdk interop
sdk:
	@mkdir -p build/interop
	@npm install --prefix build/interop --no-save --ignore-scripts --no-audit --no-fund \
	  --loglevel=error '$(SDK)'

interop: ## run the official JavaScript SDK, fetched with npm, against the sandbox
	@for program in node npm; do command -v $$program >/dev/null || \
	  { echo "make interop needs $$program (Debian: nodejs npm)" >&2; exit 1; }; done
	@sh .ci/install demo $(LUA)
	@$(MAKE) --no-print-directory all LUA=$(LUA)
	@$(MAKE) --no-print-directory sdk
	@$(RUN) elevenlabs-workspace sandbox --port 0 -- \
	  sh -c 'exec env NODE_EXTRA_CA_CERTS="$$ELEVENLABS_CA_FILE" node spec/system/interop/sdk.mjs'
