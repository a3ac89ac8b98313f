-- Put a job on a stream again, once.
-- KEYS: the stream that holds it, the stream that it goes to. ARGV: group, entry id, then the job's fields with the failure counted.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
return 1
