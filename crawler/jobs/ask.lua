-- Ask for a target on the demand lane, unless a flight for it is under way, or has just landed, or
-- it may not be crawled now.
-- KEYS: flight, stream, cache entry ('' for none), the target's postponement, then the state of each
-- egress. ARGV: job id, flight's length in ms, the unix second that an entry must not be older than
-- ('' when any will do), then the job's fields.
-- Without a job it only says whether the target may be crawled: 1 then.
-- Answers 2 when the cache entry is there; for what may not be crawled, 3, ms to wait, the reason.
if KEYS[3] ~= '' then
  local observed_at = redis.call('HGET', KEYS[3], 'observed_at')
  if observed_at and (ARGV[3] == '' or tonumber(observed_at) >= tonumber(ARGV[3])) then
    return { 2 }
  end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 0 }
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local postponed = redis.call('HMGET', KEYS[4], 'until', 'reason')
if tonumber(postponed[1] or 0) > now then
  return { 3, tonumber(postponed[1]) - now, postponed[2] }
end
local shortest
for place = 5, #KEYS do
  local state = redis.call('HMGET', KEYS[place], 'until', 'probe')
  local wait = math.max(tonumber(state[1] or 0), tonumber(state[2] or 0)) - now
  if wait <= 0 then
    shortest = nil
    break
  end
  shortest = math.min(shortest or wait, wait)
end
if shortest then
  return { 3, shortest, 'upstream_blocked' }
end
if not ARGV[4] then
  return { 1 }
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
return { 1 }
