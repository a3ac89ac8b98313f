-- Say how many items were delivered in a period; the number only grows. What was held is let go.
-- KEYS: month. ARGV: start of the period, items, and charged for calls ('' when that was not read).
-- Answers 0 when Redis does not know the period and was not told what it would need.
local period = tonumber(redis.call('HGET', KEYS[1], 'period') or 0)
if period > tonumber(ARGV[1]) then
  return 1
elseif period < tonumber(ARGV[1]) then
  if ARGV[3] == '' then
    return 0
  end
  redis.call('HSET', KEYS[1], 'period', ARGV[1], 'charged', ARGV[3], 'items', ARGV[2])
elseif tonumber(redis.call('HGET', KEYS[1], 'items') or 0) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'items', ARGV[2])
end
redis.call('HDEL', KEYS[1], 'held', 'held_until')
return 1
