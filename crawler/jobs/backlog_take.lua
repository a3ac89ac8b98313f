-- Take posts that are due, each with the number of its tries; they are due again when the lease ends.
-- KEYS: due, tries. ARGV: how many, lease in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  redis.call('ZADD', KEYS[1], now + ARGV[2], id)
  taken[#taken + 1] = {id, redis.call('HINCRBY', KEYS[2], id, 1)}
end
return taken
