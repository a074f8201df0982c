// The little of XML that Route 53 speaks: elements and text, no attributes that matter, no mixed content. Anything else
// (a document type, an entity of its own) is refused, so that nothing can be expanded or fetched.
import { malformed } from '#wire/dns-name.ts';

/** An element with its children, or its text. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const maxDepth = 32;
const token = /<\?[^?]*\?>|<!--[^]*?-->|<(\/?)([A-Za-z][\w.-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+)/y;

/** Reads a document. @throws SallyportError 'protocol-violation' */
export function parseXml(text: string): XmlElement {
  interface Open {
    name: string;
    text: string;
    children: XmlElement[];
  }
  const root: Open = { name: '', text: '', children: [] };
  const stack: Open[] = [root];
  token.lastIndex = 0;
  for (let at = 0; at < text.length; at = token.lastIndex) {
    const match = token.exec(text);
    if (!match) throw malformed('an XML document with something that is not expected there');
    const [, slash, name, selfEnd, chars] = match;
    const top = stack.at(-1)!;
    if (chars !== undefined) {
      top.text += unescapeXml(chars);
    } else if (name === undefined) {
      continue;
    } else if (slash === '/') {
      if (stack.length === 1 || top.name !== name) throw malformed(`an XML document with a stray </${name}>`);
      stack.pop();
    } else {
      const element: Open = { name, text: '', children: [] };
      top.children.push(element);
      if (selfEnd !== '/') stack.push(element);
      if (stack.length > maxDepth) throw malformed('an XML document that is too deep');
    }
  }
  if (stack.length !== 1 || root.children.length !== 1) throw malformed('an XML document that is not whole');
  return root.children[0]!;
}

/** Children of a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The first child at the end of a path of names. */
export function childAt(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => childrenOf(at, name)[0], element);
}

/** The text at the end of a path, '' if there is none. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string {
  return childAt(element, ...path)?.text.trim() ?? '';
}

/** Text as it stands inside an element. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(#x?[0-9a-fA-F]+|\w+);/g, (_, name: string) => {
    const known = entities[name];
    if (known !== undefined) return known;
    const code = name.startsWith('#x') ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    if (!name.startsWith('#') || !(code <= 0x10ffff))
      throw malformed('an XML document with an unknown entity');
    return String.fromCodePoint(code);
  });
}
