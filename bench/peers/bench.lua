-- The Lua side of the benchmarks.  Usage: lua5.4 bench.lua NAME SIZE; prints nanoseconds an operation.
local name, n = arg[1], tonumber(arg[2])
-- Wall time in nanoseconds, as the other sides take it.  Lua knows only whole seconds of it, so a program is asked; what
-- asking takes is measured and taken off.
local function clock()
  local pipe = io.popen("date +%s%N")
  local ns = math.tointeger(tonumber(pipe:read("l")))
  pipe:close()
  return ns
end
local function timed(count, f)
  local t0 = clock()
  local t1 = clock()
  f()
  local t2 = clock()
  return math.max(0, t2 - t1 - (t1 - t0)) / count
end

local function fib(k) if k < 2 then return k end return fib(k - 1) + fib(k - 2) end
local benches = {
  fib = function() return timed(1, function() return fib(n) end) end,
  loop_sum = function() return timed(n, function() local s = 0; local i = 0
    while i < n do s = s + i * 3 % 7; i = i + 1 end; return s end) end,
  float_loop = function() return timed(n, function() local s, x = 0.0, 1.0; local i = 0
    while i < n do s, x = s + x * 0.5, x * 1.0000001 - s * 1.0e-9; i = i + 1 end; return s end) end,
  string_build = function() return timed(n, function() local t = {}; local i = 0
    while i < n do t[#t + 1] = tostring(i); t[#t + 1] = ","; i = i + 1 end; return table.concat(t) end) end,
}
print(string.format("%.2f", benches[name]()))
