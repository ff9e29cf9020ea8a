import test from 'ava';
import { commit, type Decision, refuse } from './decision.ts';
import { previewProof, type Previewed, type ProofPreview } from './preview-proof.ts';
import { MILA } from './situation.fixture.ts';
import type { Said } from './verification.ts';

const previews = test.macro<[Decision, Previewed]>({
  title: (title = '') => title,
  exec: (t, decision, expected) => {
    const said: Said[] = [];
    const preview = previewProof((each) => {
      said.push(each);
      return decision;
    });
    t.deepEqual(preview, expected);
    t.deepEqual(said, [{}]);
  },
});

const open: ProofPreview = {
  outcome: 'preview',
  state: 'open',
  holder: 'none',
  mustSupply: [],
};
const unchanged = { outcome: 'unchanged' } as const;
const invalid = refuse('invalid-verification-token');
const look = { outcome: 'look', account: MILA } as const;
test('a proof that would commit is open', previews, commit({}), open);
test('a second use is done', previews, unchanged, { ...open, state: 'done' });
test(
  'a second use for another account names it',
  previews,
  { ...unchanged, subject: MILA },
  { ...open, state: 'done', subject: MILA },
);
test('an account to look at is passed on', previews, look, look);
test('an unproven holder asks what to do', previews, refuse('address-unproven'), {
  ...open,
  holder: 'unproven',
  mustSupply: ['holder'],
});
test('a proven holder is shown', previews, refuse('address-taken'), { ...open, holder: 'proven' });
test('a deactivated account is shown', previews, refuse('user-deactivated'), {
  ...open,
  state: 'deactivated',
});
test('an invalid link stays invalid', previews, invalid, invalid);

const needsNotMine = refuse('invalid-request', [{ pointer: '/notMine', code: 'required' }]);
const previewsUndo = test.macro<[Decision, Previewed]>({
  title: (title = '') => `the link of an undo ${title}`,
  exec: (t, decision, expected) => {
    t.deepEqual(
      previewProof(({ notMine }) => (notMine === true ? decision : needsNotMine)),
      expected,
    );
  },
});
const undo: ProofPreview = { ...open, mustSupply: ['notMine'] };
test('is open while the change is pending', previewsUndo, commit({}), undo);
test('is done once it is cancelled', previewsUndo, unchanged, { ...undo, state: 'done' });
test('is too late once it is made', previewsUndo, refuse('address-taken'), {
  ...undo,
  state: 'too-late',
});
test('may be invalid', previewsUndo, invalid, invalid);
