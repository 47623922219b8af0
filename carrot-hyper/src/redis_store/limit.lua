-- The rules of `carrot_core::rate_limit::MemoryStore`, in one atomic step of a Redis server.
--
-- KEYS: permits (id -> end), bulk (those of them for bulk calls), accepted (id -> time of a response),
--       members (process -> last contact), claims (process and priority -> since, end), state (a hash).
-- ARGV: action, new epoch, random number in [0, 1), max, window, burst, reserve, then those of the action.
-- Times are in milliseconds.

local permits, bulk, accepted, members, claims, state = unpack(KEYS)
local action, new_epoch, random = ARGV[1], ARGV[2], tonumber(ARGV[3])
local max, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local burst, reserve = tonumber(ARGV[6]), tonumber(ARGV[7])

-- A process that waits asks again after this time at the latest.
local ASKS_AGAIN = 1000
-- How much later than announced a process may ask and keep its position.
local GRACE = 100
-- How long a process waits for one that goes first.
local TURN = 20
local FIRST_PAUSE, MAX_OWN_PAUSE, MAX_RETRY_AFTER = 2000, 60000, 86400000
local RECOVERY = { 1, 2, 4, 8, 16 }

local s = {}
local flat = redis.call('HGETALL', state)
for i = 1, #flat, 2 do
    -- The identity of a permit can look like a number.
    s[flat[i]] = flat[i] ~= 'probe' and tonumber(flat[i + 1]) or flat[i + 1]
end

-- The server's clock, made monotone: a step back stands in the skew from then on.
local clock = redis.call('TIME')
local time = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local now = time + (s.skew or 0)
if not s.epoch then
    s.epoch, s.born, s.skew = new_epoch, now, 0
elseif now < s.now then
    now = s.now
    s.skew = now - time
elseif now > s.now + 10 * window then
    -- The clock jumped, or nobody asked for long: start with care.
    s.born, s.restored = now, nil
end
-- As a text: it has more digits than a number of Lua.
s.epoch = redis.call('HGET', state, 'epoch') or new_epoch
s.now = now

redis.call('ZREMRANGEBYSCORE', permits, '-inf', now)
redis.call('ZREMRANGEBYSCORE', bulk, '-inf', now)
redis.call('ZREMRANGEBYSCORE', accepted, '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', members, '-inf', now - 2 * window)
if s.probe and s.probe_end <= now then
    s.probe, s.probe_end = nil, nil
end

-- Limits are counted in thousandths, so that they grow evenly within a window.
local full = max * 1000

local function recovered()
    if not s.cut then
        return full
    end
    local passed, limit, i = now - s.since, s.cut, 1
    while true do
        local step = math.floor(RECOVERY[math.min(i, 5)] * full / 60)
        if i > 5 then
            step = math.max(step, 1)
        end
        if limit >= full then
            return full
        end
        if passed < window then
            return math.min(full, limit + math.floor(step * passed / window))
        end
        limit, passed, i = limit + step, passed - window, i + 1
    end
end

local function limit_now()
    local first = math.min(burst * 1000, full)
    local started = first + math.floor((full - first) * math.min(now - s.born, window) / window)
    return math.max(1, math.floor(math.min(recovered(), started) / 1000))
end

local function is_rebuilding()
    return s.restored and now < s.born + window
end

local function allowed()
    local limit = limit_now()
    return is_rebuilding() and math.min(limit, burst) or limit
end

local function bulk_part(limit)
    if reserve > 0 then
        limit = limit - math.max(1, math.floor(reserve * limit / max))
    end
    return math.max(1, limit)
end

local function add(id, priority, ends)
    redis.call('ZADD', permits, ends, id)
    if priority == 'bulk' then
        redis.call('ZADD', bulk, ends, id)
    end
end

local function forget(id)
    if s.probe == id then
        s.probe, s.probe_end = nil, nil
    end
end

-- The times until permits are free, soonest first, without the first `excess` ones.
local function free_in(set, excess, count)
    local free = {}
    local ends = redis.call('ZRANGE', set, excess, excess + count - 1, 'WITHSCORES')
    for i = 2, #ends, 2 do
        -- A request in flight leaves the window one window from now at the earliest.
        free[#free + 1] = math.min(tonumber(ends[i]) - now, window)
    end
    return free
end

-- The times until the next permits are free, or nil if one is free now.
local function wait_for(priority, since, waiting, is_share)
    if s.paused_until and now < s.paused_until then
        return { s.paused_until - now }
    end
    if s.probe then
        return {}
    end
    if is_share and is_rebuilding() then
        return nil
    end
    local before = 0
    local all = redis.call('HGETALL', claims)
    for i = 1, #all, 2 do
        local other, ends = string.match(all[i + 1], '(%S+) (%S+)')
        if tonumber(ends) <= now then
            redis.call('HDEL', claims, all[i])
        elseif tonumber(other) < since then
            before = before + 1
        end
    end
    local limit, used = allowed(), redis.call('ZCARD', permits)
    local is_bulk = priority == 'bulk'
    local part = is_bulk and bulk_part(limit) or limit
    local of_bulk = is_bulk and redis.call('ZCARD', bulk) or used
    if used < limit and of_bulk < part then
        -- A process that has waited longer is about to ask.
        return used + before >= limit and { TURN } or nil
    end
    if limit < max then
        -- The limit grows meanwhile, at least by one within the time that one permit takes of a window.
        local ends = free_in(permits, 0, 1)[1] or window
        return { math.max(1, math.min(ends, math.floor(window / max))) }
    end
    local set = permits
    if is_bulk and used < limit then
        set, used = bulk, of_bulk
    else
        part = limit
    end
    return free_in(set, math.min(used - part + before, used - 1), waiting)
end

local function take(id, process, known, priority, lease, waited, waiting, is_share)
    redis.call('ZADD', members, now, process)
    if known ~= '' and known ~= s.epoch then
        return 2, {}
    end
    local claim = process .. priority
    redis.call('HDEL', claims, claim)
    local since = now - waited
    if priority == 'bulk' then
        since = since + math.floor(window / 10)
    end
    local free = wait_for(priority, since, waiting, is_share)
    if free then
        local ends = now + math.min(free[1] or ASKS_AGAIN, ASKS_AGAIN) + GRACE
        redis.call('HSET', claims, claim, string.format('%.0f %.0f', since, ends))
        return 0, free
    end
    if s.paused_until then
        s.probe, s.probe_end = id, now + lease
    end
    add(id, priority, now + lease + window + 1)
    return 1, {}
end

local function restore(process, known)
    redis.call('ZADD', members, now, process)
    if known ~= s.epoch and now < s.born + window and #ARGV > 9 then
        s.restored = 1
    end
    for i = 10, #ARGV, 3 do
        local ends = now + tonumber(ARGV[i + 2]) + 1
        local before = tonumber(redis.call('ZSCORE', permits, ARGV[i]) or 0)
        add(ARGV[i], ARGV[i + 1], math.max(ends, before))
    end
end

local function throttled(id, retry_after, held, sent)
    local asked = retry_after > 0 and math.min(retry_after, MAX_RETRY_AFTER) or nil
    local function own_pause()
        return math.floor(s.own_pause * (0.75 + random / 2))
    end
    if s.paused_until then
        if s.probe == id then
            s.probe, s.probe_end = nil, nil
            s.own_pause = math.min(s.own_pause * 2, MAX_OWN_PAUSE)
            s.paused_until = math.max(s.paused_until, now + math.max(asked or 0, own_pause()))
            -- Still 429: recovery starts again from here, without another drop.
            if s.cut then
                s.since = now
            end
        elseif asked then
            -- Requests that were in flight together get a 429 together, which counts once.
            s.paused_until = math.max(s.paused_until, now + asked)
        end
        return
    end
    if s.cut and now - held < s.since then
        return
    end
    local present = recovered()
    local good = math.floor(math.min(redis.call('ZCARD', accepted) * 1000, full) * 4 / 5)
    if now < s.born + window or 2 * sent * 1000 < present then
        good = math.max(good, math.floor(present / 2))
    end
    s.cut, s.since = math.max(math.min(good, present), math.floor(full / 10)), now
    s.own_pause = FIRST_PAUSE
    s.paused_until = now + (asked or own_pause())
end

local function completed(id, priority, outcome, retry_after, held)
    local sent = redis.call('ZCARD', permits)
    if outcome == 'unsent' then
        redis.call('ZREM', permits, id)
        redis.call('ZREM', bulk, id)
        return forget(id)
    end
    add(id, priority, now + window + 1)
    if outcome == 'responded' then
        redis.call('ZADD', accepted, now, id)
        -- A response to a request sent before the 429 does not tell the present state.
        if s.probe == id then
            s.probe, s.probe_end, s.paused_until, s.own_pause = nil, nil, nil, nil
        end
    elseif outcome == 'throttled' then
        throttled(id, retry_after, held, sent)
    else
        forget(id)
    end
end

local granted, free = 0, {}
if action == 'take' then
    granted, free = take(ARGV[8], ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13]),
        tonumber(ARGV[14]), ARGV[15] == '1')
elseif action == 'restore' then
    restore(ARGV[8], ARGV[9])
else
    completed(ARGV[8], ARGV[9], ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12]))
end

redis.call('DEL', state)
for field, value in pairs(s) do
    if type(value) == 'number' then
        value = string.format('%.0f', value)
    end
    redis.call('HSET', state, field, value)
end
-- Whatever nobody asks for vanishes: after ten windows, or when the last permit or the pause after a 429 ends.
local last = redis.call('ZRANGE', permits, -1, -1, 'WITHSCORES')[2]
local kept = math.max(10 * window, last and tonumber(last) - now or 0, s.paused_until and s.paused_until - now or 0)
for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, string.format('%.0f', kept))
end

local pause = s.paused_until and math.max(0, s.paused_until - now) or 0
local reply = { tostring(granted), s.epoch, tostring(redis.call('ZCARD', members)), is_rebuilding() and '1' or '0',
    tostring(allowed()), tostring(redis.call('ZCARD', permits)), string.format('%.0f', pause) }
for _, wait in ipairs(free) do
    reply[#reply + 1] = string.format('%.0f', wait)
end
return reply
