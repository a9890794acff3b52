local retry_after = require "elevenlabs.workspace.throttle.retry_after"

describe("Retry-After", function()
  local NOW = "Tue, 24 Nov 2026 12:00:00 GMT"
  for _, row in ipairs {
    -- value, Date, ms
    { nil, NOW, nil },
    { "0", nil, 0 },
    { "1", nil, 1000 },
    { "120", nil, 120000 },
    { "000120", nil, 120000 },
    { "9999999999", nil, 9999999999000 },
    { "10000000000", nil, nil },
    { "00000000001", nil, nil },
    { "", nil, nil },
    { "-5", nil, nil },
    { "+5", nil, nil },
    { "1.5", nil, nil },
    { "1e20", nil, nil },
    { "0x10", nil, nil },
    { " 5", nil, nil },
    { "5 ", nil, nil },
    { "5,5", nil, nil },
    { "5s", nil, nil },
    { "soon", nil, nil },
    { "nan", nil, nil },
    { "inf", nil, nil },
    { "\2315", nil, nil },
    { "Tue, 24 Nov 2026 12:00:30 GMT", NOW, 30000 },
    { "Tue, 24 Nov 2026 12:00:30 GMT", nil, nil },
    { "Tue, 24 Nov 2026 12:00:30 GMT", "yesterday", nil },
    { "Tue, 24 Nov 2026 12:00:00 GMT", NOW, 0 },
    { "Tue, 24 Nov 2026 11:59:59 GMT", NOW, 0 },
    { "Wed, 25 Nov 2026 12:00:00 GMT", NOW, 86400000 },
    { "Wed, 24 Nov 2026 12:00:30 GMT", NOW, nil }, -- was a Tuesday
    { "Fri, 01 Jan 2027 00:00:00 GMT", "Thu, 31 Dec 2026 23:59:59 GMT", 1000 },
    { "Tue, 29 Feb 2028 00:00:00 GMT", "Mon, 28 Feb 2028 23:59:00 GMT", 60000 },
    { "Thu, 29 Feb 2027 00:00:00 GMT", NOW, nil },
    { "Mon, 01 Mar 2100 00:00:00 GMT", "Sun, 28 Feb 2100 23:59:59 GMT", 1000 },
    { "Tue, 31 Nov 2026 12:00:30 GMT", NOW, nil },
    { "Tue, 00 Nov 2026 12:00:30 GMT", NOW, nil },
    { "Tue, 24 Nov 2026 24:00:00 GMT", NOW, nil },
    { "Tue, 24 Nov 2026 12:60:00 GMT", NOW, nil },
    { "Tue, 24 Nov 2026 12:00:61 GMT", NOW, nil },
    { "Tue, 24 Nov 2026 12:00:60 GMT", NOW, 60000 }, -- a leap second
    { "Tue, 24 Nov 2026 12:00:30 UTC", NOW, nil },
    { "Tue, 24 nov 2026 12:00:30 GMT", NOW, nil },
    { "Tue,24 Nov 2026 12:00:30 GMT", NOW, nil },
    { "Tue, 24 Nov 2026 12:00:30 GMT+1", NOW, nil },
    { "Tuesday, 24-Nov-26 12:00:30 GMT", NOW, nil },
    { "Tue Nov 24 12:00:30 2026", NOW, nil },
    { "2026-11-24T12:00:30Z", NOW, nil },
  } do
    local value, date, ms = row[1], row[2], row[3]
    it(tostring(value) .. ", where Date is " .. tostring(date) .. ": " .. tostring(ms), function()
      assert.are.equal(ms, retry_after.parse(value, date))
    end)
  end
end)
