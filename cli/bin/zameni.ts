#!/usr/bin/env node
import { createScreen } from '../src/framework/io.ts';
import { main } from '../src/main.ts';

/** Exit status that shells report for SIGPIPE, when the reader of the output has closed it. */
const SIGPIPE_STATUS = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(SIGPIPE_STATUS);
  });
}

process.exitCode = await main(process.argv.slice(2), {
  stdout: createScreen(process.stdout, process.env),
  stderr: createScreen(process.stderr, process.env),
  stdin: process.stdin,
  env: process.env,
});
