-- Admit one call: key, account, rate, month, cache, in one round trip.
-- KEYS: the key's cached record, usage stream, count of changes, cache entry ('' for none).
-- ARGV: request id, cost (0 or 1), window in ms, reservation in ms, '1' if a country is wanted,
--       '1' if the caller's address was found on the key's list, video id, seconds that a cache
--       entry must be younger than ('' for none),
--       then the fields of the cache entry, the reason of an absence last.
-- Answers {'load', now (us), count of changes} when MongoDB must be read first, {'expired'}, or
--   {verdict, account id, plan, limit, remaining, reset (us), left of the month, now (us),
--    extra, cached values…}; extra is the key's id when the call is admitted.
local time = redis.call('TIME')
local seconds = tonumber(time[1])
local now = seconds * 1000000 + time[2]
local function load()
  return {'load', now, redis.call('GET', KEYS[3]) or '0'}
end

local key = redis.call('HMGET', KEYS[1], 'account', 'expires_at', 'allow', 'id', 'subscribed')
if not key[1] then
  return load()
end
local account = redis.call('HMGET', 'account:' .. key[1],
  'plan', 'status', 'rate', 'month', 'country', 'period_start', 'period_end', 'subscribed')
-- Through RapidAPI each call says what is subscribed to; what the account has may be older.
if key[5] and key[5] ~= account[8] then
  return load()
end
local month_key = 'month:' .. key[1]
local month = redis.call('HMGET', month_key, 'period', 'charged', 'items', 'held', 'held_until')
if not account[1] or month[1] ~= account[6] or seconds >= tonumber(account[7]) then
  return load()
end
if key[2] ~= '' and seconds >= tonumber(key[2]) then
  return {'expired'}
end

local rate = 'rate:' .. key[1]
local reserved = 'reserved:' .. key[1]
local window = ARGV[3] * 1000
local limit = tonumber(account[3])
-- A call is counted for the window's whole length, its last microsecond included.
local oldest = redis.call('LINDEX', rate, 0)
while oldest and oldest + window < now do
  redis.call('LPOP', rate)
  oldest = redis.call('LINDEX', rate, 0)
end
local counted = redis.call('LLEN', rate)
-- Items that crawls delivered, and those that are just being written.
local items = (month[3] or 0) + (tonumber(month[5] or 0) > seconds and month[4] or 0)
local left = account[4] - month[2] - items
  - redis.call('ZCOUNT', reserved, string.format('(%d', now), '+inf')

local function answer(verdict, extra, values)
  -- After a change to a smaller plan more calls may be counted than it allows.
  local index = counted - limit
  if index > 0 then
    oldest = redis.call('LINDEX', rate, index)
  end
  local result = {verdict, key[1], account[1], limit, math.max(0, limit - counted),
    (oldest or now) + window + 1, math.max(0, left), now, extra or ''}
  for index = 1, #ARGV - 8 do
    result[9 + index] = values and values[index] or false
  end
  return result
end

if key[3] ~= '' and ARGV[6] ~= '1' then
  return answer('address', key[3])
end
if account[2] ~= 'active' then
  return answer('suspended')
end
if counted >= limit then
  return answer('rate')
end
local is_refused_country = ARGV[5] == '1' and account[5] ~= '1'
if ARGV[2] == '1' and left <= 0 and not is_refused_country then
  return answer('month', account[7])
end
redis.call('RPUSH', rate, string.format('%d', now))
counted = counted + 1
if is_refused_country then
  return answer('country')
end
if ARGV[2] ~= '1' then
  return answer('admitted', key[4])
end

local values = {}
local is_young = ARGV[8] == ''
if KEYS[4] ~= '' and not is_young then
  local observed_at = redis.call('HGET', KEYS[4], 'observed_at')
  is_young = observed_at and now - observed_at * 1000000 < ARGV[8] * 1000000
end
if KEYS[4] ~= '' and is_young then
  values = redis.call('HMGET', KEYS[4], unpack(ARGV, 9))
  local absent = values[#values]
  local is_whole = #values > 1
  for index = 1, #values - 1 do
    is_whole = is_whole and values[index]
  end
  if absent or is_whole then
    redis.call('HINCRBY', month_key, 'charged', 1)
    redis.call('XADD', KEYS[2], '*', 'event', string.format('%s %d %d 1 1 0 %s %s',
      key[1], now / 1000, absent and 404 or 200, ARGV[7], key[4]))
    left = left - 1
    return answer('charged', key[4], values)
  end
end
redis.call('ZREMRANGEBYSCORE', reserved, '-inf', string.format('%d', now))
redis.call('ZADD', reserved, string.format('%d', now + ARGV[4] * 1000), ARGV[1])
left = left - 1
return answer('reserved', key[4], values)
