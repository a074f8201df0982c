// Error pages of the owner's, read from folders below `pages` in the data folder whenever a configuration comes into force.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { ErrorPages, PageReader } from '#edge/shaping/page-steps.ts';
import { maxErrorPageBytes, pageKeyOfFile } from '#model/shaping/error-pages.ts';

/** Reads folders; what cannot be read is a warning, and the edge's own pages serve. */
export function pagesIn(dataDir: string, log: Log): PageReader {
  return (folder) => {
    const dir = join(dataDir, 'pages', folder);
    try {
      return readFolder(dir, log);
    } catch (error) {
      log.warn('error pages cannot be read', { folder: dir, error: errorText(error) });
      return new Map();
    }
  };
}

function readFolder(dir: string, log: Log): ErrorPages {
  const pages = new Map<string, string>();
  for (const name of readdirSync(dir).toSorted()) {
    const key = pageKeyOfFile(name);
    if (key === undefined) continue;
    const file = join(dir, name);
    const stat = lstatSync(file);
    // A link could lead to what no visitor should see.
    if (!stat.isFile() || stat.size > maxErrorPageBytes) {
      log.warn('an error page is no plain file of at most 64 KiB', { file });
      continue;
    }
    pages.set(key, readFileSync(file, 'utf8'));
  }
  return pages;
}
