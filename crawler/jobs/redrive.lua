-- Put a dead letter back on a stream, once.
-- KEYS: dead letters, stream. ARGV: the letter's id, then the job's fields.
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
return 1
