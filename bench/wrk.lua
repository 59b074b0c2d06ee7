-- Asks for the targets of a file in turn, each with its credentials where a tab and those follow it, and prints the result
-- as JSON. Latencies are in microseconds.
local requests, next = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local target, credentials = line:match("^([^\t]+)\t(.+)$")
    wrk.headers["Authorization"] = credentials or wrk.headers["Authorization"]
    requests[#requests + 1] = wrk.format(nil, target or line)
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"bytes":%.0f,"microseconds":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.bytes, summary.duration, errors.connect, errors.read, errors.write, errors.status, errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
