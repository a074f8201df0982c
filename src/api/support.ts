// What somebody who is to help needs to see: the support bundle, and a list of what is in it.
import { z } from 'zod';
import { operation } from './operation.ts';

export const supportEntrySchema = z
  .object({ name: z.string(), about: z.string(), bytes: z.int().min(0) })
  .meta({ id: 'SupportEntry' });

export const supportOperations = {
  listSupportBundle: operation({
    id: 'listSupportBundle',
    method: 'GET',
    path: '/support-bundle/contents',
    scope: 'backup:read',
    summary: 'What a support bundle would hold',
    result: z.object({ items: z.array(supportEntrySchema) }),
  }),
  downloadSupportBundle: operation({
    id: 'downloadSupportBundle',
    method: 'GET',
    path: '/support-bundle',
    scope: 'backup:read',
    summary: 'Everything that a helper needs to see, without secrets, as a .tar.gz',
    stream: 'application/octet-stream',
  }),
};
