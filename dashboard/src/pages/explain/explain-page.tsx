// Explain: paste an address, see every step from its name to its origin, and where it stops.
import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../../kit/page.tsx';
import { TryUrl } from './try-url.tsx';

const routeApi = getRouteApi('/inside/explain');

/** The page; an address in its own address is explained at once. */
export function ExplainPage() {
  const { url } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  return (
    <Page
      title="Explain"
      intro="Why does an address work, or why not? The edge follows it from name to certificate, route, connector and origin, and says where it stops and what to do. A port such as tcp:5432 is followed to its service."
    >
      <TryUrl
        initial={url ?? ''}
        startsAtOnce
        onExplain={(target) => void navigate({ search: { url: target }, replace: true })}
      />
    </Page>
  );
}
