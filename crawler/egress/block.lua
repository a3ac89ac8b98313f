-- Note a block: halve what the egress may do at once, open its breaker when too many targets were
-- blocked and none served, wait longer before the next probe when this was one; postpone the target.
-- KEYS: state, blocked targets, end of all postponements, then each name of the target's postponement.
-- ARGV: target, reason, concurrency, blocks that open the breaker, window in ms, first and longest
-- back-off in ms, what each back-off is multiplied with, ms that TikTok named (0 for none), '1' for
-- a probe, '1' to postpone the target. Answers ms of postponement, ms until the next probe, limit.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, first, longest = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local function back_off(step)
  return math.ceil(math.min(longest, first * 2 ^ (step - 1)) * tonumber(ARGV[8]))
end

local is_new = redis.call('ZADD', KEYS[2], now, ARGV[1]) == 1
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window)
local blocks = redis.call('ZCARD', KEYS[2])
local state = redis.call('HMGET', KEYS[1], 'until', 'step', 'limit')
local closed_until, step = tonumber(state[1] or 0), tonumber(state[2] or 0)
local limit = math.min(tonumber(state[3] or ARGV[3]), tonumber(ARGV[3]))
if is_new then
  limit = math.max(1, math.floor(limit / 2))
end
local is_open = closed_until > 0
if (is_open and (ARGV[10] == '1' or now >= closed_until))
  or (not is_open and blocks >= tonumber(ARGV[4])) then
  step = step + 1
  closed_until = now + back_off(step)
  redis.call('HDEL', KEYS[1], 'probe')
  redis.call('HSET', KEYS[1], 'until', closed_until, 'step', step)
end
redis.call('HSET', KEYS[1], 'limit', limit, 'blocks', blocks, 'reason', ARGV[2])
local left = math.max(0, closed_until - now)
redis.call('PEXPIRE', KEYS[1], left + window)
redis.call('PEXPIRE', KEYS[2], window)

local delay = 0
if ARGV[11] == '1' then
  for place = 4, #KEYS do
    local again = redis.call('HINCRBY', KEYS[place], 'step', 1)
    delay = tonumber(ARGV[9])
    if delay == 0 then
      delay = back_off(again)
    end
    redis.call('HSET', KEYS[place], 'until', now + delay, 'reason', ARGV[2])
    redis.call('PEXPIRE', KEYS[place], 2 * delay)
  end
  local last = math.max(now + delay, tonumber(redis.call('GET', KEYS[3]) or 0))
  redis.call('SET', KEYS[3], last, 'PX', last - now + 1)
end
return { delay, left, limit }
