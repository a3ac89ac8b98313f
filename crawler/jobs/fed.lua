-- The ids of all jobs that are on streams, or off them for a while, at one moment.
-- KEYS: streams and sorted sets.
local ids = {}
local function note(fields)
  for place = 1, #fields, 2 do
    if fields[place] == 'id' then
      ids[#ids + 1] = fields[place + 1]
      return
    end
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'stream' then
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
      note(entry[2])
    end
  else
    for _, job in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      note(cjson.decode(job))
    end
  end
end
return ids
