#!/usr/bin/env node
import { createScreen } from '../src/framework/io.ts';
import { main } from '../src/main.ts';

/** As the shell reports a program that SIGPIPE ended: the one who read the output has gone. */
const READER_GONE = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(READER_GONE);
  });
}

process.exitCode = await main(process.argv.slice(2), {
  stdout: createScreen(process.stdout, process.env),
  stderr: createScreen(process.stderr, process.env),
  stdin: process.stdin,
  env: process.env,
});
