// The whole lab as one file: taken out, compared, applied; and a backup of everything the edge holds.
import { Button, Checkbox, Group } from '@mantine/core';
import { type ChangeEvent, useRef, useState } from 'react';
import { ApiError } from '#api/client.ts';
import { apiBase } from '#api/operation.ts';
import type { LabPlan } from '#model/lab.ts';
import { useMay } from '../../api/me.ts';
import { useApi, useChange } from '../../api/queries.ts';
import { basePath } from '../../base-path.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { ProblemNotice } from '../../kit/notices.tsx';
import { Page, Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount } from '../../kit/units.ts';
import { LineEditor } from '../tunnels/line-editor.tsx';
import { faultsByLine } from '../tunnels/rule-faults.ts';
import { Plan, Tokens } from './plan.tsx';

/** The page. */
export function LabPage() {
  const mayBackUp = useMay('backup:read');
  return (
    <Page
      title="Backup & file"
      intro="Take everything with you: as a backup that restores this very edge, or as a file that git can keep and that brings any edge to the same state."
    >
      {mayBackUp && <Backup />}
      <Export />
      <Apply />
    </Page>
  );
}

function Backup() {
  return (
    <Section
      title="Backup"
      intro="Everything the store holds, users and keys too, in one file. Keep it as safe as the edge itself."
    >
      <Panel>
        <Group justify="space-between">
          <span>
            To get it back: <code>sallyport restore FILE</code> on the edge's machine.
          </span>
          <Button
            component="a"
            href={`${basePath()}${apiBase.slice(1)}/backup`}
            download
            variant="default"
            leftSection={<Icon name="download" />}
          >
            Download backup
          </Button>
        </Group>
      </Panel>
    </Section>
  );
}

function Export() {
  const api = useApi();
  const [text, setText] = useState<string>();
  const [error, setError] = useState<unknown>();
  const read = async (): Promise<void> => {
    setError(undefined);
    try {
      setText((await api.exportLab({})).text);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Section
      title="Export"
      intro="Tunnels, rules, routes and settings as one YAML file, without secrets."
      actions={
        <>
          {text !== undefined && (
            <Button
              size="xs"
              variant="default"
              leftSection={<Icon name="download" />}
              onClick={() => save(text)}
            >
              Save as lab.yml
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => void read()}>
            {text === undefined ? 'Show the file' : 'Read again'}
          </Button>
        </>
      }
    >
      <ProblemNotice error={error} />
      {text !== undefined && <CodeBlock text={text} label="the lab file" />}
    </Section>
  );
}

/** Hands a text to the browser as a file. */
function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'lab.yml';
  link.click();
  URL.revokeObjectURL(url);
}

function Apply() {
  const api = useApi();
  const apply = useChange('applyLab');
  const say = useToast();
  const file = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [prune, setPrune] = useState(false);
  const [plan, setPlan] = useState<LabPlan>();
  const [applied, setApplied] = useState<LabPlan>();
  const [error, setError] = useState<unknown>();
  const [isAsking, setAsking] = useState(false);
  const edit = (value: string): void => {
    setText(value);
    setPlan(undefined);
    setError(undefined);
  };
  const show = async (): Promise<void> => {
    setError(undefined);
    setApplied(undefined);
    try {
      setPlan(await api.planLab({ body: { text, prune } }));
    } catch (failure) {
      setPlan(undefined);
      setError(failure);
    }
  };
  const open = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const chosen = event.currentTarget.files?.[0];
    if (chosen !== undefined) edit(await chosen.text());
  };
  const changes = plan?.steps.filter(({ action }) => action !== 'keep') ?? [];
  const deletes = changes.filter(({ action }) => action === 'delete').length;
  return (
    <Section
      title="Apply a file"
      intro="You see what would change before anything does. It is applied as a whole, or not at all."
    >
      <Stacked>
        <LineEditor
          label="Lab file"
          text={text}
          onChange={edit}
          faults={error instanceof ApiError ? faultsByLine(error.problem) : new Map()}
          minLines={8}
        />
        <ProblemNotice error={error} />
        <Group justify="space-between">
          <Checkbox
            label="Remove what the file does not list"
            checked={prune}
            onChange={(event) => {
              setPrune(event.currentTarget.checked);
              setPlan(undefined);
            }}
          />
          <Group gap="xs">
            <input ref={file} type="file" accept=".yml,.yaml" hidden onChange={(event) => void open(event)} />
            <Button
              variant="default"
              leftSection={<Icon name="upload" />}
              onClick={() => file.current?.click()}
            >
              Open a file
            </Button>
            <Button disabled={text.trim() === ''} onClick={() => void show()}>
              Show the plan
            </Button>
          </Group>
        </Group>
        {plan !== undefined && (
          <Plan plan={plan}>
            {changes.length > 0 && (
              <Button color={deletes > 0 ? 'red' : undefined} onClick={() => setAsking(true)}>
                Apply {formatAmount(changes.length, 'change')}
              </Button>
            )}
          </Plan>
        )}
        {applied !== undefined && <Tokens plan={applied} />}
      </Stacked>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Apply the file"
        action={`Apply ${formatAmount(changes.length, 'change')}`}
        isHarmless={deletes === 0}
        run={async () => {
          setApplied(await apply.mutateAsync({ body: { text, prune, revision: plan!.revision } }));
          setPlan(undefined);
          say('Applied');
        }}
      >
        <p>
          {formatAmount(changes.length, 'change')}
          {deletes > 0 && `, ${formatAmount(deletes, 'deletion')} among them`}. If somebody has changed
          something since the plan was made, nothing is done.
        </p>
      </Confirm>
    </Section>
  );
}
