import test from 'ava';
import { toAsciiHost } from './ascii-host.ts';

const becomes = test.macro({
  title: (_, host: string, ascii: string) => `${JSON.stringify(host)} is ${ascii}`,
  exec: (t, host: string, ascii: string) => {
    t.is(toAsciiHost(host), ascii);
    t.is(toAsciiHost(ascii), ascii);
  },
});
test(becomes, 'Example.ORG', 'example.org');
test(becomes, 'localhost', 'localhost');
test(becomes, 'почта.example', 'xn--80a1acny.example');
test(becomes, 'ПОЧТА.example', 'xn--80a1acny.example');
test(becomes, 'XN--80A1ACNY.example', 'xn--80a1acny.example');
test(becomes, 'почта。example', 'xn--80a1acny.example');
test(becomes, 'ｅｘａｍｐｌｅ．org', 'example.org');
test(becomes, 'an\u0303o.example', 'xn--ao-zja.example');
// The four deviations of IDNA 2003 (UTS 46 section 7) keep their identity.
test(becomes, 'straße.example', 'xn--strae-oqa.example');
test(becomes, 'STRAẞE.example', 'xn--strae-oqa.example');
test(becomes, 'strasse.example', 'strasse.example');
test(becomes, 'βόλος.example', 'xn--nxasmm1c.example');
test(becomes, 'βόλοσ.example', 'xn--nxasmq6b.example');
// A capital does not say which sigma it was. UTS 46 takes the one inside of words.
test(becomes, 'ΒΌΛΟΣ.example', 'xn--nxasmq6b.example');
test(becomes, 'ΒΌΛΟϹ.example', 'xn--nxasmq6b.example');
test(becomes, 'نامه\u200cای.example', 'xn--mgba3gch31f060k.example');
test(becomes, 'क्\u200dष.example', 'xn--11b2ezcw70k.example');
// Signs that RFC 5892 accepts beside letters, digits and marks.
test(becomes, 'l·l.example', 'xn--ll-0ea.example');
test(becomes, 'צ״ה.example', 'xn--8db9a2b.example');
test(becomes, 'བོད་.example', 'xn--nbd3loa6m.example');
test(becomes, '۽۾.example', 'xn--qmbc.example');

const isNone = test.macro({
  title: (_, host: string) => `${JSON.stringify(host)} is no host`,
  exec: (t, host: string) => t.is(toAsciiHost(host), undefined),
});
test(isNone, '');
test(isNone, 'a..b');
test(isNone, 'example.org.');
test(isNone, 'ex_ample.org');
test(isNone, 'exa mple.org');
test(isNone, 'ex%61mple.org');
test(isNone, 'ex％61mple.org');
test(isNone, 'example.org/x');
test(isNone, 'example.org／x');
test(isNone, '-a.example');
test(isNone, '-ж.example');
test(isNone, 'xn----itb.example');
test(isNone, 'xn--.example');
test(isNone, 'xn--99999999.example');
test(isNone, 'a\u00adb.example');
test(isNone, 'a\ufe0fb.example');
test(isNone, 'a\u034fb.example');
// Joiners without the letters that need them, in both spellings.
test(isNone, 'a\u200cb.example');
test(isNone, 'xn--ab-j1t.example');
test(isNone, 'a\u200db.example');
test(isNone, 'xn--ab-m1t.example');
test(isNone, `${'a'.repeat(64)}.example`);
test(isNone, `${'a.'.repeat(124)}example`);
test(isNone, 'א1a.example');
