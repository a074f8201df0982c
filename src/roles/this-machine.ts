// What a connector tells its edge about the machine that it runs on, for people who look at a list of connectors.
import { hostname, release, type } from 'node:os';

/** What HELLO takes of it. */
const maxOsChars = 128;

/** Name and operating system. */
export function thisMachine(): { readonly hostname: string; readonly os: string } {
  return { hostname: hostname(), os: `${type()} ${release()}`.slice(0, maxOsChars) };
}
