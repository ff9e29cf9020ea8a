import { readStack } from '@zameni/runtime/stack';
import { type Arguments, type Command, CommandError, EXIT } from '../framework/command.ts';
import { parseUrl, profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';
import { toJsonLine } from '../framework/io.ts';
import { drawTrace, type Trace } from './draw.ts';
import { findLastTrace, readTrace, readTraceOfJaeger } from './read-trace.ts';
import { parseTraceId } from './trace-id.ts';
import { toTree } from './tree.ts';

const LAST = 'last';

/** `zameni trace`: draws the way of a request through all services. */
export const traceCommand: Command = {
  name: 'trace',
  summary: 'draw the way of a request through all services, with times',
  operand: { name: 'traceId' },
  options: [
    { name: 'url', value: '<jaeger>', summary: 'URL of a Jaeger 2 (default: the local stack)' },
    jsonOption,
    profileOption,
  ],
  description: `
Draws a trace as a tree: when each span began, how long it took, its name and its
process. A span that failed has a ✘. An arrow names another trace that the span
continues without being its child: a batch, a retry, a rebuild.

The local stack must run with npm start -- --telemetry, and its trace is read from
its files. The traceId is in the body of an error and in the log lines; a request
with a header traceparent has that of the header, if the gateway trusts callers.
"last" is the newest request through the gateway.`,
  examples: [
    'npx zameni trace last',
    'npx zameni trace 0af7651916cd43dd8448eb211c80319c',
    'npx zameni trace 0af7651916cd43dd8448eb211c80319c --url http://127.0.0.1:16686',
  ],
  exitStatuses: { 1: 'failed, or there is no such trace' },
  run: async (args, { stdout }) => {
    const trace = await find(args);
    stdout.write(args.has('json') ? toJsonLine(toReport(trace)) : drawTrace(trace, stdout));
    return EXIT.done;
  },
};

async function find(args: Arguments): Promise<Trace> {
  const { operand } = args;
  const traceId = operand === LAST ? null : parseTraceId(operand);
  const jaeger = parseUrl(args.value('url'));
  if (jaeger !== undefined) return readTraceOfJaeger(jaeger, traceId ?? parseTraceId(operand));
  const { telemetry } = await readStack(profileOf(args));
  if (telemetry === null) {
    const message = 'the stack runs without telemetry: npm start -- --telemetry';
    throw new CommandError('no-telemetry', message);
  }
  return readTrace(telemetry, traceId ?? (await findLastTrace(telemetry)));
}

/** Makes the document of `--json`: the spans that are drawn, in that order. */
function toReport({ traceId, spans, linking }: Trace): object {
  const { branches, leftOut } = toTree(spans);
  return {
    traceId,
    spans: branches.map(({ span, isLast }) => ({ depth: isLast.length, ...span })),
    leftOut,
    linkedFrom: [...new Set(linking.map((span) => span.traceId))].toSorted(),
  };
}
