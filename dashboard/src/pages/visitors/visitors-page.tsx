// Who gets in at protected sites: browsers that are signed in, share links, page passwords, and addresses that are trusted
// after a sign-in. What a role may not see is not asked for.
import { useMay } from '../../api/me.ts';
import { Page } from '../../kit/page.tsx';
import { PagePasswords } from './page-passwords.tsx';
import { ShareLinks } from './share-links.tsx';
import { TrustedAddresses } from './trusted-addresses.tsx';
import { VisitorSessions } from './visitor-sessions.tsx';

/** The page. */
export function VisitorsPage() {
  const seesUsers = useMay('users:read');
  return (
    <Page
      title="Visitors"
      intro="Whom and what the doors of your sites let in. What is ended or revoked here is out within a second, open downloads too."
    >
      {seesUsers && <VisitorSessions />}
      <ShareLinks />
      <PagePasswords />
      {seesUsers && <TrustedAddresses />}
    </Page>
  );
}
