-- Load of registrations for wrk: every request another person, and another address unless the second
-- argument says otherwise. Prints one line of JSON at the end.
local ffi = require("ffi")
ffi.cdef[[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *now);
]]

local threads = 0
-- Addresses that are sent again and again.
local few = 64
-- Milliseconds in which rivals send the same addresses, in the same order.
local slot_ms = 50
local now = ffi.new("moment")

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  prefix = args[1]
  addresses = args[2] or "fresh"
  count = 0
  slot = 0
  headers = { ["Content-Type"] = "application/json" }
end

function local_part()
  count = count + 1
  if addresses == "again" then
    return string.format("%s-%d", prefix, count % few)
  end
  if addresses == "racing" then
    ffi.C.clock_gettime(0, now)
    local current = math.floor((tonumber(now.seconds) * 1e3 + tonumber(now.nanoseconds) / 1e6) / slot_ms)
    if current ~= slot then
      slot = current
      count = 1
    end
    return string.format("%s-%.0f-%d", prefix, slot, count)
  end
  return string.format("%s-%d-%d", prefix, id, count)
end

function request()
  local body = string.format(
    '{"email":"%s@example.org","displayName":"Vera Marković %d","locale":"sr-Latn-RS",'
      .. '"termsVersion":"2026-01","profile":{"city":"Niš","newsletter":true}}',
    local_part(), count)
  return wrk.format("POST", "/v1/registrations", headers, body)
end

function done(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  io.write(string.format(
    '\n{"requests":%d,"failed":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f}\n',
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
