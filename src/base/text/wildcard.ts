// Patterns in which `*` stands for any run of characters, as people write them for paths, cookies and types. Matched
// without a regular expression and without recursion: at most pattern length times text length steps.

/** Whether the whole text matches the pattern. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      // The last star takes one character more.
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Whether any of the patterns matches. */
export function matchesAnyWildcard(patterns: readonly string[], text: string): boolean {
  for (const pattern of patterns) if (matchesWildcard(pattern, text)) return true;
  return false;
}
