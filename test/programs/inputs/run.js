// Numbers, strings, regular expressions, closures, prototypes, exceptions, JSON, sorting.
function Point(x, y) { this.x = x; this.y = y; }
Point.prototype.norm = function () { return Math.sqrt(this.x * this.x + this.y * this.y); };
print(new Point(3, 4).norm(), 0.1 + 0.2, 1 / 3, 1e21, -0 === 0, (255).toString(16), parseInt("0x1f"), 5e-324, 1.7976931348623157e308);
print("abc".replace(/(b)(c)/, "$2$1"), "a1b22c333".match(/\d+/g).join("|"), "x,y,,z".split(",").length);
var primes = [], composite = [];
for (var i = 2; i < 20000; ++i) {
    if (composite[i]) continue;
    primes.push(i);
    for (var j = i * i; j < 20000; j += i) composite[j] = true;
}
print(primes.length, primes[primes.length - 1]);
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
print(fib(21));
try { null.x; } catch (e) { print(e instanceof TypeError, e.message); }
try { (function f() { return f() + 1; })(); } catch (e) { print("too deep"); }
print(JSON.stringify({ a: [1, 2, { b: null }], c: "q\"\n", d: undefined }), JSON.parse("[1,[2,[3]]]")[1][1][0]);
var words = [];
for (var k = 0; k < 2000; ++k) words.push(((k * 2654435761) % 4294967296).toString(36));
words.sort();
print(words[0], words[1000], words[1999]);
print([1, 2, 3, 4].map(function (x) { return x * x; }).filter(function (x) { return x % 2; }).reduce(function (a, b) { return a + b; }));
print(new Date(0).toISOString(), Math.sin(1), Math.pow(2, 0.5), Math.exp(1), Math.log(10));
print(scriptArgs.join(" "));
