// A plain look at what a hostname answers, by the edge itself and never on a request's path: its page, and where it leads on the
// same hostname, a few steps far. What comes of it goes to the control plane, which knows products by their answers.
import type { ProbeAnswer } from '#model/probes/probe-answer.ts';
import type { InnerAnswer, InnerRequest } from './inner-request.ts';

/** Products lead to their sign-in page by one or two. */
const maxHops = 4;
/** What gives a product away stands in the first part of its page. */
const maxHtml = 64 * 1024;

/** Asks with `send`; stops at the first answer that is no redirect, leads elsewhere, or is the edge's own. */
export async function probeRoute(
  url: string,
  send: (request: InnerRequest) => Promise<InnerAnswer>,
): Promise<ProbeAnswer[]> {
  const answers: ProbeAnswer[] = [];
  for (let next: string | undefined = url; next !== undefined && answers.length < maxHops;) {
    const answer: InnerAnswer = await send({ method: 'GET', url: next, accept: 'text/html,*/*;q=0.5' });
    // A refusal of the edge says nothing of what is behind it.
    if (answer.failure !== undefined) break;
    const target: URL | undefined = targetOf(next, answer);
    answers.push({
      status: answer.status,
      fields: [...answer.fields].flatMap(([name, value]) =>
        value.split('\n').map((line): [string, string] => [name, line]),
      ),
      html: answer.html.slice(0, maxHtml),
      location: target === undefined ? '' : `${target.pathname}${target.search}`,
    });
    next = target?.href;
  }
  return answers;
}

/** Where an answer leads on its own hostname. */
function targetOf(from: string, { status, fields }: InnerAnswer): URL | undefined {
  const location = fields.get('location');
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, from))
    return undefined;
  const target = new URL(location, from);
  const isSame = target.hostname === new URL(from).hostname && target.protocol === 'https:';
  return isSame && target.href !== from ? target : undefined;
}
