-- Hold requests of an account's month for items that are about to be written; one at a time.
-- KEYS: month, reservations. ARGV: start of the period, the plan's month, how many, seconds.
-- Answers how many are held, or -1 when MongoDB must be read first.
local month = redis.call('HMGET', KEYS[1], 'period', 'charged', 'items')
if month[1] ~= ARGV[1] then
  return -1
end
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000000 + time[2])
local left = ARGV[2] - month[2] - (month[3] or 0) - redis.call('ZCOUNT', KEYS[2], '(' .. now, '+inf')
local held = math.max(0, math.min(tonumber(ARGV[3]), left))
redis.call('HSET', KEYS[1], 'held', held, 'held_until', time[1] + ARGV[4])
return held
