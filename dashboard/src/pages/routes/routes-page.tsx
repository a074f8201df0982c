// All routes, whatever they come from.
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import { Filters } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Page } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { AddRoute } from './add-route.tsx';
import { RouteList } from './route-list.tsx';

const routeApi = getRouteApi('/inside/routes');

/** The page. */
export function RoutesPage() {
  const mayWrite = useMay('routes:write');
  const { search, tunnel, source } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const [isAdding, adding] = useDisclosure(false);
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Routes"
      intro="A route leads a public hostname, or a path below it, through a tunnel to a service at home."
      actions={
        mayWrite && (
          <Button leftSection={<Icon name="plus" />} onClick={adding.open}>
            Add route
          </Button>
        )
      }
    >
      <Filters>
        <SearchField
          label="Find a route"
          value={search ?? ''}
          onChange={(value) => filter({ search: value || undefined })}
        />
        <ChoiceFilter
          label="Source"
          anyLabel="From anywhere"
          choices={[
            { value: 'store', label: 'Added here' },
            { value: 'claim', label: 'Published at home' },
            { value: 'file', label: 'From edge.yml' },
          ]}
          value={source}
          onChange={(value) => filter({ source: value })}
          width={190}
        />
      </Filters>
      <RouteList query={{ search, tunnel, source }} onAdd={mayWrite ? adding.open : undefined} />
      <AddRoute isOpen={isAdding} onClose={adding.close} />
    </Page>
  );
}
