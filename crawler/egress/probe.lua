-- Ask to be the one probe of an egress whose breaker is open.
-- KEYS: state. ARGV: ms until another may probe if nothing is heard of this one.
-- Answers -1 when the caller is the probe, 0 when the breaker is closed, else ms to wait.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'until', 'probe')
if not state[1] then
  return 0
end
local left = math.max(tonumber(state[1]), tonumber(state[2] or 0)) - now
if left > 0 then
  return left
end
redis.call('HSET', KEYS[1], 'probe', now + tonumber(ARGV[1]))
return -1
