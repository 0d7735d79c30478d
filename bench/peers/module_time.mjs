// How fast V8 validates and compiles a module: node FLAGS module_time.mjs validate|compile FILE [ROUNDS]; prints nanoseconds, the
// median of the rounds.  A byte of a custom section behind the module differs from round to round, so that no cache answers.
import fs from 'node:fs';
const [what, file, rounds = '9'] = process.argv.slice(2);
const module = fs.readFileSync(file);
const bytes = new Uint8Array(module.length + 8);
bytes.set(module);
bytes.set([0, 6, 1, 0x78, 0, 0, 0, 0], module.length); // custom section "x" of four bytes
const times = [];
for (let i = 0; i < Number(rounds); i++) {
  bytes[bytes.length - 1] = i;
  const begin = process.hrtime.bigint();
  if (what === 'validate') {
    if (!WebAssembly.validate(bytes)) throw new Error('not valid');
  } else {
    new WebAssembly.Module(bytes);
  }
  times.push(Number(process.hrtime.bigint() - begin));
}
times.sort((a, b) => a - b);
console.log(times[times.length >> 1]);
