// What our cache is judged with, and the one table of the cases that it does not pass, each with its reason: judges print
// it, and are red when a case fails that is not in it, or passes although it is.
import { resolveCachePolicy } from '#model/routes/cache-policy.ts';

/** What the suite asks of a cache that does all that it may; each is off by default (docs/edge-config.md). */
export const fullPolicy = resolveCachePolicy({
  ...{ heuristics: true, setCookie: 'keep', storePost: true, matchLanguage: true, clientRefresh: 'honour' },
});

const brokenPart = 'its Content-Range names six bytes and five come; what contradicts itself is not stored';
const notPutTogether = 'a stored part answers what lies inside it; parts are not put together to a whole';
const noNumber = 'a lifetime that is no number counts as none (RFC 9111 section 4.2.1 asks for that)';
const noWarning = 'Warning is obsolete (RFC 9111 section 5.5)';
const shortGuess = "a tenth of the time since the last change is over after the suite's three seconds";
const quotes = 'entity tags are compared and sent as the origin spelt them, never mended';

/** Required and optimal cases, by id. */
const failed: Readonly<Record<string, string>> = {
  'headers-store-Transfer-Encoding':
    'an answer with an unknown transfer coding has no known end, so it is refused',
  'partial-store-partial-reuse-partial': brokenPart,
  'partial-store-partial-reuse-partial-byterange': brokenPart,
  'partial-store-partial-reuse-partial-absent': brokenPart,
  'partial-store-partial-reuse-partial-suffix': brokenPart,
  'partial-store-partial-complete':
    'without a strong validator two parts may be of different wholes (RFC 9110 section 15.3.7.3)',
  'own-part-combined': notPutTogether,
  'own-part-completed': notPutTogether,
};

/** Checks, which only ask what a cache does; here it does the other thing. */
const otherwise: Readonly<Record<string, string>> = {
  'freshness-max-age-a100': noNumber,
  'freshness-max-age-100a': noNumber,
  'freshness-max-age-space-before-equals': 'space behind a name is no part of it',
  'age-parse-numeric-parameter': 'Age has no parameters, so what has one is no Age',
  'stale-503': 'an answer of the origin is passed on unless stale-if-error asks for the stored one',
  'stale-warning-stored': noWarning,
  'stale-warning-become': noWarning,
  'heuristic-delta-5': shortGuess,
  'heuristic-delta-10': shortGuess,
  'heuristic-delta-30': shortGuess,
  'conditional-etag-quoted-respond-unquoted': quotes,
  'conditional-etag-unquoted-respond-quoted': quotes,
  'conditional-etag-strong-generate-unquoted': quotes,
  'conditional-etag-forward-unquoted': quotes,
  'conditional-etag-vary-headers-mismatch': 'what another request selected is not asked about',
  'head-200-retain': 'the answer to a HEAD is what the origin says now',
  'other-age-delay': 'Age says how long an answer was kept here and before, not how long it took to make',
  'cdn-max-age-case-insensitive': 'keys of a structured field are lower-case (RFC 9651 section 3.1.2)',
};

/** Why a case is not passed, by its id. */
export const failures: Readonly<Record<string, string>> = { ...failed, ...otherwise };
