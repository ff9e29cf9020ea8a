-- Load of registrations for wrk: every request another person. Prints one line of JSON at the end.
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  prefix = args[1]
  count = 0
  headers = { ["Content-Type"] = "application/json" }
end

function request()
  count = count + 1
  local body = string.format(
    '{"email":"%s-%d-%d@example.org","displayName":"Vera Marković %d","locale":"sr-Latn-RS",'
      .. '"termsVersion":"2026-01","profile":{"city":"Niš","newsletter":true}}',
    prefix, id, count, count)
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
