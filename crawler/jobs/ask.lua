-- Ask for a target on the demand lane, unless a flight for it is under way.
-- KEYS: flight, stream. ARGV: job id, flight's length in ms, then the job's fields.
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
return 1
