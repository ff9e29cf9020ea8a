import { UserView } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { columnOf } from '../columns.ts';

// Only the query API knows whether an account is parked.
const { parked: _parked, ...columns } = UserView.properties;

/**
 * A row of `users`: the view of a person, `claim`, the keyed digest of their address,
 * and `position`, the position of the last event in the row.
 */
export const UserRow = Type.Object({
  ...columns,
  claim: Type.String(),
  position: Type.Integer(),
});
export type UserRow = Readonly<Static<typeof UserRow>>;

/** A row as the driver returns it. */
export type StoredUser = Omit<UserRow, 'registeredAt' | 'position'> & {
  readonly registeredAt: Date;
  readonly position: string;
};

/** The select list of the columns of a value of the type `users`. */
export function userColumnsOf(value: string): string {
  return Object.keys(UserRow.properties)
    .map((field) => `(${value}).${columnOf(field)} as "${field}"`)
    .join(', ');
}

/** A row in the form that the fold gives it. */
export function toUserRow({ registeredAt, position, ...row }: StoredUser): UserRow {
  return { ...row, registeredAt: registeredAt.toISOString(), position: Number(position) };
}

/** What the query API answers of a row. */
export function toUserView({ claim: _claim, position: _position, ...view }: UserRow): UserView {
  return view;
}
