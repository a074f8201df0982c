// Changes of header fields, as a Caddyfile writes them and as a route of ours has them.
import type { HeaderChanges } from '#model/shaping/header-rules.ts';

/** One line of `header` or `request_header`; undefined for what has no counterpart. */
export function headerChange(name: string, value: string): HeaderChanges | undefined {
  const text = value.replaceAll('{remote_host}', '{client_ip}');
  if (/\{(?!(client_ip|host|scheme|method|path|query)\})/.test(text)) return undefined;
  if (name.startsWith('-')) return name.includes('*') ? undefined : { remove: [name.slice(1)] };
  if (name.startsWith('+')) return { add: { [name.slice(1)]: text } };
  if (name.startsWith('?') || name.startsWith('>') || name === '' || name === 'defer') return undefined;
  return value === '' ? undefined : { set: { [name]: text } };
}

/** Both changes; where they set the same field, the other one counts. */
export function merged(one: HeaderChanges, other: HeaderChanges): HeaderChanges {
  const set = { ...one.set, ...other.set };
  const add = { ...one.add, ...other.add };
  const remove = [...(one.remove ?? []), ...(other.remove ?? [])];
  return {
    ...(isEmpty(set) ? {} : { set }),
    ...(isEmpty(add) ? {} : { add }),
    ...(remove.length === 0 ? {} : { remove }),
  };
}

/** Nothing is in it. */
export function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
