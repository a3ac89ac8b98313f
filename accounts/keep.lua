-- End a claim, unless it has lapsed and is another's by now.
-- KEYS: the key's record.
-- ARGV: id of the request that claimed it, the sealed answer ('' for none worth keeping), seconds
--       to keep it for.
-- Answers 1 when the claim was still this request's.
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'answer', ARGV[2])
  redis.call('HDEL', KEYS[1], 'owner')
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return 1
