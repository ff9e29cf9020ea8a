import { endOnOutputFailure, passProxyOnLoopback } from '@zameni/runtime/terminal';
import { createScreen } from './framework/io.ts';
import { main } from './main.ts';

/** Runs `zameni` as this process: with its arguments, streams and environment. */
export async function runProgram(): Promise<void> {
  passProxyOnLoopback(process.env);
  const onWritten = endOnOutputFailure('zameni', process);
  process.exitCode = await main(process.argv.slice(2), {
    stdout: createScreen(process.stdout, process.env, onWritten),
    stderr: createScreen(process.stderr, process.env, onWritten),
    stdin: process.stdin,
    env: process.env,
  });
}
