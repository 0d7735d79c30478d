// Runs a command-line module under node's WASI: node FLAGS module_run.mjs FILE [ARG...]; the current folder is open to it.
import fs from 'node:fs';
import { WASI } from 'node:wasi';
const [file, ...rest] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [file, ...rest], env: {}, preopens: { '.': process.cwd() } });
const module = await WebAssembly.compile(fs.readFileSync(file));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
