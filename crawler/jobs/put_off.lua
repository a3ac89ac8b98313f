-- Take a job off its stream until later, once.
-- KEYS: stream, jobs that are put off. ARGV: group, entry id, ms from now, the job's fields as JSON.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
redis.call('XDEL', KEYS[1], ARGV[2])
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('ZADD', KEYS[2], due, ARGV[4])
return 1
