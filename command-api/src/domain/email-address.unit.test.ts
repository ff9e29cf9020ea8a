import test from 'ava';
import { parseEmailAddress } from './email-address.ts';

const canonical = test.macro({
  title: (_, typed: string, expected: string) => `${typed} compares as ${expected}`,
  exec: (t, typed: string, expected: string) => {
    const result = parseEmailAddress(typed);
    if ('fault' in result) return t.fail(result.fault);
    t.is(result.address.canonical, expected);
    t.is(result.address.typed, typed.trim());
    const again = parseEmailAddress(result.address.canonical);
    t.is('address' in again ? again.address.canonical : again.fault, expected);
  },
});

test(canonical, 'Vera@Example.ORG', 'vera@example.org');
test(canonical, '  vera@example.org ', 'vera@example.org');
test(canonical, 'vera+news@example.org', 'vera+news@example.org');
test(canonical, 'ВЕРА@example.org', 'вера@example.org');
test(canonical, 'vera@ｅｘａｍｐｌｅ．org', 'vera@example.org');
test(canonical, 'vera＠example.org', 'vera@example.org');
test(canonical, 'vera@почта.example.org', 'vera@xn--80a1acny.example.org');
test(canonical, 'vera@XN--80A1ACNY.example.org', 'vera@xn--80a1acny.example.org');
test(canonical, '7ΟΔΟΣ@example.org', '7οδοσ@example.org');
test(canonical, '7οδος@example.org', '7οδοσ@example.org');
test(canonical, 'vera@l·l.example.org', 'vera@xn--ll-0ea.example.org');
test(canonical, 'vera@почта。example.org', 'vera@xn--80a1acny.example.org');
test(canonical, 'jos\u00e9@example.org', 'jos\u00e9@example.org');
test(canonical, 'vera＠ｅｘａｍｐｌｅ．org', 'vera@example.org');
test(canonical, 'vera\uFE6Bexample.org', 'vera@example.org');
// Deviations of IDNA keep their identity, and both spellings of a host are one.
test(canonical, 'a@straße.example', 'a@xn--strae-oqa.example');
test(canonical, 'a@strasse.example', 'a@strasse.example');
test(canonical, 'a@βόλος.example', 'a@xn--nxasmm1c.example');
test(canonical, 'a@XN--NXASMM1C.example', 'a@xn--nxasmm1c.example');
test(canonical, 'a@βόλοσ.example', 'a@xn--nxasmq6b.example');
test(canonical, 'a@نامه\u200cای.example', 'a@xn--mgba3gch31f060k.example');
test(canonical, 'a@xn--mgba3gch31f060k.example', 'a@xn--mgba3gch31f060k.example');
test(canonical, "o'brien@example.org", "o'brien@example.org");
test(canonical, `${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`);

test(canonical, `${'ж'.repeat(32)}@example.org`, `${'ж'.repeat(32)}@example.org`);
test(canonical, ofOctets(254), ofOctets(254));

const refused = test.macro({
  title: (_, typed: string, fault: string) => `${JSON.stringify(typed).slice(0, 60)} is ${fault}`,
  exec: (t, typed: string, fault: string) => {
    const result = parseEmailAddress(typed);
    t.is('fault' in result ? result.fault : 'accepted', fault);
  },
});

test(refused, '', 'too-short');
test(refused, '   ', 'too-short');
test(refused, 'vera', 'format');
test(refused, '@example.org', 'format');
test(refused, 'vera@', 'format');
test(refused, 'vera@org', 'format');
test(refused, 've ra@example.org', 'format');
test(refused, 'a@b@example.org', 'format');
test(refused, '.vera@example.org', 'format');
test(refused, 've..ra@example.org', 'format');
test(refused, '"vera"@example.org', 'format');
test(refused, 'vera@[127.0.0.1]', 'format');
test(refused, 'vera@127.0.0.1', 'format');
test(refused, 'vera@-bad-.example.org', 'format');
test(refused, 'vera@a..example.org', 'format');
test(refused, 'vera@exa mple.org', 'format');
test(refused, 'vera@example.org/x', 'format');
test(refused, 'vera@example.org#x', 'format');
test(refused, 'vera@example.org?x', 'format');
test(refused, 'vera@example.org\\x', 'format');
test(refused, 'vera@ex%61mple.org', 'format');
test(refused, 've\ufffdra@example.org', 'invisible-character');
test(refused, 'vera@xn--99999999.example.org', 'format');
// Its mailbox may be another one than that of the letters that NFKC makes of it.
test(refused, 'ﬁona@example.org', 'not-normalized');
test(refused, 'ｖｅｒａ@example.org', 'not-normalized');
test(refused, 've①a@example.org', 'not-normalized');
test(refused, 'jose\u0301@example.org', 'not-normalized');
test(refused, '\u212Aate@example.org', 'not-normalized');
test(refused, 'a＠b@example.org', 'not-normalized');
test(refused, 'a@b＠example.org', 'format');
// Lengths count octets of UTF-8, as typed and as mailed.
test(refused, `${'a'.repeat(65)}@example.org`, 'too-long');
test(refused, `${'ж'.repeat(64)}@example.org`, 'too-long');
test(refused, `${'ж'.repeat(32)}a@example.org`, 'too-long');
test(refused, ofOctets(255), 'too-long');
test(refused, `a@${'б'.repeat(30)}.${`${'ж'.repeat(30)}.`.repeat(4)}example`, 'too-long');
test(refused, `${'o'.repeat(64)}@${'é.'.repeat(24)}example`, 'too-long');
test(refused, 've\u200cra@example.org', 'invisible-character');
test(refused, 'vera@exa\u200cmple.org', 'invisible-character');
test(refused, 'vera@نامه\ufe0fای.example', 'invisible-character');
test(refused, 'vera@xn--ab-j1t.example', 'format');
test(refused, 've\u200bra@example.org', 'invisible-character');
test(refused, 've\u202era@example.org', 'invisible-character');
test(refused, 've\u0000ra@example.org', 'invisible-character');
test(refused, 've\u00adra@example.org', 'invisible-character');

/** An address of ASCII letters with a number of octets. */
function ofOctets(count: number): string {
  const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`;
  return `${'v'.repeat(count - host.length - 1)}@${host}`;
}
