// The API's contract (src/api) as an OpenAPI 3.1 document. It is checked in as src/api/openapi.json, which the edge serves.
import { createDocument } from 'zod-openapi';
import { z } from 'zod';
import { operations } from '#api/api.ts';
import { apiBase, type Operation } from '#api/operation.ts';
import { problemSchema } from '#api/problem.ts';
import { version } from '#base/version.ts';

type Document = Parameters<typeof createDocument>[0];
type Paths = NonNullable<Document['paths']>;

/** What the server takes: the ETag as it was sent, or `*`. */
const ifMatchPattern = String.raw`^(\*|(W/)?"\d{1,15}")$`;

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
  const isGuarded = isVersioned && method !== 'GET';
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
    ...(isGuarded
      ? {
          parameters: [
            {
              name: 'If-Match',
              in: 'header',
              required: false,
              schema: { type: 'string', pattern: ifMatchPattern, examples: ['"7"'] },
              description: 'ETag of the version that was seen.',
            },
          ],
        }
      : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      ...answerOf(operation),
      ...problemsOf(operation),
    },
  };
}

/** What each status of a problem says; a reader of the document needs the kind, the problem itself has the sentence. */
const problemWords: Readonly<Record<number, string>> = {
  400: 'The request makes no sense: a cursor or an If-Match that is none.',
  401: 'Nobody has signed in, or the key or session is not valid any more.',
  403: 'Whoever asks may not do this.',
  404: 'There is no such object.',
  409: 'The name is taken, the object is in use, or it is declared in edge.yml.',
  412: 'The object was changed since it was read.',
  413: 'The body is too long.',
  415: 'The body is no JSON.',
  422: 'A value cannot be used; `errors` says which.',
  429: 'Too many attempts in a short time.',
  500: 'A fault of the edge; its log tells more.',
  503: 'The store or the control plane is away; sites are served meanwhile.',
};

const refusedByEdge = z.string().meta({
  description:
    'The edge itself refuses what is no clean HTTP before the API sees it, such as "%0A" or "%5C" in a path.',
});

/** Components, so that each is written once. */
const problems = Object.fromEntries(
  Object.entries(problemWords).map(([status, description]) => [
    status,
    {
      id: `Problem${status}`,
      description,
      content: {
        'application/problem+json': { schema: problemSchema },
        ...(status === '400' ? { 'text/plain': { schema: refusedByEdge } } : {}),
      },
    },
  ]),
);

/** The problems that an operation may answer with; 405 belongs to no operation. */
function problemsOf({ method, params, body, isVersioned, namesRevision, isOptional }: Operation): object {
  const changes = method !== 'GET';
  const statuses = [
    ...[400, 401, 403],
    ...(params || body || isOptional ? [404] : []),
    ...(changes ? [409] : []),
    ...(changes && (isVersioned || namesRevision) ? [412] : []),
    ...(body ? [413, 415] : []),
    ...[422, 429, 500, 503],
  ];
  return Object.fromEntries(statuses.map((status) => [status, problems[status]]));
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
