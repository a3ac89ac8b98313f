-- Keep what an admission needs of a key and its account, unless one of them has changed meanwhile.
-- KEYS: key, account, month, changes.
-- ARGV: the count of changes before MongoDB was read, seconds to live, start of the period, charged
--       in it so far for calls ('' when Redis knows) and for items, number of the key's fields and
--       values, then those, then those of the account.
if (redis.call('GET', KEYS[4]) or '0') ~= ARGV[1] then
  return 0
end
local split = 7 + ARGV[6]
redis.call('HSET', KEYS[1], unpack(ARGV, 7, split - 1))
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], unpack(ARGV, split))
redis.call('EXPIRE', KEYS[2], ARGV[2])
-- A count that Redis has of this period is never older than the one from the database.
if ARGV[4] ~= '' and redis.call('HGET', KEYS[3], 'period') ~= ARGV[3] then
  redis.call('HSET', KEYS[3], 'period', ARGV[3], 'charged', ARGV[4], 'items', ARGV[5])
  redis.call('HDEL', KEYS[3], 'held', 'held_until')
end
return 1
