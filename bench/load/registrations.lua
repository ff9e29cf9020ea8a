-- Load of registrations for wrk. Every request registers another person. At the end it prints one
-- line of JSON.
--
-- Arguments: the prefix of every address, and the mode. In mode "keys" every request has an
-- Idempotency-Key. In mode "retries" each twentieth request also repeats the key and body of an
-- earlier one. BENCH_TOKEN in the environment is the token to send; without it the registrations
-- are public. In mode "reads" every request reads the path that stands in place of the prefix.
-- With BENCH_TRACE_RATIO every request has a traceparent, as the gateway adds one, of which that
-- share is sampled.
local threads = 0

-- One more than a multiple of 20, so that the repeated request is not a retry itself.
local LONG_AGO = 1001

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  prefix = args[1]
  retries = args[2] == "retries"
  keys = retries or args[2] == "keys"
  count = 0
  headers = { ["Content-Type"] = "application/json" }
  local token = os.getenv("BENCH_TOKEN")
  if token ~= nil then headers["Authorization"] = "Bearer " .. token end
  reads = args[2] == "reads"
  ratio = tonumber(os.getenv("BENCH_TRACE_RATIO"))
end

local function traceparent()
  local function word() return math.random(0, 0x7fffffff) end
  return string.format("00-%08x%08x%08x%08x-%08x%08x-%s", word(), word(), word(), word() + 1,
    word(), word() + 1, math.random() < ratio and "01" or "00")
end

-- Alternates between the previous request, which is probably still in progress, and an old one
-- that has its answer.
local function repeated()
  return math.max(1, count - (count % 40 == 0 and 1 or LONG_AGO))
end

function request()
  if ratio ~= nil then headers["traceparent"] = traceparent() end
  if reads then return wrk.format("GET", prefix, headers) end
  count = count + 1
  local n = count
  if keys then
    if retries and count % 20 == 0 then n = repeated() end
    headers["Idempotency-Key"] =
      string.format("idempotency-key-of-registration-%s-%d-%d", prefix, id, n)
  end
  local body = string.format(
    '{"email":"%s-%d-%d@example.org","displayName":"Vera Marković %d","locale":"sr-Latn-RS",'
      .. '"termsVersion":"2026-01","profile":{"city":"Niš","newsletter":true}}',
    prefix, id, n, n)
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
