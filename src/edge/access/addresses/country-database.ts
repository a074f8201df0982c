// Countries of addresses from a database in MaxMind's format (MMDB), which the owner of the edge supplies; nothing is asked
// at a request but memory. What it does not know, a private address among it, has no country, and opens nothing.
import { Reader, type CountryResponse } from 'mmdb-lib';
import { errorText, SallyportError } from '#base/errors.ts';
import { cidrSet, parseAddress, privatePrefixes } from '#base/net/ip.ts';
import { isCountry } from '#model/access/access-subject.ts';

/** Who knows countries of addresses. */
export interface CountrySource {
  /** ISO 3166 in upper case; undefined for an address of which it is not known. HOT where a policy asks. */
  countryOf(address: string): string | undefined;
  /** Why nothing is known, and what to do about it, in a sentence; '' while it works. */
  readonly fault: string;
}

/** An edge without a database. */
export const noCountries: CountrySource = {
  countryOf: () => undefined,
  fault: 'This edge has no country database; name one under access.countries in edge.yml.',
};

/** Addresses whose country is kept as found; a busy edge sees some thousand at a time. The oldest go. */
const maxKept = 8_192;

/** Addresses of no country, whatever wide record covers them; below ::/96 the tree has IPv4, and no address of IPv6. */
const nowhere = cidrSet([...privatePrefixes, '::/96']);

/** As the usual databases have it: MaxMind's and DB-IP's records, and the flat ones of IPinfo. */
interface CountryRecord {
  readonly country?: CountryResponse['country'] | string;
  readonly country_code?: string;
}

/** A database in memory. */
export class CountryDatabase {
  readonly #reader: Reader<CountryResponse>;
  /** By address as it came. */
  readonly #kept = new Map<string, string | undefined>();

  /** @throws SallyportError 'invalid' for bytes that are no such database */
  constructor(bytes: Buffer) {
    try {
      this.#reader = new Reader<CountryResponse>(bytes);
      const { searchTreeSize, nodeCount, recordSize } = this.#reader.metadata;
      const isWhole = nodeCount > 0 && [24, 28, 32].includes(recordSize) && searchTreeSize < bytes.length;
      if (!isWhole) throw new Error('its search tree is damaged');
    } catch (error) {
      throw new SallyportError('invalid', `It is no database in the MMDB format (${errorText(error)}).`, {
        cause: error,
      });
    }
  }

  /** When it was made. */
  get madeAtMs(): number {
    return this.#reader.metadata.buildEpoch.getTime();
  }

  /** See CountrySource. */
  countryOf(address: string): string | undefined {
    if (this.#kept.has(address)) return this.#kept.get(address);
    const country = this.#find(address);
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(address, country);
    return country;
  }

  #find(text: string): string | undefined {
    const address = parseAddress(text);
    if (address === undefined || nowhere.has(address)) return undefined;
    // A tree of IPv4 would read the first bits of any other address as one of its own.
    if (address.includes(':') && this.#reader.metadata.ipVersion !== 6) return undefined;
    try {
      const record = this.#reader.get(address) as CountryRecord | null;
      const found =
        typeof record?.country === 'object'
          ? record.country.iso_code
          : (record?.country_code ?? record?.country);
      return typeof found === 'string' && isCountry(found) ? found.toUpperCase() : undefined;
    } catch {
      // A record that cannot be read says nothing.
      return undefined;
    }
  }
}
