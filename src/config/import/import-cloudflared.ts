// A cloudflared config.yml as a lab file: its ingress rules as they stand, as rules that the edge keeps, and a route for each
// hostname in them. (The file itself works unchanged with "sallyport tunnel run", too.)
import { isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { SallyportError } from '#base/errors.ts';
import { type Imported, LabDraft } from './lab-draft.ts';

const fileSchema = z.looseObject({
  originRequest: z.record(z.string(), z.json()).optional(),
  ingress: z
    .array(
      z.looseObject({
        hostname: z.string().optional(),
        path: z.string().optional(),
        service: z.string(),
        originRequest: z.record(z.string(), z.json()).optional(),
      }),
    )
    .min(1),
});

/** @throws SallyportError 'config-invalid' with the line */
export function importCloudflared(text: string, source: string, tunnel: string): Imported {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'error' });
  const lineAt = (offset: number | undefined): number =>
    offset === undefined ? 0 : counter.linePos(offset).line;
  const [broken] = document.errors;
  if (broken)
    throw new SallyportError(
      'config-invalid',
      `${source}, line ${lineAt(broken.pos[0])}: ${broken.message.split('\n')[0]}.`,
    );
  const result = fileSchema.safeParse(document.toJS());
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new SallyportError('config-invalid', `${source}: ${issue!.path.join('.')} ${issue!.message}.`);
  }
  const draft = new LabDraft();
  const { ingress, originRequest } = result.data;
  const root = document.contents;
  for (const { key } of isMap(root) ? root.items : []) {
    const name = String(key);
    if (name === 'ingress' || name === 'originRequest') continue;
    draft.unmapped(
      lineAt(isNode(key) ? key.range?.[0] : undefined),
      name,
      keyCures[name] ?? 'belongs to the connector: leave it in its config.yml',
    );
  }
  const list = document.get('ingress');
  const lines = isSeq(list)
    ? list.items.map((item) => lineAt(isNode(item) ? item.range?.[0] : undefined))
    : [];
  if (originRequest) draft.originRequest(tunnel, originRequest);
  const seen = new Set<string>();
  for (const [i, { hostname = '', path, service, originRequest: own, ...others }] of ingress.entries()) {
    const line = lines[i] ?? 0;
    for (const key of Object.keys(others)) draft.unmapped(line, key, 'is no key of an ingress rule');
    draft.rule(tunnel, {
      hostname: hostname === '' ? undefined : hostname,
      path: path === '' ? undefined : path,
      service,
      originRequest: own,
    });
    if (hostname === '' || hostname === '*' || seen.has(hostname)) continue;
    seen.add(hostname);
    draft.route(tunnel, { hostname: hostname.toLowerCase(), path: '/' }, line);
  }
  return draft.finish(source);
}

const keyCures: Readonly<Record<string, string>> = {
  tunnel: 'the tunnel is a new one: "sallyport apply" makes it and shows its token once',
  'credentials-file':
    'credentials of cloudflared mean nothing here; start the connector with the token that "apply" shows',
  'warp-routing': 'networks are routed by the mesh, not by a tunnel',
  token: 'tokens of cloudflared mean nothing here; start the connector with the one that "apply" shows',
};
