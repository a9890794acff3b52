# The reference, made from the annotations in lua/ and the declarations of the commands. It is
# installed too, so a tree that holds the made pages can be installed without pandoc.

PANDOC := $(shell command -v pandoc)
PAGES := $(DOCS)/reference.html $(DOCS)/elevenlabs-workspace.3
REFERENCE := $(DOCS)/reference.md $(if $(PANDOC),$(PAGES))
TO_PAGE = $(PANDOC) -f gfm-autolink_bare_uris -s --wrap=none --columns=100000 --lua-filter=$(FILTER) -o $@ $<
FILTER := spec/system/docs/filter.lua
TEMPLATE := spec/system/docs/page.html

.PHONY: pages
pages install: $(REFERENCE)

$(DOCS)/reference.md: $(CORE) $(LUA_FILES) $(wildcard spec/system/docs/*.lua)
	@mkdir -p $(@D)
	@$(RUN) $(LUA) -e 'require("spec.system.docs.markdown").write("$@")'

ifneq ($(PANDOC),)
$(PAGES): $(DOCS)/reference.md $(FILTER) $(TEMPLATE)

$(DOCS)/reference.html:
	@$(TO_PAGE) -t html5 --template=$(TEMPLATE) --toc --toc-depth=3

$(DOCS)/elevenlabs-workspace.3:
	@$(TO_PAGE) -t man
endif

.PHONY: pictures
pictures: ready ## makes the README's two pictures anew, from a case on a sandbox
	@$(RUN) $(LUA) -e 'require("spec.system.docs.pictures").main()'
