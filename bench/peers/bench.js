// The Node side of the benchmarks (a JIT: for orientation, not a target).  Usage: node bench.js NAME SIZE
const [name, size] = [process.argv[2], Number(process.argv[3])];
const fib = (k) => (k < 2 ? k : fib(k - 1) + fib(k - 2));
const benches = {
  fib,
  loop_sum: (n) => { let s = 0; for (let i = 0; i < n; i++) s += (i * 3) % 7; return s; },
  float_loop: (n) => { let s = 0.0, x = 1.0; for (let i = 0; i < n; i++) [s, x] = [s + x * 0.5, x * 1.0000001 - s * 1.0e-9]; return s; },
  string_build: (n) => { const t = []; for (let i = 0; i < n; i++) t.push(i, ","); return t.join(""); },
};
const start = process.hrtime.bigint();
benches[name](size);
console.log(Number(process.hrtime.bigint() - start) / (name === "fib" ? 1 : size));
