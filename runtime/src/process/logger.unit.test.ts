import {
  context,
  type Context,
  type ContextManager,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import test from 'ava';
import { ERROR_FIELDS, LINE_FIELDS, LOG_FIELDS } from '../telemetry/catalogue/logs/fields.ts';
import { LOG_EVENTS } from '../telemetry/catalogue/logs.ts';
import { createLogger } from './logger.ts';

const address = 'vera@example.org';

/** A logger, and its lines as objects. */
function createTestLogger(level = 'info') {
  const texts: string[] = [];
  const write = (text: string) => void texts.push(text);
  return {
    logger: createLogger({ service: 'projector', instance: 'projector-1', level, write }),
    texts,
    lines: () => texts.map((text): Record<string, unknown> => JSON.parse(text)),
  };
}

/** Names that a caller gives and the catalogue does not. TypeScript refuses them in a literal. */
function withUndeclared<Fields extends object>(fields: Fields, undeclared: object): Fields {
  return { ...fields, ...undeclared };
}

test('a line has the names of Elastic Common Schema', (t) => {
  const { logger, lines } = createTestLogger();
  logger.warn({ work: 'eraser' }, 'work lost its lease');
  const [{ '@timestamp': timestamp, ...line } = {}] = lines();
  t.regex(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.deepEqual(line, {
    'log.level': 'warn',
    'ecs.version': '9.1.0',
    'service.name': 'projector',
    'service.node.name': 'projector-1',
    'event.code': 'lease-lost',
    'zameni.lease.work': 'eraser',
    message: 'work lost its lease',
  });
});

test('a field that the catalogue does not name is not written, and is counted', (t) => {
  const { logger, texts, lines } = createTestLogger();
  const undeclared = { email: address, note: address, deep: { text: address }, issuer: 'x' };
  logger.warn(withUndeclared({ work: 'eraser' }, undeclared), 'work lost its lease');
  t.false(texts.join('').includes('vera'));
  t.like(lines()[0], { 'zameni.lease.work': 'eraser', 'zameni.log.dropped_fields': 4 });
  // `issuer` is a field of other events only.
  t.false('zameni.issuer' in (lines()[0] ?? {}));
});

test('a value of another form than its type is not written', (t) => {
  const { logger, texts, lines } = createTestLogger();
  logger.warn({ work: address }, 'work lost its lease');
  logger.warn({ work: 'x'.repeat(257) }, 'work lost its lease');
  logger.info({ port: Number.NaN }, 'service listens');
  logger.info({ path: '/ring', currentKey: '1', keys: ['1', address] }, 'key ring read');
  t.false(texts.join('').includes('vera'));
  t.deepEqual(
    lines().map((line) => line['zameni.log.dropped_fields']),
    [1, 1, 1, 1],
  );
});

test('an optional field may be absent, undefined or null', (t) => {
  const { logger, lines } = createTestLogger();
  const parked = { subject: 'zameni.account.x', position: 3, reason: 'undecodable' };
  logger.error(parked, 'a subject is parked');
  logger.error({ ...parked, sqlState: null }, 'a subject is parked');
  logger.error({ ...parked, sqlState: '22P05' }, 'a subject is parked');
  t.deepEqual(
    lines().map((line) => [line['zameni.sqlstate'], line['zameni.log.dropped_fields']]),
    [
      [undefined, undefined],
      [undefined, undefined],
      ['22P05', undefined],
    ],
  );
});

test('lines below the level are not written', (t) => {
  const { logger, texts } = createTestLogger('warn');
  logger.info({ port: 1 }, 'service listens');
  t.is(texts.length, 0);
});

test('what TypeScript refuses: another message, level or field, and a missing field', (t) => {
  const { logger } = createTestLogger('silent');
  // @ts-expect-error The message is not in the catalogue.
  const other = () => logger.info({}, 'something else');
  // @ts-expect-error The message has another level.
  const level = () => logger.info({ work: 'eraser' }, 'work lost its lease');
  // @ts-expect-error The message has no such field.
  const field = () => logger.warn({ work: 'eraser', issuer: 'x' }, 'work lost its lease');
  // @ts-expect-error A field is missing.
  const missing = () => logger.warn({}, 'work lost its lease');
  t.is([other, level, field, missing].length, 4);
});

test('a line in a span names its trace and span', (t) => {
  const { logger, lines } = createTestLogger();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  const span = trace.wrapSpanContext({ traceId, spanId, traceFlags: 0 });
  t.true(context.setGlobalContextManager(createSyncContextManager()));
  t.teardown(() => context.disable());
  context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
    logger.info({ port: 1 }, 'service listens');
  });
  logger.info({ port: 1 }, 'service listens');
  t.deepEqual(
    lines().map((line) => [line['trace.id'], line['span.id']]),
    [
      [traceId, spanId],
      [undefined, undefined],
    ],
  );
});

/** A context that is active for the time of a call only. */
function createSyncContextManager(): ContextManager {
  let active: Context = ROOT_CONTEXT;
  const manager: ContextManager = {
    active: () => active,
    with: (next, work, self, ...args) => {
      const before = active;
      active = next;
      try {
        return work.apply(self, args);
      } finally {
        active = before;
      }
    },
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

test('no two events have one code, and no two fields one name', (t) => {
  const codes = Object.values(LOG_EVENTS).map(({ code }) => code);
  t.is(new Set(codes).size, codes.length);
  const names = Object.values(LOG_FIELDS).map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  for (const name of Object.keys(ERROR_FIELDS)) t.false(name in LINE_FIELDS);
});

test('every field is one of some event', (t) => {
  const used = new Set<string>(
    Object.values(LOG_EVENTS).flatMap((event) => [
      ...event.fields,
      ...('optional' in event ? event.optional : []),
    ]),
  );
  t.deepEqual(
    Object.keys(LOG_FIELDS).filter((name) => !used.has(name)),
    [],
  );
});
