import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { startLeaseKeeper } from './keeper.ts';

test('the lease of work that takes no step is not renewed for ever', async (t) => {
  let renewals = 0;
  const renewLease = async () => {
    renewals += 1;
    return true;
  };
  await using keeper = startLeaseKeeper({ renewLease }, { renewMs: 5, stepMs: 2_000 });
  await waitUntil(() => renewals > 2);
  t.false(keeper.signal.aborted);
  await waitUntil(() => keeper.signal.aborted);
  t.regex(keeper.fault()?.message ?? '', /step/);
});

test('the lease of work that takes steps is', async (t) => {
  let renewals = 0;
  await using keeper = startLeaseKeeper(
    {
      renewLease: async () => {
        renewals += 1;
        keeper.onStep();
        return true;
      },
    },
    { renewMs: 50, stepMs: 1_000 },
  );
  await waitUntil(() => renewals > 30);
  t.false(keeper.signal.aborted);
});
