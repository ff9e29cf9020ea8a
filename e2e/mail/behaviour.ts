/** What the test's server does with one delivery to a mailbox. */
export const BEHAVIOURS = {
  accept: 'takes the mail',
  later: 'refuses the mailbox for now (450)',
  never: 'refuses the mailbox for good (550)',
  'never-data': 'refuses the mail for good after the final dot (554)',
  stall: 'never answers',
  'drop-before-dot': 'breaks the connection in the middle of the mail',
  'drop-after-dot': 'breaks the connection after the final dot, and has not taken the mail',
  'take-and-drop': 'takes the mail, and breaks the connection without saying so',
  'accept-and-die': 'takes the mail, says so, and breaks the connection',
} as const;

/** The name of a behaviour. */
export type Behaviour = keyof typeof BEHAVIOURS;
