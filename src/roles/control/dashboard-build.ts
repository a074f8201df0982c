// Where the files of the dashboard's build are: inside the single executable, beside the program, or in the checkout.
import { isSea, getRawAsset } from 'node:sea';
import { fileURLToPath } from 'node:url';
import type { ReadBuilt } from '#control/http/dashboard-files.ts';

/** Reads files of the build. `readFile` is node:fs' own. */
export function readDashboard(readFile: (file: string) => Buffer): ReadBuilt {
  if (isSea()) return (path) => Buffer.from(getRawAsset(`program/dashboard/${path}`));
  const folder = import.meta.url.endsWith('.ts') ? '../../../dashboard/dist/' : './dashboard/';
  return (path) => readFile(fileURLToPath(new URL(`${folder}${path}`, import.meta.url)));
}
