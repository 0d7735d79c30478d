-- What the interpreter's parts do: numbers, strings, patterns, tables, closures, coroutines, errors, integers at their limits.
local function show(...) print(...) end
show(_VERSION, 7 // 2, -7 // 2, -7 % 3, 7.5 // 2, 2 ^ 10, 1e300 * 1e10, -1e300 * 1e10, 10 / 3)
show(math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger, 0x7fffffffffffffff * 3)
show(string.format("%q %5.1f %x %-5d| %s", 'a "quoted"\n\0 text', 3.14159, 255, 42, tostring(nil)))
show(("hello world from lua"):gsub("(%w+)", function(w) return w:upper():reverse() end))
for k, v in ("a=1, b=22, c=333"):gmatch("(%w+)=(%w+)") do show(k, tonumber(v) * 2) end
local sieve, primes = {}, {}
for i = 2, 20000 do
  if not sieve[i] then
    primes[#primes + 1] = i
    for j = i * i, 20000, i do sieve[j] = true end
  end
end
show(#primes, primes[#primes])
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
show(fib(24))
local co = coroutine.wrap(function(a) for i = 1, 5 do a = coroutine.yield(a * i) end return "done" end)
show(co(2), co(3), co(4), co(5), co(6), co(7))
show(select(2, pcall(error, { code = 7 })).code)
show(pcall(function() local t = nil; return t.x end))
show(select("#", table.unpack({}, 1, 100)))
local words = {}
for i = 1, 2000 do words[i] = string.format("%08x", (i * 2654435761) % 4294967296) end
table.sort(words)
show(words[1], words[1000], words[2000], #table.concat(words, ","))
local meta = setmetatable({}, { __index = function(_, k) return k .. "!" end, __call = function(_, x) return x * x end })
show(meta.any, meta(12))
show(pcall(string.rep, "x", -1), pcall(string.rep))
local depth = 0
local function deep() depth = depth + 1; return 1 + deep() end
show(pcall(deep))
show(utf8.char(955, 8364, 128512), utf8.len("λ€😀"))
show(string.pack("<i4d", 7, 1.5):byte(1, -1))
local f = assert(io.open("lua-out.txt", "w"))
for i = 1, 1000 do f:write(i, " ", i * i, "\n") end
f:close()
local sum = 0
for a, b in io.lines("lua-out.txt", "n", "n") do sum = sum + a * b end
show(sum, os.remove("lua-out.txt"))
show((select(2, io.open("not-there.txt"))))
show(arg[1], arg[2])
os.exit(7)
