-- Write a cache entry in place of whatever was there.
-- KEYS: entry. ARGV: seconds to live, '1' to refresh an entry that is there only, then its fields.
if ARGV[2] == '1' and redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
