-- Claim an idempotency key for a request, or tell what has become of the one that has it.
-- KEYS: the key's record, the moments of the account's counted calls.
-- ARGV: fingerprint of the request, its id, ms after which a claim lapses, when it was counted (us).
-- Answers {'claimed'}, {'reused'} when another request has the key, {'under way'}, or
--   {'kept', the sealed answer}.
local record = redis.call('HMGET', KEYS[1], 'fingerprint', 'answer')
if not record[1] then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'owner', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  -- The call is about to be admitted as any other, and would count twice.
  redis.call('LREM', KEYS[2], -1, ARGV[4])
  return {'claimed'}
end
if record[1] ~= ARGV[1] then
  return {'reused'}
end
if not record[2] then
  return {'under way'}
end
return {'kept', record[2]}
