-- Put what is due back on its stream. KEYS: jobs that are put off, stream. ARGV: how many at most.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, job in ipairs(due) do
  redis.call('XADD', KEYS[2], '*', unpack(cjson.decode(job)))
  redis.call('ZREM', KEYS[1], job)
end
return #due
