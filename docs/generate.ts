// `npm run docs`: writes the reference pages that come from the code (docs/errors.md, docs/edge-config.md and its JSON
// Schema). test/house/docs.test.ts fails when they are out of date.
import { writeFileSync } from 'node:fs';
import { generatedDocs } from './reference.ts';

for (const [file, text] of generatedDocs()) writeFileSync(new URL(file, import.meta.url), text);
