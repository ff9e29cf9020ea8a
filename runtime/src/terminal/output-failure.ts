import type { Writable } from 'node:stream';

/** Exit status that shells report for SIGPIPE: the reader of the output has closed it. */
const SIGPIPE_STATUS = 141;

/** Why nothing more can be written. */
export type OutputFailure = {
  readonly exitStatus: number;
  /** What to show, in one line. Undefined if the reader has gone, because it wants nothing more. */
  readonly message: string | undefined;
};

/** The streams of a program that people or other programs read. */
export type Outputs = { readonly stdout: Writable; readonly stderr: Writable };

/**
 * Calls `onFailure` once, when one of the streams cannot be written to: its reader has gone, or its
 * disk is full. Returns a check to call after a write, which notices that before anything else is
 * written.
 */
export function watchOutputs(
  { stdout, stderr }: Outputs,
  onFailure: (failure: OutputFailure) => void,
): () => void {
  let hasFailed = false;
  const fail = (error: NodeJS.ErrnoException) => {
    if (hasFailed) return;
    hasFailed = true;
    onFailure(describe(error));
  };
  for (const stream of [stdout, stderr]) stream.on('error', fail);
  return () => {
    const error = stdout.errored ?? stderr.errored;
    if (error !== null) fail(error);
  };
}

function describe({ code }: NodeJS.ErrnoException): OutputFailure {
  if (code === 'EPIPE') return { exitStatus: SIGPIPE_STATUS, message: undefined };
  return { exitStatus: 1, message: `the output cannot be written (${code ?? 'unknown'})` };
}

/** Ends a command as soon as its output cannot be written, with one line that says so. */
export function endOnOutputFailure(name: string, streams: Outputs): () => void {
  return watchOutputs(streams, ({ exitStatus, message }) => {
    if (message !== undefined) streams.stderr.write(`${name}: ${message}\n`);
    process.exit(exitStatus);
  });
}
