-- Ask for a target on the demand lane, unless a flight for it is under way, or has just landed.
-- KEYS: flight, stream, cache entry ('' for none). ARGV: job id, flight's length in ms, the unix
-- second that an entry must not be older than ('' when any will do), then the job's fields.
-- Answers 2 when the cache entry is there.
if KEYS[3] ~= '' then
  local observed_at = redis.call('HGET', KEYS[3], 'observed_at')
  if observed_at and (ARGV[3] == '' or tonumber(observed_at) >= tonumber(ARGV[3])) then
    return 2
  end
end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
return 1
