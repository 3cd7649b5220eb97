-- Sends the requests of a file in turn, and prints what came of them as one JSON line.
-- Arguments: path of the route, file with one JSON body a line.

local requests = {}
local next_request = 0

function init(args)
  wrk.headers["Content-Type"] = "application/json" -- beside those of -H
  for body in io.lines(args[2]) do
    requests[#requests + 1] = wrk.format("POST", args[1], nil, body)
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"errors":%d,"p50_us":%d,"p90_us":%d,"p99_us":%d,"max_us":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
