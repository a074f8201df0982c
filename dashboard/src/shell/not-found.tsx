// An address that leads nowhere.
import { Link } from '@tanstack/react-router';
import { Empty } from '../kit/notices.tsx';
import { Page } from '../kit/page.tsx';

/** Says so, and where to go. */
export function NotFound() {
  return (
    <Page title="No such page">
      <Empty title="There is no page at this address." action={<Link to="/">Go to the overview</Link>}>
        The link may be old, or the address was mistyped.
      </Empty>
    </Page>
  );
}
