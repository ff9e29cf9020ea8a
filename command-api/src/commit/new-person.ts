import { subjects, type UserId } from '@zameni/contracts';
import type { DataKey, DataKeys, LogMessage } from '@zameni/runtime';

/** A person who may be registered, with the key that is appended with the event. */
export type NewPerson = {
  readonly userId: UserId;
  readonly key: DataKey;
  readonly keyMessage: Omit<LogMessage, 'expectedPosition'>;
};

/** Makes the key of a person who may be registered. */
export function toNewPerson(dataKeys: DataKeys, userId: UserId): NewPerson {
  const { key, record } = dataKeys.create(userId);
  return {
    userId,
    key,
    keyMessage: { subject: subjects.key(userId), data: JSON.stringify(record) },
  };
}
