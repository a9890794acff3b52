# Programs that hold the module: a C application, and hosts with a LuaJIT of their own.

# The example of a C application; also compiled with the module as one program, for sanitizers.
PLUGIN_HOST := $(OUT)/plugin_host
SANITIZED_HOSTS := $(if $(filter 5.4,$(ABI)),$(addprefix $(OUT)/spec/plugin_host_,asan tsan))
HOST_CFLAGS = -std=c99 -Icsrc $(WARNINGS) -I$(OUT)/include $(shell pkg-config --cflags $(LUA_PC) libcurl)
HOST_LIBS = $(shell pkg-config --libs $(LUA_PC)) $(CURL_LIBS)

$(OUT)/include/elevenlabs-workspace.h: csrc/binding/module.h
	@mkdir -p $(@D) && cp $< $@

$(PLUGIN_HOST): examples/c/plugin_host.c $(ARCHIVE) $(OUT)/include/elevenlabs-workspace.h
	@echo "  link $@"
	@$(CC) $(HOST_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVE) $(HOST_LIBS)

$(OUT)/spec/plugin_host_asan: SANITIZER = $(ASAN_FLAGS)
$(OUT)/spec/plugin_host_tsan: SANITIZER = -O1 -g -Werror -fsanitize=thread
$(SANITIZED_HOSTS): examples/c/plugin_host.c $(SOURCES) $(PLUGIN_HOST)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(HOST_CFLAGS) $(SANITIZER) -o $@ $< $(SOURCES) $(HOST_LIBS)

# What hosts with a LuaJIT of their own load, Neovim and LÖVE: never a sanitizer's.
.PHONY: hosts
hosts: all
	@$(MAKE) --no-print-directory all LUA=luajit BUILD=build CFLAGS='-O2 -g'
