/** What the kinds of mail tell. */
type MailValues = {
  /** The name to greet; without it the greeting names nobody. */
  readonly displayName?: string | undefined;
  /** When somebody asked for what the mail is about (RFC 3339). */
  readonly requestedAt: string;
  /** When the link ends (RFC 3339). */
  readonly expiresAt: string;
  readonly link: string;
  /** The number of requests that the mail answers. */
  readonly count: number;
  /** The new address, masked. */
  readonly maskedAddress: string;
};

/** The name of a value that a mail can tell. */
export type MailValue = keyof MailValues;

/** Each kind of mail, with what it tells. Who asked follows from the kind. */
export const MAIL_VALUES = {
  /** The public page was asked for an account. */
  'confirm-attempt': ['displayName', 'requestedAt', 'expiresAt', 'link'],
  /** An application vouches for the person. */
  'confirm-account': ['displayName', 'requestedAt', 'expiresAt', 'link'],
  /** The public page was asked several times; the prover supplies the data. */
  'confirm-mailbox': ['count', 'requestedAt', 'expiresAt', 'link'],
  /** The address is confirmed. */
  welcome: ['displayName'],
  /** To the new mailbox of a change. */
  'confirm-change': ['displayName', 'requestedAt', 'expiresAt', 'link'],
  /** To the old mailbox of a change. Its link stops the change. */
  'change-notice': ['displayName', 'requestedAt', 'expiresAt', 'link', 'maskedAddress'],
  /** To the old mailbox of a change that was made. Its link takes the change back. */
  'changed-notice': ['displayName', 'requestedAt', 'expiresAt', 'link', 'maskedAddress'],
  /** The public page was asked for an account, and an unproven one holds the address. */
  'holder-unproven': ['displayName', 'requestedAt', 'expiresAt', 'link'],
  /** The public page was asked for an account, and a proven one holds the address. */
  'already-registered': ['displayName', 'requestedAt'],
  'already-registered-deactivated': ['displayName', 'requestedAt'],
  deactivated: ['displayName'],
  reactivated: ['displayName'],
  /** The name is erased too. */
  erased: [],
} as const satisfies Readonly<Record<string, readonly MailValue[]>>;

/** The name of a kind of mail. */
export type MailKind = keyof typeof MAIL_VALUES;

/** All kinds of mail. */
export const MAIL_KINDS: readonly MailKind[] = Object.keys(MAIL_VALUES).filter(isMailKind);

function isMailKind(name: string): name is MailKind {
  return Object.hasOwn(MAIL_VALUES, name);
}

/** A mail of one kind. */
export type MailOf<Kind extends MailKind> = {
  readonly kind: Kind;
  /** The language that the person wants (BCP 47). The renderer chooses the nearest one it has. */
  readonly locale: string;
  /** Name of the application that people register for. */
  readonly product: string;
} & Pick<MailValues, (typeof MAIL_VALUES)[Kind][number]>;

/** A mail to be rendered. */
export type Mail = { [Kind in MailKind]: MailOf<Kind> }[MailKind];

/** Direction of a script. */
export type Direction = 'ltr' | 'rtl';

/** A mail as it is sent. The language is the name of a file of messages. */
export type Rendered = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly language: string;
  readonly direction: Direction;
};
