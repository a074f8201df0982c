// Records of DNS, a line each: type, TTL, values.
import type { RecordView } from '#model/dns/dns-view.ts';
import { Mono } from '../../kit/page.tsx';
import { Tag } from '../../kit/status.tsx';
import classes from './names.module.css';
import { ownerWords } from './name-words.ts';

/** What stands under a name. Owners are told where they are not this edge. */
export function Records({ records }: { readonly records: readonly RecordView[] }) {
  if (records.length === 0) return <span className={classes['none']}>none</span>;
  return (
    <ul className={classes['records']}>
      {records.map((record) => (
        <li key={record.type}>
          <Mono>
            {record.type} {record.values.join(' ')}
          </Mono>{' '}
          <small>TTL {record.ttlSeconds} s</small>
          {record.owner !== 'edge' && <Tag tone="warn">{record.note || ownerWords[record.owner]}</Tag>}
        </li>
      ))}
    </ul>
  );
}
