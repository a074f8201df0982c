// Handlers of the operations on share links.
import type { accessOperations, ShareLinkView } from '#api/access.ts';
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { PassTexts } from '#model/access/access-pass.ts';
import type { ShareLink } from '#model/access/share-link.ts';
import { signInBase } from '#model/access/sign-in-passage.ts';
import { createShareLink, deleteShareLink } from '../commands/share-links.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';
import { webAddress } from './routes.ts';

export interface ShareLinkSources extends Sources {
  readonly clock: Clock;
  /** Signs links. */
  readonly passTexts: PassTexts;
}

const dayMs = 86_400_000;

/** Makes them. */
export function shareLinkHandlers(sources: ShareLinkSources): Handlers<keyof typeof accessOperations> {
  const { control, edge, clock, passTexts } = sources;
  return {
    listShareLinks({ query }) {
      const now = clock.wallMs();
      return pageOfList({
        items: [...control.state.shareLinks.values()].map((link) => shareLinkView(link, now)),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ hostname, path, note, madeBy }) => [`${hostname}${path}`, note, madeBy],
        key: ({ createdAtMs }) => createdAtMs,
        order: 'desc',
      });
    },
    async createShareLink({ body }, { caller }) {
      const { href, hostname } = webAddress(body.url);
      const asked = { method: 'GET', user: undefined, address: '', link: true } as const;
      const test = await edge.testAccess({ ...asked, url: href });
      if (!test.takes.includes('link')) {
        throw new SallyportError(
          'invalid',
          `The policy of ${test.route} (${test.policy}) knows no share links, so that the link would open nothing; add a rule for "link" to it.`,
        );
      }
      const command = createShareLink({
        ...{ hostname, path: test.path, note: body.note, maxUses: body.uses },
        expiresAtMs: clock.wallMs() + body.days * dayMs,
        madeBy: caller.actor.name,
      });
      const link = await control.run(command, caller);
      const { httpsPort } = edge.facts;
      const port = httpsPort === 443 ? '' : `:${httpsPort}`;
      const url = `https://${hostname}${port}${signInBase}/share?token=${passTexts.formatShare(link.id)}`;
      return { link: shareLinkView(link, clock.wallMs()), url };
    },
    async deleteShareLink({ params }, { caller }) {
      await control.run(deleteShareLink(params.link), caller);
      return undefined;
    },
  };
}

function shareLinkView(link: ShareLink, nowMs: number): ShareLinkView {
  const isUsedUp = link.maxUses !== null && link.uses >= link.maxUses;
  return { ...link, state: link.expiresAtMs <= nowMs ? 'expired' : isUsedUp ? 'used-up' : 'good' };
}
