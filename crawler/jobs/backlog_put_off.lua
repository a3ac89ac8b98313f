-- Set when posts that are still noted are due again.
-- KEYS: due. ARGV: in how many ms, then the posts' ids.
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for place = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', at, ARGV[place])
end
return #ARGV - 1
