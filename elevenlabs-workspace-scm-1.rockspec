rockspec_format = "3.0"
package = "elevenlabs-workspace"
version = "scm-1"

-- For `luarocks make` in a copy of the tree, which fetches nothing.
source = {
  url = ".",
}

description = {
  summary = "Remove, grant and read roles on ElevenLabs workspace resources",
  detailed = [[
    Removes, grants and reads roles on ElevenLabs workspace resources, and reports a
    removal as confirmed only where the server's answer proves it.
  ]],
  license = "MIT",
}

supported_platforms = { "linux" }

-- The command `elevenlabs-workspace` needs luv and argparse too. The library does not, so
-- they are not asked of everyone: luarocks install luv; luarocks install argparse
dependencies = {
  "lua >= 5.1, < 5.6",
  "lua-cjson >= 2.1",
}

-- 7.87 or newer: checked when it is built and when it is loaded. The library alone is
-- looked for, because LuaRocks does not know Debian's folder of the header; the
-- compiler does, and names curl/curl.h where it is missing.
external_dependencies = {
  CURL = { library = "curl" },
}

build = {
  type = "builtin",
  modules = {
    ["elevenlabs.workspace.core"] = {
      sources = {
        "csrc/api/list.c",
        "csrc/api/operations.c",
        "csrc/api/proof.c",
        "csrc/api/request.c",
        "csrc/api/resource_types.c",
        "csrc/api/response.c",
        "csrc/base/buffer.c",
        "csrc/base/characters.c",
        "csrc/base/clock.c",
        "csrc/base/error.c",
        "csrc/base/fd.c",
        "csrc/base/fork.c",
        "csrc/base/json.c",
        "csrc/base/nearest.c",
        "csrc/base/percent.c",
        "csrc/base/utf8.c",
        "csrc/binding/args.c",
        "csrc/binding/class.c",
        "csrc/binding/core.c",
        "csrc/binding/journal.c",
        "csrc/binding/json_object.c",
        "csrc/binding/module.c",
        "csrc/binding/process.c",
        "csrc/binding/result.c",
        "csrc/binding/resume_set.c",
        "csrc/client/client.c",
        "csrc/client/inline.c",
        "csrc/client/notifier.c",
        "csrc/client/thread.c",
        "csrc/client/thread_registry.c",
        "csrc/journal/crc32c.c",
        "csrc/journal/journal.c",
        "csrc/journal/resume_set.c",
        "csrc/transport/attempts.c",
        "csrc/transport/ca_file.c",
        "csrc/transport/easy.c",
        "csrc/transport/endpoint.c",
        "csrc/transport/libcurl.c",
        "csrc/transport/poller.c",
        "csrc/transport/reuse.c",
        "csrc/transport/sockets.c",
        "csrc/transport/tls.c",
        "csrc/transport/transfer.c",
        "csrc/transport/transport.c",
      },
      incdirs = { "csrc", "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl", "pthread", "dl" },
    },
    ["elevenlabs.workspace"] = "lua/elevenlabs/workspace.lua",
    ["elevenlabs.workspace.answer.error_body"] = "lua/elevenlabs/workspace/answer/error_body.lua",
    ["elevenlabs.workspace.answer.evidence"] = "lua/elevenlabs/workspace/answer/evidence.lua",
    ["elevenlabs.workspace.answer.outcome"] = "lua/elevenlabs/workspace/answer/outcome.lua",
    ["elevenlabs.workspace.answer.resource"] = "lua/elevenlabs/workspace/answer/resource.lua",
    ["elevenlabs.workspace.bulk"] = "lua/elevenlabs/workspace/bulk.lua",
    ["elevenlabs.workspace.bulk.intake"] = "lua/elevenlabs/workspace/bulk/intake.lua",
    ["elevenlabs.workspace.bulk.journal"] = "lua/elevenlabs/workspace/bulk/journal.lua",
    ["elevenlabs.workspace.bulk.known"] = "lua/elevenlabs/workspace/bulk/known.lua",
    ["elevenlabs.workspace.bulk.owner"] = "lua/elevenlabs/workspace/bulk/owner.lua",
    ["elevenlabs.workspace.bulk.pending"] = "lua/elevenlabs/workspace/bulk/pending.lua",
    ["elevenlabs.workspace.bulk.progress"] = "lua/elevenlabs/workspace/bulk/progress.lua",
    ["elevenlabs.workspace.bulk.report"] = "lua/elevenlabs/workspace/bulk/report.lua",
    ["elevenlabs.workspace.bulk.results"] = "lua/elevenlabs/workspace/bulk/results.lua",
    ["elevenlabs.workspace.bulk.run"] = "lua/elevenlabs/workspace/bulk/run.lua",
    ["elevenlabs.workspace.bulk.stop_rules"] = "lua/elevenlabs/workspace/bulk/stop_rules.lua",
    ["elevenlabs.workspace.bulk.stopping"] = "lua/elevenlabs/workspace/bulk/stopping.lua",
    ["elevenlabs.workspace.cjson"] = "lua/elevenlabs/workspace/cjson.lua",
    ["elevenlabs.workspace.cli"] = "lua/elevenlabs/workspace/cli.lua",
    ["elevenlabs.workspace.cli.bulk"] = "lua/elevenlabs/workspace/cli/bulk.lua",
    ["elevenlabs.workspace.cli.bulk.failed"] = "lua/elevenlabs/workspace/cli/bulk/failed.lua",
    ["elevenlabs.workspace.cli.bulk.question"] = "lua/elevenlabs/workspace/cli/bulk/question.lua",
    ["elevenlabs.workspace.cli.bulk.report"] = "lua/elevenlabs/workspace/cli/bulk/report.lua",
    ["elevenlabs.workspace.cli.completion"] = "lua/elevenlabs/workspace/cli/completion.lua",
    ["elevenlabs.workspace.cli.connections"] = "lua/elevenlabs/workspace/cli/connections.lua",
    ["elevenlabs.workspace.cli.input"] = "lua/elevenlabs/workspace/cli/input.lua",
    ["elevenlabs.workspace.cli.loop"] = "lua/elevenlabs/workspace/cli/loop.lua",
    ["elevenlabs.workspace.cli.manual"] = "lua/elevenlabs/workspace/cli/manual.lua",
    ["elevenlabs.workspace.cli.operations"] = "lua/elevenlabs/workspace/cli/operations.lua",
    ["elevenlabs.workspace.cli.options"] = "lua/elevenlabs/workspace/cli/options.lua",
    ["elevenlabs.workspace.cli.output"] = "lua/elevenlabs/workspace/cli/output.lua",
    ["elevenlabs.workspace.cli.progress"] = "lua/elevenlabs/workspace/cli/progress.lua",
    ["elevenlabs.workspace.cli.sandbox"] = "lua/elevenlabs/workspace/cli/sandbox.lua",
    ["elevenlabs.workspace.cli.signals"] = "lua/elevenlabs/workspace/cli/signals.lua",
    ["elevenlabs.workspace.cli.terminal"] = "lua/elevenlabs/workspace/cli/terminal.lua",
    ["elevenlabs.workspace.client"] = "lua/elevenlabs/workspace/client.lua",
    ["elevenlabs.workspace.driver.blocking"] = "lua/elevenlabs/workspace/driver/blocking.lua",
    ["elevenlabs.workspace.driver.cqueues"] = "lua/elevenlabs/workspace/driver/cqueues.lua",
    ["elevenlabs.workspace.driver.luv"] = "lua/elevenlabs/workspace/driver/luv.lua",
    ["elevenlabs.workspace.driver.manual"] = "lua/elevenlabs/workspace/driver/manual.lua",
    ["elevenlabs.workspace.driver.ngx"] = "lua/elevenlabs/workspace/driver/ngx.lua",
    ["elevenlabs.workspace.driver.ngx_reader"] = "lua/elevenlabs/workspace/driver/ngx_reader.lua",
    ["elevenlabs.workspace.driver.waiters"] = "lua/elevenlabs/workspace/driver/waiters.lua",
    ["elevenlabs.workspace.engine"] = "lua/elevenlabs/workspace/engine.lua",
    ["elevenlabs.workspace.engine.call"] = "lua/elevenlabs/workspace/engine/call.lua",
    ["elevenlabs.workspace.engine.complete"] = "lua/elevenlabs/workspace/engine/complete.lua",
    ["elevenlabs.workspace.engine.events"] = "lua/elevenlabs/workspace/engine/events.lua",
    ["elevenlabs.workspace.engine.finish"] = "lua/elevenlabs/workspace/engine/finish.lua",
    ["elevenlabs.workspace.engine.group"] = "lua/elevenlabs/workspace/engine/group.lua",
    ["elevenlabs.workspace.engine.queue"] = "lua/elevenlabs/workspace/engine/queue.lua",
    ["elevenlabs.workspace.engine.send"] = "lua/elevenlabs/workspace/engine/send.lua",
    ["elevenlabs.workspace.engine.stop"] = "lua/elevenlabs/workspace/engine/stop.lua",
    ["elevenlabs.workspace.engine.timers"] = "lua/elevenlabs/workspace/engine/timers.lua",
    ["elevenlabs.workspace.engine.turns"] = "lua/elevenlabs/workspace/engine/turns.lua",
    ["elevenlabs.workspace.error"] = "lua/elevenlabs/workspace/error.lua",
    ["elevenlabs.workspace.gather"] = "lua/elevenlabs/workspace/gather.lua",
    ["elevenlabs.workspace.items"] = "lua/elevenlabs/workspace/items.lua",
    ["elevenlabs.workspace.items.array"] = "lua/elevenlabs/workspace/items/array.lua",
    ["elevenlabs.workspace.items.columns"] = "lua/elevenlabs/workspace/items/columns.lua",
    ["elevenlabs.workspace.items.content"] = "lua/elevenlabs/workspace/items/content.lua",
    ["elevenlabs.workspace.items.csv"] = "lua/elevenlabs/workspace/items/csv.lua",
    ["elevenlabs.workspace.items.csv_file"] = "lua/elevenlabs/workspace/items/csv_file.lua",
    ["elevenlabs.workspace.items.file"] = "lua/elevenlabs/workspace/items/file.lua",
    ["elevenlabs.workspace.items.formats"] = "lua/elevenlabs/workspace/items/formats.lua",
    ["elevenlabs.workspace.items.given"] = "lua/elevenlabs/workspace/items/given.lua",
    ["elevenlabs.workspace.items.item"] = "lua/elevenlabs/workspace/items/item.lua",
    ["elevenlabs.workspace.items.json_line"] = "lua/elevenlabs/workspace/items/json_line.lua",
    ["elevenlabs.workspace.items.jsonl_file"] = "lua/elevenlabs/workspace/items/jsonl_file.lua",
    ["elevenlabs.workspace.items.lines"] = "lua/elevenlabs/workspace/items/lines.lua",
    ["elevenlabs.workspace.items.product"] = "lua/elevenlabs/workspace/items/product.lua",
    ["elevenlabs.workspace.items.source"] = "lua/elevenlabs/workspace/items/source.lua",
    ["elevenlabs.workspace.json"] = "lua/elevenlabs/workspace/json.lua",
    ["elevenlabs.workspace.names"] = "lua/elevenlabs/workspace/names.lua",
    ["elevenlabs.workspace.operations"] = "lua/elevenlabs/workspace/operations.lua",
    ["elevenlabs.workspace.options"] = "lua/elevenlabs/workspace/options.lua",
    ["elevenlabs.workspace.receipt"] = "lua/elevenlabs/workspace/receipt.lua",
    ["elevenlabs.workspace.sandbox.app"] = "lua/elevenlabs/workspace/sandbox/app.lua",
    ["elevenlabs.workspace.sandbox.fake"] = "lua/elevenlabs/workspace/sandbox/fake.lua",
    ["elevenlabs.workspace.sandbox.faults"] = "lua/elevenlabs/workspace/sandbox/faults.lua",
    ["elevenlabs.workspace.sandbox.model"] = "lua/elevenlabs/workspace/sandbox/model.lua",
    ["elevenlabs.workspace.sandbox.nginx"] = "lua/elevenlabs/workspace/sandbox/nginx.lua",
    ["elevenlabs.workspace.sandbox.worker"] = "lua/elevenlabs/workspace/sandbox/worker.lua",
    ["elevenlabs.workspace.secrets"] = "lua/elevenlabs/workspace/secrets.lua",
    ["elevenlabs.workspace.text"] = "lua/elevenlabs/workspace/text.lua",
    ["elevenlabs.workspace.throttle"] = "lua/elevenlabs/workspace/throttle.lua",
    ["elevenlabs.workspace.throttle.backoff"] = "lua/elevenlabs/workspace/throttle/backoff.lua",
    ["elevenlabs.workspace.throttle.budget"] = "lua/elevenlabs/workspace/throttle/budget.lua",
    ["elevenlabs.workspace.throttle.retry_after"] = "lua/elevenlabs/workspace/throttle/retry_after.lua",
    ["elevenlabs.workspace.throttle.window"] = "lua/elevenlabs/workspace/throttle/window.lua",
    ["elevenlabs.workspace.version"] = "lua/elevenlabs/workspace/version.lua",
  },
  install = {
    bin = { ["elevenlabs-workspace"] = "lua/elevenlabs/workspace/cli.lua" },
  },
}

-- Another interpreter than Lua 5.4: luarocks test -- LUA=lua5.1
test = {
  type = "command",
  command = "make specs",
}
