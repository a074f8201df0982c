// What our cache is judged with, and the cases that it fails on purpose, each with its reason.
import { resolveCachePolicy } from '#model/cache-policy.ts';

/** What the suite asks of a cache that does all that it may; each is off by default (docs/edge-config.md). */
export const fullPolicy = resolveCachePolicy({
  ...{ heuristics: true, setCookie: 'keep', storePost: true, matchLanguage: true, clientRefresh: 'honour' },
});

const brokenPart = 'its Content-Range names six bytes and five come; what contradicts itself is not stored';

/** Reasons by the case's id. */
export const failures: Readonly<Record<string, string>> = {
  'headers-store-Transfer-Encoding':
    'an answer with an unknown transfer coding has no known end, so it is refused',
  'partial-store-partial-reuse-partial': brokenPart,
  'partial-store-partial-reuse-partial-byterange': brokenPart,
  'partial-store-partial-reuse-partial-absent': brokenPart,
  'partial-store-partial-reuse-partial-suffix': brokenPart,
  'partial-store-partial-complete':
    'without a strong validator two parts may be of different wholes (RFC 9110 section 15.3.7.3)',
};
