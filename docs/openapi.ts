// The API's contract (src/api) as an OpenAPI 3.1 document. It is checked in as src/api/openapi.json, which the edge serves.
import { createDocument } from 'zod-openapi';
import { z } from 'zod';
import { operations } from '#api/api.ts';
import { apiBase, type Operation } from '#api/operation.ts';
import { problemSchema } from '#api/problem.ts';
import { version } from '#base/version.ts';

type Document = Parameters<typeof createDocument>[0];
type Paths = NonNullable<Document['paths']>;

/** The whole document. */
export function openApiDocument(): object {
  const paths: Paths = {};
  for (const operation of Object.values(operations) as Operation[]) {
    const path = (paths[operation.path] ??= {});
    path[operation.method.toLowerCase() as 'get'] = operationObject(operation) as never;
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version,
      description:
        'The API of a Sallyport edge: everything its dashboard and its command line can do. Errors are problem details (RFC 9457). Versioned objects have an ETag; send it back as If-Match to guard a change against another made meanwhile.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiBase, description: 'Below the base path of the dashboard.' }],
    security: [{ apiKey: [] }, { session: [] }],
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key: `Authorization: Bearer sp_...`.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-sallyport',
          description: 'A browser that has signed in.',
        },
      },
    },
    paths,
  });
}

function operationObject(operation: Operation): object {
  const { id, summary, description, scope, params, query, body, isVersioned, method } = operation;
  const needs =
    scope === 'nobody'
      ? 'Open to everybody.'
      : scope === 'self'
        ? 'For whoever has signed in.'
        : `Scope: \`${scope}\`.`;
  const guard = isVersioned && method !== 'GET' ? { 'If-Match': { schema: { type: 'string' } } } : undefined;
  return {
    operationId: id,
    summary,
    description: [description, needs].filter((text) => text !== undefined).join(' '),
    ...(scope === 'nobody' ? { security: [] } : {}),
    requestParams: {
      ...(params ? { path: params } : {}),
      // What an issuer sends back is its own affair.
      ...(query instanceof z.ZodObject ? { query } : {}),
    },
    ...(guard
      ? {
          parameters: [
            {
              name: 'If-Match',
              in: 'header',
              required: false,
              schema: { type: 'string' },
              description: 'ETag of the version that was seen.',
            },
          ],
        }
      : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      ...answerOf(operation),
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
  };
}

function answerOf({ stream, result, creates, isVersioned, redirect }: Operation): object {
  if (redirect)
    return { 303: { description: 'Leads on.', headers: { Location: { schema: { type: 'string' } } } } };
  if (stream)
    return { 200: { description: 'A stream.', content: { [stream]: { schema: { type: 'string' } } } } };
  if (!result) return { 204: { description: 'Done.' } };
  const headers = isVersioned ? { headers: { ETag: { schema: { type: 'string' } } } } : {};
  const content = { 'application/json': { schema: result as z.ZodType } };
  return { [creates ? 201 : 200]: { description: 'Done.', content, ...headers } };
}
