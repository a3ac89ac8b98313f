-- Ask for a target on the demand lane, unless a flight for it is under way, or has just landed.
-- KEYS: flight, stream, cache entry ('' for none). ARGV: job id, flight's length in ms, then the
-- job's fields. Answers 2 when the cache entry is there.
if KEYS[3] ~= '' and redis.call('EXISTS', KEYS[3]) == 1 then
  return 2
end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
return 1
