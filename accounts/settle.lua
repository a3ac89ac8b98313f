-- Settle what was reserved, once: charge it or let it go, and say so in the usage.
-- KEYS: reservations, month, account, usage stream.
-- ARGV: request id, charge (0 or 1), then the fields of the usage event.
-- Answers what is left of the month.
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  if ARGV[2] == '1' then
    redis.call('HINCRBY', KEYS[2], 'charged', 1)
  end
  redis.call('XADD', KEYS[4], '*', 'id', ARGV[1], 'charged', ARGV[2], unpack(ARGV, 3))
end
local limit = redis.call('HGET', KEYS[3], 'month') or 0
local charged = redis.call('HGET', KEYS[2], 'charged') or 0
return math.max(0, limit - charged - redis.call('ZCARD', KEYS[1]))
