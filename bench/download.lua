-- Downloads for wrk: the one file of the address, again and again.

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"mb_s": %.3f, "count": %d, "failed": %d}',
    summary.bytes / summary.duration, summary.requests, failed))
end
