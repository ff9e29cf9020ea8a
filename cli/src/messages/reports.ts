import { LedgerMessage, MessageView } from '@zameni/contracts';
import { type Static, Type } from 'typebox';

/** Output of `zameni messages ID --json`. */
export const MessagesReport = Type.Object(
  { id: Type.String(), messages: Type.Array(MessageView) },
  { additionalProperties: false, title: 'MessagesReport' },
);
export type MessagesReport = Static<typeof MessagesReport>;

/** Output of `zameni messages ls --json`. */
export const LedgerReport = Type.Object(
  {
    messages: Type.Array(LedgerMessage),
    hasMore: Type.Boolean({ description: 'Whether there are more than --limit' }),
  },
  { additionalProperties: false, title: 'LedgerReport' },
);
export type LedgerReport = Static<typeof LedgerReport>;

/**
 * What became of a mail. `requested`: it waits for a try now. `refused`: it must not be sent again, as
 * its state says. `untouched`: a dry run.
 */
export const RedriveOutcome = Type.Enum(['requested', 'refused', 'not-found', 'untouched']);
export type RedriveOutcome = Static<typeof RedriveOutcome>;

/** What became of one mail that was to be redriven. */
export const RedrivenMessage = Type.Object(
  {
    id: Type.String(),
    outcome: RedriveOutcome,
    message: Type.Union([LedgerMessage, Type.Null()]),
  },
  { additionalProperties: false, title: 'RedrivenMessage' },
);
export type RedrivenMessage = Static<typeof RedrivenMessage>;

/** Output of `zameni messages redrive --json`. */
export const RedriveReport = Type.Object(
  {
    isDryRun: Type.Boolean(),
    count: Type.Integer({ description: 'Mails that were redriven, or would be' }),
    messages: Type.Array(RedrivenMessage, { description: 'Empty for --all, except in a dry run' }),
  },
  { additionalProperties: false, title: 'RedriveReport' },
);
export type RedriveReport = Static<typeof RedriveReport>;
