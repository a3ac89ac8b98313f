-- Extractions for wrk: each request is the next caller's, so that nobody passes a plan's rate.
-- Arguments: a file of API keys and a file of links, one a line.

local requests, position = {}, 0

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  return lines
end

function init(arguments)
  local keys, links = lines_of(arguments[1]), lines_of(arguments[2])
  for number, key in ipairs(keys) do
    local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = key }
    local body = string.format('{"url": "%s"}', links[number % #links + 1])
    requests[number] = wrk.format("POST", "/api/v1/video/extract", headers, body)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"rate": %.3f, "p99_ms": %.4f, "failed": %d}',
    summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000, failed))
end
