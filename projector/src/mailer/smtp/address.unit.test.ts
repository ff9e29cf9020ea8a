import test from 'ava';
import { parseMailAddress, parseMailbox } from './address.ts';

const becomes = test.macro((t, text: string, address: string, needsSmtpUtf8 = false) => {
  t.deepEqual(parseMailAddress(text), { address, needsSmtpUtf8 });
});
test('stays as it is', becomes, 'a.b+c@example.org', 'a.b+c@example.org');
test('keeps capitals of its local part', becomes, 'Anna@EXAMPLE.org', 'Anna@example.org');
test('loses spaces around it', becomes, ' a@example.org\n', 'a@example.org');
test('an IDN host', becomes, 'a@Bücher.example', 'a@xn--bcher-kva.example');
test('a wide host', becomes, 'a@ｅｘａｍｐｌｅ。org', 'a@example.org');
test('a final sigma', becomes, 'a@βόλος.example', 'a@xn--nxasmm1c.example');
test('a host with a joiner', becomes, 'a@نامه\u200cای.example', 'a@xn--mgba3gch31f060k.example');
test('a wide @', becomes, 'a＠example.org', 'a@example.org');
test(
  'other letters in the local part',
  becomes,
  'юля@пример.example',
  'юля@xn--e1afmkfd.example',
  true,
);
test('one form of letters', becomes, 'u\u0308@example.org', 'ü@example.org', true);
test('wide letters are other letters', becomes, 'ａ@example.org', 'ａ@example.org', true);

const isNone = test.macro((t, text: string) => {
  t.is(parseMailAddress(text), undefined);
});
test('a quoted local part', isNone, '"a b"@example.org');
test('an encoded host', isNone, 'a@ex%61mple.org');
test('two dots', isNone, 'a..b@example.org');
test('an empty label', isNone, 'a@example..org');
test('a joiner that no script needs', isNone, 'a@exa\u200cmple.org');
test('an invisible sign', isNone, 'a\u200Bb@example.org');

test('a sender has a name or none', (t) => {
  const address = { address: 'a@xn--bcher-kva.example', needsSmtpUtf8: false };
  t.deepEqual(parseMailbox('Anna B. <a@bücher.example>'), { ...address, name: 'Anna B.' });
  t.deepEqual(parseMailbox('<a@bücher.example>'), { ...address, name: '' });
  t.deepEqual(parseMailbox('a@bücher.example'), { ...address, name: '' });
  t.is(parseMailbox('Anna'), undefined);
  t.is(parseMailbox('A <a@example.org> B'), undefined);
});
