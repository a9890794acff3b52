--- The C module of allocator.c, and with it the core that its memory is for: to be required
--- before any other part of the library.

local folder = os.getenv "SPEC_PRELOAD" .. "/torture/"

package.cpath = folder .. "?.so;" .. package.cpath
return assert(package.loadlib(folder .. "elevenlabs/workspace/core.so", "luaopen_torture"))()
