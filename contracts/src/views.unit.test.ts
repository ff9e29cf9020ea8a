import test from 'ava';
import { encodeUserView, UserView } from './views.ts';

const view: UserView = {
  userId: '0198a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b',
  email: 'vera@example.org',
  emailVerified: false,
  displayName: 'Vera',
  locale: 'de',
  termsVersion: '2026-01',
  profile: {},
  status: 'active',
  registeredAt: '2026-11-22T10:00:00.000Z',
  version: 1,
};

test('a view has one text for every order of its profile', (t) => {
  const one = encodeUserView({ ...view, profile: { zz: 1, b: 'x', aa: true } });
  const other = encodeUserView({ ...view, profile: { aa: true, b: 'x', zz: 1 } });
  t.is(one, other);
  t.deepEqual(JSON.parse(one), { ...view, profile: { aa: true, b: 'x', zz: 1 } });
});

test('a view has one text for every order of its members, with all of them', (t) => {
  const whole: UserView = { ...view, parked: true };
  const names = Object.keys(UserView.properties);
  t.deepEqual(Object.keys(JSON.parse(encodeUserView(whole))), names);
  const turned = Object.fromEntries(Object.entries(whole).toReversed());
  // It has the same members.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  t.is(encodeUserView(turned as UserView), encodeUserView(whole));
  t.false('parked' in JSON.parse(encodeUserView(view)));
});

test('what is not of a view is not written', (t) => {
  t.is(encodeUserView({ ...view, claim: 'x' } as UserView), encodeUserView(view));
});
