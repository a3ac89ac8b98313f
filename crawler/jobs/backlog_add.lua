-- Note that a post's files are to be kept; one that is noted already keeps its time.
-- KEYS: due. ARGV: post's id.
local now = redis.call('TIME')
return redis.call('ZADD', KEYS[1], 'NX', now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
