// One route: edit it, try it in place, remove it.
import { Button, Group, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '#api/client.ts';
import type { RouteView } from '#api/routes.ts';
import { routeName } from '#model/routes/route.ts';
import { shortSteps, withoutSteps } from '#model/routes/route-steps.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { OnEdge, RemoveButton } from '../../kit/confirm.tsx';
import { faultOf } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Page, Panel, Section } from '../../kit/page.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatCount } from '../../kit/units.ts';
import { TryUrl } from '../explain/try-url.tsx';
import { changedStepsOf, StepFields } from './step-fields.tsx';
import { routeStatusWords, routeTone, sourceHints, sourceWords } from './route-status.ts';
import classes from './routes.module.css';
import { accessOfText, accessText } from './access-text.ts';
import { PresetOpenings } from './preset-openings.tsx';

const routeApi = getRouteApi('/inside/routes/$route');

/** The page. */
export function RoutePage() {
  const { route: id } = routeApi.useParams();
  const read = useRead('getRoute', { params: { route: id } });
  const mayWrite = useMay('routes:write');
  const route = read.data;
  const above = <Link to="/routes">Routes</Link>;
  if (route === undefined) {
    return (
      <Page title="Route" above={above}>
        {read.error === null ? <Waiting what="the route" lines={5} /> : <ProblemNotice error={read.error} />}
      </Page>
    );
  }
  const name = routeName(route);
  const url = `https://${name.replace('*.', 'any.')}`;
  const isOurs = route.source === 'store';
  return (
    <Page
      title={name}
      above={above}
      heading={
        <>
          {name}
          <span className={classes['headStatus']}>
            <Status tone={routeTone[route.status]}>{routeStatusWords[route.status]}</Status>
          </span>
          {!isOurs && <Tag>{sourceWords[route.source]}</Tag>}
        </>
      }
      intro={route.note}
      actions={
        <>
          {route.isEnabled && !route.hostname.startsWith('*') && (
            <Button
              component="a"
              variant="default"
              leftSection={<Icon name="external" />}
              href={url}
              target="_blank"
              rel="noreferrer"
            >
              Open
            </Button>
          )}
          {isOurs && mayWrite && <RemoveRoute route={route} />}
        </>
      }
    >
      {route.trouble !== '' && (
        <div className={classes['trouble']}>
          <Notice tone={route.status === 'no-rule' ? 'warn' : 'bad'}>{route.trouble}</Notice>
        </div>
      )}
      <Panel>
        <Facts
          items={[
            [
              'Tunnel',
              <Link key="tunnel" to="/tunnels/$tunnel" params={{ tunnel: route.tunnelName }}>
                {route.tunnelName}
              </Link>,
            ],
            ['Service', route.service === '' ? 'not known' : <Mono key="service">{route.service}</Mono>],
            ['Who may', accessText(route.access) ?? 'rules with conditions'],
            ['Requests since the edge started', formatCount(route.requests)],
            ['Added', addedText(route)],
          ]}
        />
      </Panel>
      <PresetOpenings access={route.access} />
      <Section
        title="Try it"
        intro="The edge follows the address to the origin, step by step, and says where it stops."
      >
        <TryUrl key={url} initial={url} />
      </Section>
      {isOurs && mayWrite ? (
        <EditRoute key={route.id} route={route} />
      ) : (
        !isOurs && (
          <Section title="Change it">
            <Notice tone="plain">{sourceHints[route.source]}</Notice>
          </Section>
        )
      )}
    </Page>
  );
}

function RemoveRoute({ route }: { readonly route: RouteView }) {
  const remove = useChange('deleteRoute');
  const navigate = useNavigate();
  const say = useToast();
  const name = routeName(route);
  return (
    <RemoveButton
      title={`Remove ${name}`}
      action="Remove route"
      run={async () => {
        await remove.mutateAsync({ params: { route: route.id } });
        say(`${name} removed`);
        await navigate({ to: '/routes' });
      }}
    >
      <p>
        The public gets “no such host” there at once. The ingress rule that came with the route goes with it;
        the service at home is not touched.
      </p>
    </RemoveButton>
  );
}

interface AccessInputProps {
  readonly access: RouteView['access'];
  readonly onChange: (access: RouteView['access']) => void;
  readonly error: string | undefined;
}

/** One line; while it is typed, the line is kept as it stands. */
function AccessInput({ access, onChange, error }: AccessInputProps) {
  const shown = accessText(access);
  const [typed, setTyped] = useState<string>();
  const isSame = typed !== undefined && accessText(accessOfText(typed)) === shown;
  return (
    <TextInput
      label="Who may"
      description={
        shown === undefined
          ? 'Rules with conditions; change them in the lab file or by the API.'
          : 'public, private (users of this edge), or who with commas: group:family, user:ada, token:backup, ip:192.168.0.0/16. For applications of a product, preset:jellyfin, say.'
      }
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      disabled={shown === undefined}
      value={isSame ? typed : (shown ?? '')}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(accessOfText(event.currentTarget.value));
      }}
      error={error}
    />
  );
}

function EditRoute({ route }: { readonly route: RouteView }) {
  const update = useChange('updateRoute');
  const navigate = useNavigate();
  const say = useToast();
  const tunnels = useRead('listTunnels', { query: { limit: 500 } });
  const [draft, setDraft] = useState<Partial<RouteView>>({});
  const [undone, setUndone] = useState(0);
  const [error, setError] = useState<unknown>();
  const value = { ...route, ...draft };
  const shown = { ...withoutSteps(route), ...shortSteps(route) };
  const isLocal = tunnels.data?.items.find(({ name }) => name === value.tunnelName)?.management === 'local';
  const isChanged = Object.entries(draft).some(
    ([key, entry]) =>
      JSON.stringify((shown as Partial<RouteView>)[key as keyof RouteView]) !== JSON.stringify(entry),
  );
  const change = (values: Partial<RouteView>): void => setDraft({ ...draft, ...values });
  const undo = (): void => {
    setDraft({});
    // Fields with a state of their own begin anew.
    setUndone(undone + 1);
  };
  const save = async (): Promise<void> => {
    setError(undefined);
    try {
      const { tunnelName, hostname, path, service, access, note, isEnabled } = draft;
      const changed = await update.mutateAsync({
        params: { route: route.id },
        body: {
          ...dropUndefined({ hostname, path, service, access, note, isEnabled }),
          ...(tunnelName === undefined ? {} : { tunnel: tunnelName }),
          ...changedStepsOf(draft),
        },
        ifMatch: route.version,
      });
      setDraft({});
      say('Route changed');
      if (changed.id !== route.id)
        await navigate({ to: '/routes/$route', params: { route: changed.id }, replace: true });
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Section title="Change it">
      <Panel>
        <form
          className={classes['form']}
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <div className={classes['pair']}>
            <TextInput
              label="Hostname"
              value={value.hostname}
              onChange={(event) => change({ hostname: event.currentTarget.value })}
              error={faultOf(error, 'hostname')}
            />
            <TextInput
              label="Path"
              description="/ is everything."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={value.path}
              onChange={(event) => change({ path: event.currentTarget.value })}
              error={faultOf(error, 'path')}
            />
          </div>
          <div className={classes['pair']}>
            <Select
              label="Tunnel"
              data={[...new Set([route.tunnelName, ...(tunnels.data?.items.map(({ name }) => name) ?? [])])]}
              value={value.tunnelName}
              onChange={(name) => name !== null && change({ tunnelName: name })}
              searchable
              allowDeselect={false}
              error={faultOf(error, 'tunnel')}
            />
            <TextInput
              label="Service"
              description={isLocal ? 'Named in config.yml at home.' : undefined}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              disabled={isLocal === true}
              value={value.service}
              onChange={(event) => change({ service: event.currentTarget.value })}
              error={faultOf(error, 'service')}
            />
          </div>
          <AccessInput
            access={value.access}
            onChange={(access) => change({ access })}
            error={faultOf(error, 'access')}
          />
          <Textarea
            label="Note"
            autosize
            minRows={1}
            value={value.note}
            onChange={(event) => change({ note: event.currentTarget.value })}
            error={faultOf(error, 'note')}
          />
          <StepFields
            key={`${route.version} ${undone}`}
            route={route}
            draft={draft}
            onChange={change}
            error={error}
          />
          <Switch
            label="Open to the public"
            description="Switched off, the route is kept, and its address answers 404."
            checked={value.isEnabled}
            onChange={(event) => change({ isEnabled: event.currentTarget.checked })}
          />
          <ProblemNotice error={error} />
          {error instanceof ApiError && error.problem.code === 'precondition-failed' && (
            <Notice tone="plain">
              What is shown now is the other's version; your changes are kept on top of it until you save or
              undo.
            </Notice>
          )}
          <Group justify="space-between">
            <OnEdge />
            <Group gap="xs">
              <Button variant="default" disabled={!isChanged} onClick={undo}>
                Undo changes
              </Button>
              <Button type="submit" disabled={!isChanged} loading={update.isPending}>
                Save
              </Button>
            </Group>
          </Group>
        </form>
      </Panel>
    </Section>
  );
}

function addedText({ source, createdAtMs }: RouteView) {
  if (source === 'claim') return 'by its connector';
  return source === 'file' ? 'with edge.yml' : <TimeAgo key="added" atMs={createdAtMs} />;
}

function dropUndefined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
