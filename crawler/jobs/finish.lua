-- End a job exactly once: whoever acknowledges its entry first tells the others.
-- KEYS: stream, flight, run's outcomes ('' when there is no run), dead letters.
-- ARGV: group, entry id, job id, channel ('' when nobody waits on it), outcome, seconds that a run's
--       outcomes are kept (0 for a crawl's, which are taken off as they are entered), what to count
--       it as, what was counted for it, then the fields of a dead letter, if the job is one.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
redis.call('XDEL', KEYS[1], ARGV[2])
if #ARGV > 8 then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', '100000', '*', unpack(ARGV, 9))
end
if KEYS[3] ~= '' then
  redis.call('XADD', KEYS[3], '*', 'job', ARGV[3], 'outcome', ARGV[5], 'counted', ARGV[8])
  if ARGV[6] ~= '0' then
    redis.call('EXPIRE', KEYS[3], ARGV[6])
  end
end
if ARGV[4] ~= '' then
  redis.call('PUBLISH', ARGV[4], ARGV[5])
end
local crawls = 'crawls:' .. math.floor(redis.call('TIME')[1] / 60)
redis.call('HINCRBY', crawls, ARGV[7], 1)
redis.call('EXPIRE', crawls, 3600)
if redis.call('GET', KEYS[2]) == ARGV[3] then
  redis.call('DEL', KEYS[2])
end
return 1
