"""The scripts that Valkey runs. Each is one atomic step on the keys of one sandbox.

The keys of a sandbox are in one hash slot, because their names have its name in braces, so the scripts work in a
cluster. They are always given in this order:

1. `head`, a hash: the `id` of the sandbox, the `version` of its state, the `base` version that the image has, the
   `owner` of the turn and `until` when it has it, in milliseconds of Valkey's clock, and the bytes that are `logged`
   and `imaged`. The owner is a copy: the name of its process, and a number. Each one that waits for the turn has
   `asked:HOLDER`, when it did so last: one that waits asks again several times a second, and one that does not has
   ended.
2. `log`, a list: the batches of changes since the image. The first leads from `base` to `base + 1`.
3. `image`, a string: the whole state in the version `base`, or nothing if that is 0.
4. `queue`, a sorted set: the copies that wait for the turn, by when they began to wait.
"""

from hashlib import sha1
from typing import NamedTuple

KEYS = ("head", "log", "image", "queue")


class Script(NamedTuple):
    """A script, and the digest by which Valkey knows it."""

    source: str
    digest: str


def _script(source: str) -> Script:
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


_COMMON = """
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function keep(ttl)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
end

local function channel(space, holder)
  return space .. ':process:' .. string.match(holder, '^[^/]+')
end

local function pass(lease, space, name)
  while true do
    local following = redis.call('ZPOPMIN', KEYS[4])[1]
    if not following then return redis.call('HDEL', KEYS[1], 'owner', 'until') end
    local asked = redis.call('HGET', KEYS[1], 'asked:' .. following) or 0
    redis.call('HDEL', KEYS[1], 'asked:' .. following)
    if now() - asked < 1000 then
      redis.call('HSET', KEYS[1], 'owner', following, 'until', now() + lease)
      return redis.call('PUBLISH', channel(space, following), 'turn ' .. name)
    end
  end
end

local function changes(id, version)
  local head = redis.call('HMGET', KEYS[1], 'id', 'version', 'base')
  local base, image, first = tonumber(head[3]), '', version - head[3]
  if head[1] ~= id or version < base then
    image, first = redis.call('GET', KEYS[3]) or '', 0
  end
  return {'turn', head[1], tonumber(head[2]), base, image, redis.call('LRANGE', KEYS[2], first, -1),
          redis.call('ZCARD', KEYS[4])}
end
"""

# Take the turn, and get all changes since `version`. Arguments: holder, id, version, lease, ttl, space, name.
ENTER = _script(
    _COMMON
    + """
local head = redis.call('HMGET', KEYS[1], 'id', 'owner', 'until')
if not head[1] then return {'gone'} end
if head[2] and head[2] ~= ARGV[1] and now() < tonumber(head[3]) then
  redis.call('ZADD', KEYS[4], 'NX', now(), ARGV[1])
  redis.call('HSET', KEYS[1], 'asked:' .. ARGV[1], now())
  redis.call('PUBLISH', channel(ARGV[6], head[2]), 'wanted ' .. ARGV[7])
  keep(ARGV[5])
  return {'busy'}
end
if redis.call('ZREM', KEYS[4], ARGV[1]) == 1 then redis.call('HDEL', KEYS[1], 'asked:' .. ARGV[1]) end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', now() + ARGV[4])
keep(ARGV[5])
return changes(ARGV[2], tonumber(ARGV[3]))
"""
)

# Get all changes since `version`, without the turn. Arguments: id, version.
READ = _script(
    _COMMON
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return {'gone'} end
return changes(ARGV[1], tonumber(ARGV[2]))
"""
)

# Write a batch of changes to `version`, and pass the turn on if `passes` is 1. Writing the same batch again, because
# its reply was lost, changes nothing. The keys expire as late as before unless `renews` is 1. Arguments: holder, id,
# version, batch, passes, lease, ttl, space, name, renews.
COMMIT = _script(
    _COMMON
    + """
local head = redis.call('HMGET', KEYS[1], 'id', 'version', 'owner', 'logged', 'imaged')
if head[1] ~= ARGV[2] then return {'gone'} end
local version, logged, renews = tonumber(head[2]), tonumber(head[4] or 0), ARGV[10] == '1'
if version ~= ARGV[3] + 1 or redis.call('LINDEX', KEYS[2], -1) ~= ARGV[4] then
  if head[3] ~= ARGV[1] or version ~= tonumber(ARGV[3]) then return {'refused'} end
  logged = logged + #ARGV[4]
  renews = redis.call('RPUSH', KEYS[2], ARGV[4]) == 1 or renews
  redis.call('HSET', KEYS[1], 'version', version + 1, 'until', now() + ARGV[6], 'logged', logged)
end
if renews then keep(ARGV[7]) end
redis.call('PUBLISH', ARGV[8] .. ':changes:' .. ARGV[9], ARGV[1])
if ARGV[5] == '1' and redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then pass(ARGV[6], ARGV[8], ARGV[9]) end
return {'written', logged, tonumber(head[5] or 0)}
"""
)

# Pass the turn on. Arguments: holder, lease, space, name.
PASS = _script(
    _COMMON
    + """
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then pass(ARGV[2], ARGV[3], ARGV[4]) end
return {'passed'}
"""
)

# Replace the image and the batches that it contains. Arguments: id, version, image, bytes before compression.
IMAGE = _script(
    """
local head = redis.call('HMGET', KEYS[1], 'id', 'base')
if head[1] ~= ARGV[1] or tonumber(head[2]) >= tonumber(ARGV[2]) then return {'kept'} end
redis.call('SET', KEYS[3], ARGV[3])
redis.call('LTRIM', KEYS[2], ARGV[2] - head[2], -1)
redis.call('HSET', KEYS[1], 'base', ARGV[2], 'logged', 0, 'imaged', ARGV[4])
return {'replaced'}
"""
)

# Create a sandbox, and take its first turn. One that nothing was written of belongs to a process that has ended
# meanwhile, and is replaced. Creating the same sandbox again, because the reply was lost, changes nothing. Arguments:
# process, id, lease, ttl.
CREATE = _script(
    _COMMON
    + """
local head = redis.call('HMGET', KEYS[1], 'version', 'until', 'id')
if head[3] == ARGV[2] then return {'created'} end
if head[1] and (head[1] ~= '0' or now() < tonumber(head[2] or 0)) then return {'exists'} end
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'version', 0, 'base', 0, 'owner', ARGV[1], 'until', now() + ARGV[3])
keep(ARGV[4])
return {'created'}
"""
)

# Delete a sandbox. Arguments: id.
DELETE = _script(
    """
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return {'gone'} end
redis.call('DEL', unpack(KEYS))
return {'deleted'}
"""
)

ALL = (ENTER, READ, COMMIT, PASS, IMAGE, CREATE, DELETE)
