// Certificates: what there is for which hostname, how it was got and what comes next; renewing, bringing and removing them.
import { z } from 'zod';
import {
  certificateDetailSchema,
  certificateStates,
  certificateViewSchema,
} from '#model/certificates/certificate-view.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';

const params = z.object({
  certificate: z.string().min(1).max(300).meta({ description: 'Id, or a hostname that is shown it.' }),
});

/** PEM texts of a chain and a key; generous for both. */
const pemSchema = z.string().min(1).max(262_144);

export const certificateOperations = {
  listCertificates: operation({
    id: 'listCertificates',
    method: 'GET',
    path: '/certificates',
    scope: 'certificates:read',
    summary: 'List certificates, and hostnames that have none',
    query: z.object({
      ...pageQuery,
      state: z.enum(certificateStates).optional(),
      sort: z.enum(['name', 'notAfter', 'state']).default('state'),
      order: z.enum(['asc', 'desc']).default('asc'),
    }),
    result: pageOf(certificateViewSchema),
  }),
  getCertificate: operation({
    id: 'getCertificate',
    method: 'GET',
    path: '/certificates/{certificate}',
    scope: 'certificates:read',
    summary: 'Show a certificate, with the log of its last orders',
    params,
    result: certificateDetailSchema,
  }),
  renewCertificate: operation({
    id: 'renewCertificate',
    method: 'POST',
    path: '/certificates/{certificate}/renew',
    scope: 'certificates:write',
    summary: 'Order it now, whatever the time and whatever failed before',
    description: 'Answers at once; `isOrdering` and `orders` tell how it goes.',
    params,
    result: certificateDetailSchema,
  }),
  importCertificate: operation({
    id: 'importCertificate',
    method: 'POST',
    path: '/certificates',
    scope: 'certificates:write',
    summary: 'Bring a certificate with its key',
    description:
      'One with the same names takes the place of the one before. The key is sealed and never shown again.',
    body: z.strictObject({
      certificate: pemSchema.meta({ description: 'PEM: the certificate, then its chain.' }),
      key: pemSchema.meta({ description: 'PEM, without a passphrase.' }),
    }),
    result: certificateDetailSchema,
    creates: true,
  }),
  deleteCertificate: operation({
    id: 'deleteCertificate',
    method: 'DELETE',
    path: '/certificates/{certificate}',
    scope: 'certificates:write',
    summary: 'Remove an imported certificate; another is ordered where one can be',
    params,
  }),
};
