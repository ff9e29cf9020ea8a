import test from 'ava';
import { pickMirror } from './nats.ts';

test('picks the mirror of Debian itself, not of its updates or of other sources', (t) => {
  const lines = [
    'Debian-Security|http://security.example/debian-security/',
    'Tools|https://tools.example/apt/',
    'Debian|http://mirror.example/debian/',
  ].join('\n');
  t.is(pickMirror(lines), 'http://mirror.example/debian/');
});

test('finds no mirror if there is none', (t) => {
  t.is(pickMirror('Ubuntu|http://mirror.example/ubuntu/'), null);
});
