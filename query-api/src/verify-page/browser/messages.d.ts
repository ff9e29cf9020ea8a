import type english from '../messages/en.json';

/** A text of the page by its name. English has every one. */
export type Message = keyof typeof english;

/** The texts of a language. */
export type Messages = Readonly<Record<Message, string>>;
