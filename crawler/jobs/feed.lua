-- Put jobs on a stream, if the lease of whoever feeds them is still theirs.
-- KEYS: lease, stream. ARGV: holder, then each job's fields as JSON. Answers 0 if it is not.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
for place = 2, #ARGV do
  redis.call('XADD', KEYS[2], '*', unpack(cjson.decode(ARGV[place])))
end
return 1
