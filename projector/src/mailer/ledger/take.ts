/** Most trace contexts that a mail keeps of those it answers for: as many as a span may link to. */
const MAX_TRACEPARENTS = 128;

/**
 * The oldest waiting mail of each recipient, if it is due. Those come first that are due longest:
 * old mails that are tried again and again keep no newer one waiting. A process that lost the lease
 * takes none. Mails behind an earlier one of their recipient are passed over before the limit, so
 * that however many there are, they keep nobody waiting.
 *
 * A take walks along the index and stops at the limit. The planner does not know how many mails are
 * due after a burst, and would sort all of them for each take. `offset 0` keeps it from joining them.
 *
 * Of the mails of strangers to one mailbox, so many are taken as its budget leaves. If it leaves
 * none, all of them wait until the oldest mail in the window is out of it. Then all that waited are
 * merged into the newest one, which names how many there were. Without a flood there is one due
 * mail, and nothing to merge.
 */
export const TAKE = `
  with recursive walk as (
    (select next_at, id, recipient from mailer.messages
     where state = 'waiting' and next_at <= now() order by next_at, id limit 1)
    union all
    select n.* from walk w cross join lateral (
      select m.next_at, m.id, m.recipient from mailer.messages m
      where m.state = 'waiting' and m.next_at <= now() and (m.next_at, m.id) > (w.next_at, w.id)
      order by m.next_at, m.id limit 1
    ) n
  ), first as (
    select w.id from walk w
    where not exists (
      select from mailer.messages earlier
      where earlier.recipient = w.recipient and earlier.id < w.id
        and earlier.state in ('waiting', 'sending')
      offset 0
    )
    limit 4 * $1::integer
  ), due as materialized (
    select m.id, m.mailbox, m.reason, m.next_at from first join mailer.messages m on m.id = first.id
    where m.state = 'waiting'
      and (select holder from mailer.checkpoints where projection = $4 and version = $5) = $6
    for update of m skip locked
  ), boxes as (
    select b.mailbox, b.newest, spent.mails, spent.free_at
    from (select mailbox, max(id) as newest from due where mailbox is not null group by mailbox) b
    cross join lateral (
      select count(*) as mails,
        min(m.changed_at) + $3 * interval '1 second' as free_at
      from mailer.messages m
      where m.mailbox = b.mailbox
        and (m.state = 'sending'
          or (m.state in ('sent', 'unknown') and m.changed_at > now() - $3 * interval '1 second'))
    ) spent
  ), deferred as (
    update mailer.messages m
    set next_at = greatest(b.free_at, now() + interval '1 second'), reason = 'mailbox-budget',
      changed_at = now()
    from boxes b
    where m.mailbox = b.mailbox and m.state = 'waiting' and m.next_at <= now()
      and b.mails >= $2::integer
  ), single as (
    select d.id, d.mailbox, d.next_at from due d left join boxes b on b.mailbox = d.mailbox
    where d.mailbox is null
      or (b.mails < $2::integer and (d.id = b.newest or d.reason is distinct from 'mailbox-budget'))
  ), chosen as (
    select s.id from single s left join boxes b on b.mailbox = s.mailbox
    where s.mailbox is null
      or (select count(*) from single e where e.mailbox = s.mailbox and e.id <= s.id)
        <= $2::integer - b.mails
    order by s.next_at, s.id limit $1::integer
  ), merged as (
    update mailer.messages m
    set state = 'merged', reason = 'merged-into-' || b.newest, changed_at = now()
    from boxes b join chosen c on c.id = b.newest
    where m.mailbox = b.mailbox and m.id <> b.newest
      and m.state = 'waiting' and m.reason = 'mailbox-budget' and m.next_at <= now()
    returning b.newest, 1 + m.merged as answers, m.merged_traceparents || m.traceparent as traces
  )
  update mailer.messages m
  set state = 'sending', takes = m.takes + 1, is_handed = false, changed_at = now(),
    merged = m.merged + (select coalesce(sum(answers), 0) from merged where newest = m.id),
    merged_traceparents = (m.merged_traceparents || array(
      select trace from merged, unnest(merged.traces) as trace
      where merged.newest = m.id and trace is not null
    ))[1:${MAX_TRACEPARENTS}]
  from chosen
  where m.id = chosen.id
  returning m.*`;
