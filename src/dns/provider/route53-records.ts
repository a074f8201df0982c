// Record sets between Route 53's XML and ours. There, bytes in names and texts that are no letters are written \ooo in
// octal; sets may have several forms (weighted, by place), or be an alias to something of AWS: those are shown as what
// they are, and equal nothing that we would write.
import { isSameSet, recordSet, type RecordSet } from '#model/dns/record-set.ts';
import type { RecordChange } from './dns-provider.ts';
import { normalName, normalValue } from './http-provider.ts';
import { childAt, childrenOf, escapeXml, textAt, type XmlElement } from './xml-elements.ts';

const space = 'https://route53.amazonaws.com/doc/2013-04-01/';

/** The sets of a listing. */
export function readSets(elements: readonly XmlElement[]): RecordSet[] {
  const byKey = Map.groupBy(elements, (element) => `${textAt(element, 'Name')} ${textAt(element, 'Type')}`);
  return [...byKey.values()].map((list) => {
    const [first] = list;
    const type = textAt(first, 'Type');
    const ttl = Number(textAt(first, 'TTL') || '0');
    return recordSet(
      normalName(fromOctal(textAt(first, 'Name'))),
      type,
      ttl,
      list.flatMap((element) => valuesOf(element, type)),
    );
  });
}

/** The body that makes changes: what goes by its exact content, then what comes. */
export function changeBatch(changes: readonly RecordChange[]): string {
  const going = changes.flatMap(({ before }) => (before ? [changeElement('DELETE', before)] : []));
  const coming = changes.flatMap(({ before, after }) =>
    after && !isSameSet(before, after) ? [changeElement('CREATE', after)] : [],
  );
  return `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="${space}"><ChangeBatch><Comment>sallyport</Comment><Changes>${[...going, ...coming].join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
}

function changeElement(action: 'CREATE' | 'DELETE', { name, type, ttlSeconds, values }: RecordSet): string {
  const records = values.map(
    (value) => `<ResourceRecord><Value>${escapeXml(toOctal(value))}</Value></ResourceRecord>`,
  );
  return `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(toOctal(name))}.</Name><Type>${type}</Type><TTL>${ttlSeconds}</TTL><ResourceRecords>${records.join('')}</ResourceRecords></ResourceRecordSet></Change>`;
}

function valuesOf(element: XmlElement, type: string): string[] {
  const alias = textAt(element, 'AliasTarget', 'DNSName');
  const identifier = textAt(element, 'SetIdentifier');
  const values =
    alias === ''
      ? childrenOf(childAt(element, 'ResourceRecords'), 'ResourceRecord').map((record) =>
          normalValue(type, fromOctal(textAt(record, 'Value'))),
        )
      : [`alias of ${alias}`];
  return identifier === '' ? values : values.map((value) => `${value} (${identifier})`);
}

/** `\052` there is `\042` in a master file, whose escapes are decimal; a plain character stands for itself in names. */
function fromOctal(text: string): string {
  return text.replaceAll(/\\([0-3][0-7]{2})/g, (_, digits: string) => {
    const code = parseInt(digits, 8);
    return code === 0x2a ? '*' : `\\${String(code).padStart(3, '0')}`;
  });
}

function toOctal(text: string): string {
  return text.replaceAll(
    /\\(\d{3})/g,
    (_, digits: string) => `\\${Number(digits).toString(8).padStart(3, '0')}`,
  );
}
