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
test(canonical, 'ｖｅｒａ@example.org', 'vera@example.org');
test(canonical, 'vera@ｅｘａｍｐｌｅ．org', 'vera@example.org');
test(canonical, 'vera＠example.org', 'vera@example.org');
test(canonical, 'josé@example.org', 'josé@example.org');
test(canonical, 'vera@почта.example.org', 'vera@xn--80a1acny.example.org');
test(canonical, 'vera@XN--80A1ACNY.example.org', 'vera@xn--80a1acny.example.org');
test(canonical, '7ΟΔΟΣ@example.org', '7οδοσ@example.org');
test(canonical, '7οδος@example.org', '7οδοσ@example.org');
test(canonical, 'vera@l·l.example.org', 'vera@xn--ll-0ea.example.org');
test(canonical, 'vera@почта。example.org', 'vera@xn--80a1acny.example.org');
test(canonical, "o'brien@example.org", "o'brien@example.org");
test(canonical, `${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`);

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
test(refused, `${'a'.repeat(65)}@example.org`, 'format');
test(refused, `${'a'.repeat(243)}@example.org`, 'too-long');
test(refused, 've\u200bra@example.org', 'invisible-character');
test(refused, 've\u202era@example.org', 'invisible-character');
test(refused, 've\u0000ra@example.org', 'invisible-character');
test(refused, 've\u00adra@example.org', 'invisible-character');
