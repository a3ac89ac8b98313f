-- Settle a call, once: charge it or let it go, and say so in the usage.
-- KEYS: the mark of this settlement, reservations, month, usage stream.
-- ARGV: request id, charge (0 or 1), the plan's month, account, status, cached, elapsed ms, video,
--       key.
-- Answers what is left of the month.
-- The mark, not the reservation, makes a second settlement nothing: a reservation may have lapsed,
-- or be lost with Redis' data, while its call was on its way.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if redis.call('SET', KEYS[1], 1, 'NX', 'EX', 60) then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HINCRBY', KEYS[3], 'charged', ARGV[2])
  redis.call('XADD', KEYS[4], '*', 'event', string.format('%s %d %s %s %s %s %s %s',
    ARGV[4], now / 1000, ARGV[5], ARGV[2], ARGV[6], ARGV[7], ARGV[8], ARGV[9]))
end
local month = redis.call('HMGET', KEYS[3], 'charged', 'items', 'held', 'held_until')
local held = tonumber(month[4] or 0) > tonumber(time[1]) and month[3] or 0
local reserved = redis.call('ZCOUNT', KEYS[2], string.format('(%d', now), '+inf')
return math.max(0, ARGV[3] - (month[1] or 0) - (month[2] or 0) - held - reserved)
