import { pino } from 'pino';
import type { LogLevel } from '../telemetry/catalogue/logs/definition.ts';
import type {
  FieldsOfMessage,
  LogEventMessage,
  MessageOfLevel,
} from '../telemetry/catalogue/logs.ts';
import { toLogRecord } from '../telemetry/logs/record.ts';
import { activeTraceFields } from '../telemetry/logs/trace.ts';
import { readLogLine, toLogText } from '../telemetry/logs/text.ts';

/** Version of Elastic Common Schema whose names the lines use. */
const ECS_VERSION = '9.1.0';

/**
 * A logger of the events in the catalogue (`telemetry/catalogue/logs.ts`). Each level takes the
 * messages of that level, each with its fields.
 */
export type Logger = {
  readonly [Level in LogLevel]: <Message extends MessageOfLevel<Level>>(
    fields: FieldsOfMessage<Message>,
    message: Message,
  ) => void;
} & {
  /** Writes what is still in memory. */
  readonly flush: () => void;
};

/** Fields of every line, the lowest log level, and where lines go. */
export type LoggerOptions = {
  readonly service: string;
  readonly instance: string;
  readonly level: string;
  /** Names a log that is not the one of operation. */
  readonly dataset?: string;
  /** Takes whole lines of JSON. Without it they go to standard output, on a terminal as text. */
  readonly write?: (line: string) => void;
};

/**
 * A logger of JSON lines in Elastic Common Schema. What a line may contain is decided by the
 * catalogue, not by the caller: other fields are dropped and counted.
 */
export function createLogger({ service, instance, level, dataset, write }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: {
        'ecs.version': ECS_VERSION,
        'service.name': service,
        'service.node.name': instance,
        ...(dataset === undefined ? {} : { 'event.dataset': dataset }),
      },
      messageKey: 'message',
      timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ 'log.level': label }) },
    },
    toOutput(write),
  );
  const log = (at: LogLevel) => (fields: object, message: LogEventMessage) => {
    if (!lines.isLevelEnabled(at)) return;
    lines[at]({ ...activeTraceFields(), ...toLogRecord(message, { ...fields }) }, message);
  };
  return {
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    fatal: log('fatal'),
    flush: () => lines.flush(),
  };
}

function toOutput(write: LoggerOptions['write']): pino.DestinationStream {
  if (write !== undefined) return { write };
  if (!process.stdout.isTTY) return pino.destination({ dest: 1, sync: true });
  return { write: (line) => void process.stdout.write(`${toText(line)}\n`) };
}

function toText(line: string): string {
  const entry = readLogLine(line);
  return entry === null ? line.trimEnd() : toLogText(entry, { time: true });
}
