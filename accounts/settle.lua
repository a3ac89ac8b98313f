-- Settle a call, once: charge it or let it go, and say so in the usage.
-- KEYS: the mark of this settlement, reservations, month, usage stream.
-- ARGV: request id, charge (0 or 1), the plan's month, account, status, cached, elapsed ms, video.
-- Answers what is left of the month.
-- The mark, not the reservation, makes a second settlement nothing: a reservation may have lapsed,
-- or be lost with Redis' data, while its call was on its way.
if redis.call('SET', KEYS[1], 1, 'NX', 'EX', 60) then
  local time = redis.call('TIME')
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HINCRBY', KEYS[3], 'charged', ARGV[2])
  redis.call('XADD', KEYS[4], '*', 'id', ARGV[1], 'account', ARGV[4],
    'at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
    'status', ARGV[5], 'charged', ARGV[2], 'cached', ARGV[6], 'elapsed_ms', ARGV[7],
    'video_id', ARGV[8])
end
local charged = redis.call('HGET', KEYS[3], 'charged') or 0
return math.max(0, ARGV[3] - charged - redis.call('ZCARD', KEYS[2]))
