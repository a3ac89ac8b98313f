-- Keep what an admission needs of a key and its account.
-- KEYS: key, account, month. ARGV: seconds to live, start of the period, charged in it so far,
--       number of the key's fields and values, then those of the key, then those of the account.
local split = 4 + ARGV[4]
redis.call('HSET', KEYS[1], unpack(ARGV, 5, split))
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], unpack(ARGV, split + 1))
redis.call('EXPIRE', KEYS[2], ARGV[1])
-- A count that Redis has of this period is never older than the one from the database.
if redis.call('HGET', KEYS[3], 'period') ~= ARGV[2] then
  redis.call('HSET', KEYS[3], 'period', ARGV[2], 'charged', ARGV[3])
end
return 1
