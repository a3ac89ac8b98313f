-- Count a call whose key Redis does not know, before MongoDB is asked for it.
-- KEYS: the address' count, mark of the key when it was valid lately.
-- ARGV: calls that an address has in a window, the window in ms.
-- Answers {ms to wait, 0 for none; 1 if the call was counted}.
if redis.call('EXISTS', KEYS[2]) == 1 then
  return {0, 0}
end
if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then
  return {math.max(1, redis.call('PTTL', KEYS[1])), 0}
end
if redis.call('INCR', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {0, 1}
