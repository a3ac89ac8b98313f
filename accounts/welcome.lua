-- A key proved valid: remember that, and take back what its call was counted for.
-- KEYS: the address' count, mark of the key.
-- ARGV: seconds to remember it for, 1 if the call was counted.
redis.call('SET', KEYS[2], 1, 'EX', ARGV[1])
if ARGV[2] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DECR', KEYS[1])
end
