-- Asks for the targets of a file in turn, and prints the result as JSON.
local requests, next = {}, 0

function init(args)
  for target in io.lines(args[1]) do requests[#requests + 1] = wrk.format(nil, target) end
end

function request()
  next = next % #requests + 1
  return requests[next]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"bytes":%.0f,"microseconds":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.bytes, summary.duration, errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
