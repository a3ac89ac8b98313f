-- Tell how many pages this worker has under way through each egress and how many it wants; be
-- granted a fair share of what each may do at once. A worker that stays silent loses its share.
-- KEYS: end of all postponements, then the state and the shares of each egress.
-- ARGV: worker, ms until its share lapses, concurrency, then what it wants and has of each.
-- Answers ms of postponements, then of each: share, '1' if its last page was a block, '1' if its
-- breaker is open, ms until it may be probed.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me = ARGV[1]

-- The small wants are met whole, the others share what is left; what cannot be divided goes round.
local function fair(limit, wants)
  table.sort(wants, function(one, other) return one.worker < other.worker end)
  for place, one in ipairs(wants) do
    one.rank = (place + tonumber(time[1])) % #wants
  end
  table.sort(wants, function(one, other)
    if one.want == other.want then
      return one.rank < other.rank
    end
    return one.want < other.want
  end)
  for place, one in ipairs(wants) do
    local share = math.min(one.want, math.floor(limit / (#wants - place + 1)))
    if one.worker == me then
      return share
    end
    limit = limit - share
  end
end

local answer = { math.max(0, tonumber(redis.call('GET', KEYS[1]) or 0) - now) }
for place = 1, (#KEYS - 1) / 2 do
  local state_key, shares_key = KEYS[2 * place], KEYS[2 * place + 1]
  local want, busy = tonumber(ARGV[2 * place + 2]), tonumber(ARGV[2 * place + 3])
  local state = redis.call('HMGET', state_key, 'until', 'probe', 'limit')
  local limit = math.min(tonumber(state[3] or ARGV[3]), tonumber(ARGV[3]))
  local shares, wants, held = redis.call('HGETALL', shares_key), {}, 0
  for index = 1, #shares, 2 do
    local other, its_want, has, ends = shares[index], string.match(shares[index + 1], '(%d+) (%d+) (%d+)')
    if other ~= me and tonumber(ends) > now then
      wants[#wants + 1] = { worker = other, want = tonumber(its_want) }
      held = held + tonumber(has)
    elseif other ~= me then
      redis.call('HDEL', shares_key, other)
    end
  end
  wants[#wants + 1] = { worker = me, want = want }
  local share = math.max(0, math.min(fair(limit, wants), limit - held))
  local mine = string.format('%d %d %d', want, math.max(share, busy), now + tonumber(ARGV[2]))
  redis.call('HSET', shares_key, me, mine)
  redis.call('PEXPIRE', shares_key, ARGV[2])
  local closed_until, probed_until = tonumber(state[1] or 0), tonumber(state[2] or 0)
  answer[#answer + 1] = share
  answer[#answer + 1] = state[3] and 1 or 0
  answer[#answer + 1] = closed_until > 0 and 1 or 0
  answer[#answer + 1] = math.max(0, closed_until - now, probed_until - now)
end
return answer
