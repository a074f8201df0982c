// Which content coding a client gets (RFC 9110 section 12.5.3): the one it likes best of those that are offered, and among
// equals the one that the edge likes best. Clients have few different ways to say it, so choices are remembered.
import type { Coding } from '#model/routes/compression-policy.ts';

/** Different Accept-Encoding values that are remembered; who invents more is parsed each time. */
const maxRemembered = 256;

/** The choice among the codings of one policy. */
export class CodingChoice {
  readonly #offered: readonly Coding[];
  readonly #remembered = new Map<string, Coding | ''>();

  /** `offered` in the edge's own order of preference. */
  constructor(offered: readonly Coding[]) {
    this.#offered = offered;
  }

  /** The coding for a request's Accept-Encoding, '' for none. HOT. */
  of(acceptEncoding: string | undefined): Coding | '' {
    // Who says nothing may not be able to undo anything.
    if (acceptEncoding === undefined) return '';
    const known = this.#remembered.get(acceptEncoding);
    if (known !== undefined) return known;
    const choice = chooseCoding(acceptEncoding, this.#offered);
    if (this.#remembered.size < maxRemembered) this.#remembered.set(acceptEncoding, choice);
    return choice;
  }
}

/** The coding of those offered that the field prefers; '' when it prefers the body as it is, or accepts none of them. */
export function chooseCoding(acceptEncoding: string, offered: readonly Coding[]): Coding | '' {
  const weights = codingWeights(acceptEncoding);
  const others = weights.get('*');
  let best: Coding | '' = '';
  // What is not mentioned is acceptable without being wished for.
  let bestWeight = weights.get('identity') ?? 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others ?? 0;
    if (weight > bestWeight || (weight === bestWeight && weight > 0 && best === '')) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

function codingWeights(text: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of text.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim());
    if (name === undefined || name === '') continue;
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : parseWeight(weight));
  }
  return weights;
}

/** A weight that is none is taken as 0: better uncompressed than unreadable. */
function parseWeight(parameter: string): number {
  const match = /^q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter);
  return match ? Number(match[1]) : 0;
}
