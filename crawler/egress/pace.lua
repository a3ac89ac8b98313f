-- Take the next moment at which a bulk page may leave through an egress. Answers ms until then.
-- KEYS: next moment. ARGV: ms between two pages.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mine = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
redis.call('SET', KEYS[1], mine + ARGV[1], 'PX', mine + ARGV[1] - now + 1)
return mine - now
