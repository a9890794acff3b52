local connections = require "elevenlabs.workspace.cli.connections"

describe("cli.connections", function()
  it("takes a server for a sandbox if its host is written as a loopback address", function()
    for _, url in ipairs {
      "https://127.0.0.1",
      "https://127.0.0.1:8443",
      "http://127.1.2.3:80/path?query#fragment",
      "https://[::1]:8443",
      "https://[::1]",
    } do
      assert.is_true(connections.is_sandbox(url), url)
    end
    for _, url in ipairs {
      "https://api.elevenlabs.io",
      "https://localhost:8443",
      "https://127.0.0.1.example.com",
      "https://127.0.0.1@example.com",
      "https://example.com/127.0.0.1",
      "https://127.0.0.1:8443x",
      "ftp://127.0.0.1",
      "",
    } do
      assert.is_false(connections.is_sandbox(url), url)
    end
  end)
end)
