// One record between Cloudflare's words and ours. There, names have no dot at their end, a priority stands beside the
// content, and some types are written in parts (`data`).
import type { RecordSet } from '#model/dns/record-set.ts';
import { unquoteText } from '#wire/dns-record-text.ts';
import type { CloudflareRecord } from './cloudflare.ts';
import { normalValue } from './http-provider.ts';

/** The value in our form. */
export function cloudflareValue({ type, content, priority, proxied }: CloudflareRecord): string {
  // A name's record data there is the proxied target, and not what anybody is answered.
  if (proxied) return `proxied ${content}`;
  if (type === 'TXT')
    return normalValue(type, content.startsWith('"') ? content : `"${content.replaceAll(/["\\]/g, '\\$&')}"`);
  const hasPriority = (type === 'MX' || type === 'SRV') && priority !== null && priority !== undefined;
  return normalValue(type, hasPriority ? `${priority} ${content}` : content);
}

/** The body that creates a value of a set. */
export function cloudflareBody(set: RecordSet, value: string): object {
  const { name, type, ttlSeconds: ttl } = set;
  const words = value.split(' ');
  const common = { name, type, ttl };
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, content: value, proxied: false };
    case 'CNAME':
      return { ...common, content: withoutDot(value), proxied: false };
    case 'NS':
    case 'PTR':
      return { ...common, content: withoutDot(value) };
    case 'MX':
      return { ...common, priority: Number(words[0]), content: withoutDot(words[1]!) };
    case 'SRV': {
      const [priority, weight, port] = words.map(Number);
      return { ...common, data: { priority, weight, port, target: withoutDot(words[3]!) } };
    }
    case 'CAA':
      return {
        ...common,
        data: { flags: Number(words[0]), tag: words[1], value: unquoteText(words.slice(2).join(' ')) },
      };
    default:
      return { ...common, content: value };
  }
}

function withoutDot(name: string): string {
  return name === '.' ? name : name.replace(/\.$/, '');
}
