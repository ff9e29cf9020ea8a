#!/usr/bin/env node
import { endOnOutputFailure, passProxyOnLoopback } from '@zameni/runtime/terminal';
import { createScreen } from '../src/framework/io.ts';
import { main } from '../src/main.ts';

passProxyOnLoopback(process.env);
const onWritten = endOnOutputFailure('zameni', process);

process.exitCode = await main(process.argv.slice(2), {
  stdout: createScreen(process.stdout, process.env, onWritten),
  stderr: createScreen(process.stderr, process.env, onWritten),
  stdin: process.stdin,
  env: process.env,
});
