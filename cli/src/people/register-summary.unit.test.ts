import test from 'ava';
import { Check } from 'typebox/value';
import { createMemoryScreen } from '../framework/io.fixture.ts';
import { createTally, type LineResult, RegisterReport } from './register-report.ts';
import { summarize } from './register-summary.ts';

const screen = createMemoryScreen();

function createReport() {
  const tally = createTally();
  const invalid = (pointer: string): LineResult => ({
    result: 'invalid',
    code: 'invalid-request',
    status: 422,
    errors: [{ pointer, code: 'format' }],
  });
  tally.add(9, invalid('/email'));
  tally.add(2, { result: 'duplicate', code: 'address-taken', status: 409, errors: [] });
  tally.add(1, { result: 'registered' });
  tally.add(4, invalid('/profile/\u001b[2J'));
  return tally.report({ url: 'http://zameni.example.org', stopped: null, seconds: 2 });
}

test('lists lines in order with pointer and code, and counts them', (t) => {
  t.is(
    summarize(createReport(), screen),
    `line 2  duplicate  address-taken (409)
line 4  invalid    /profile/\\u{1b}[2J format
line 9  invalid    /email format

registered        1
duplicate         1
invalid           2
failed            0

4 lines in 2.0 s (2 a second).
`,
  );
});

test('counts erased people and attempts of the public separately', (t) => {
  const tally = createTally();
  tally.add(1, { result: 'accepted' });
  tally.add(2, { result: 'erased', code: 'user-erased', status: 410, errors: [] });
  const report = tally.report({ url: '', stopped: null, seconds: 1 });
  t.like(report, { read: 2, registered: 0, accepted: 1, erased: 1, failed: 0 });
  t.true(Check(RegisterReport, report));
  const text = summarize(report, screen);
  t.regex(text, /^line 2 {2}erased {2}user-erased \(410\)$/m);
  t.regex(text, /^accepted {10}1 {2}\(their mailboxes wait for proof\)$/m);
  t.regex(text, /^erased {12}1 {2}\(registered before/m);
});

test('gives the reason for an early end and how to continue', (t) => {
  const text = summarize({ ...createReport(), stopped: 'unauthorized', unfinished: 3 }, screen);
  t.regex(text, /unfinished +3\n/);
  t.regex(text, /Stopped before the end: the token is not valid here/);
  t.regex(text, /Run the same command again/);
});

test('keeps ten thousand lines in the report and counts the rest', (t) => {
  const tally = createTally();
  for (let line = 1; line <= 10_005; line += 1) {
    tally.add(line, { result: 'failed', code: 'no-answer', status: null, errors: [] });
  }
  const report = tally.report({ url: '', stopped: null, seconds: 0 });
  t.is(report.lines.length, 10_000);
  t.is(report.linesLeftOut, 5);
  t.is(report.failed, 10_005);
  t.true(Check(RegisterReport, report));
  t.regex(summarize(report, screen), /… and 9,905 more lines/);
});

test('the report fits its schema', (t) => t.true(Check(RegisterReport, createReport())));

test('colours only a screen that shows colours', (t) => {
  t.false(summarize(createReport(), screen).includes('\u001b'));
  const colored = summarize(createReport(), createMemoryScreen({ hasColors: true }));
  t.true(colored.includes('\u001b[31minvalid'));
});
