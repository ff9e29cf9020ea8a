/** Mails, and whether there are more than were asked for. */
export type Listed<Message> = { readonly messages: readonly Message[]; readonly hasMore: boolean };

type Page<Message> = { readonly messages: readonly Message[]; readonly next: string | null };

/**
 * Reads one page after the other until the limit. `read` gets the cursor of the page before, and how
 * many mails are still wanted.
 */
export async function listPages<Message>(
  limit: number,
  read: (after: string | null, left: number) => Promise<Page<Message>>,
): Promise<Listed<Message>> {
  const found: Message[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<Message> = await read(after, limit - found.length);
    found.push(...page.messages);
    const isEnd = page.next === null || page.messages.length === 0;
    if (isEnd || found.length >= limit) {
      return { messages: found.slice(0, limit), hasMore: !isEnd || found.length > limit };
    }
    after = page.next;
  }
}

/** Adds those values to a path that are given. */
export function withQuery(
  path: string,
  values: Readonly<Record<string, string | null | undefined>>,
): string {
  const given = Object.entries(values).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return `${path}?${new URLSearchParams(given).toString()}`;
}
