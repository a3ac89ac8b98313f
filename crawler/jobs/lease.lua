-- Take a lease that is free, or renew one's own. KEYS: lease. ARGV: holder, ms.
-- Answers 0 when another has it, 1 when it was renewed, 2 when it was free.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return holder and 1 or 2
