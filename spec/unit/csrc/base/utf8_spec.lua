local probe = require "probe"

describe("utf8", function()
  local valid = {
    [""] = "nothing",
    ["plain\t\r\n"] = "ASCII with tab, CR and LF",
    ["\194\128\223\191"] = "two bytes, both ends",
    ["\224\160\128\239\191\191"] = "three bytes, both ends",
    ["\237\159\191"] = "the last before the surrogates",
    ["\240\144\128\128\244\143\191\191"] = "four bytes, both ends",
    ["\127"] = "DEL, which JSON allows",
  }
  for bytes, name in pairs(valid) do
    it("accepts " .. name, function()
      assert.is_true(probe.is_text(bytes))
    end)
  end

  local invalid = {
    ["a\0b"] = "NUL",
    ["a\27b"] = "a control character",
    ["\128"] = "a lone continuation",
    ["\192\128"] = "an overlong NUL",
    ["\193\191"] = "an overlong two-byte form",
    ["\224\159\191"] = "an overlong three-byte form",
    ["\240\143\191\191"] = "an overlong four-byte form",
    ["\237\160\128"] = "a surrogate",
    ["\244\144\128\128"] = "more than U+10FFFF",
    ["\245\128\128\128"] = "a first byte that no form has",
    ["\226\130"] = "a form cut short",
    ["\226\130x"] = "a form broken off",
    ["\240\144\128"] = "four bytes cut short",
  }
  for bytes, name in pairs(invalid) do
    it("refuses " .. name, function()
      assert.is_false(probe.is_text(bytes))
      assert.is_false(probe.is_text("fine " .. bytes))
    end)
  end
end)
