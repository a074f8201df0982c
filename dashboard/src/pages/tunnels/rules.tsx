// The rules of a tunnel: edited here when they live here (faults stand at their lines), else shown as its connectors
// publish them.
import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '#api/client.ts';
import type { RuleSetView, TunnelView } from '#api/tunnels.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { CodeBlock } from '../../kit/copy.tsx';
import { OnEdge } from '../../kit/confirm.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Section } from '../../kit/page.tsx';
import { Status, type Tone } from '../../kit/status.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { LineEditor } from './line-editor.tsx';
import { faultsByLine } from './rule-faults.ts';
import classes from './tunnels.module.css';

/** Rules of a tunnel. */
export function Rules({ tunnel }: { readonly tunnel: TunnelView }) {
  const mayWrite = useMay('tunnels:write');
  const read = useRead('getRules', { params: { tunnel: tunnel.id } });
  if (read.data === undefined) {
    return read.error === null ? <Waiting what="rules" lines={6} /> : <ProblemNotice error={read.error} />;
  }
  const rules = read.data;
  if (tunnel.management === 'local') return <LocalRules rules={rules} />;
  return (
    <>
      {mayWrite ? (
        <Editor key={tunnel.id} tunnel={tunnel} rules={rules} />
      ) : (
        <CodeBlock text={rules.text} label="the rules" />
      )}
      <Running rules={rules} />
    </>
  );
}

function LocalRules({ rules }: { readonly rules: RuleSetView }) {
  if (rules.connectors.length === 0) {
    return (
      <Empty title="Nobody publishes rules now.">
        The rules of this tunnel live in config.yml beside its connector. They are shown here once one is
        connected.
      </Empty>
    );
  }
  return (
    <div className={classes['stack']}>
      <p className={classes['soft']}>
        From config.yml at home, as its connectors publish it. Change it there: it is taken up at once.
      </p>
      <CodeBlock text={rules.text} label="the rules" />
      <Running rules={rules} />
    </div>
  );
}

interface EditorProps {
  readonly tunnel: TunnelView;
  readonly rules: RuleSetView;
}

function Editor({ tunnel, rules }: EditorProps) {
  const put = useChange('putRules');
  const say = useToast();
  const [draft, setDraft] = useState<{ text: string; version: number }>();
  const [error, setError] = useState<unknown>();
  const text = draft?.text ?? rules.text;
  const isChanged = draft !== undefined && draft.text !== rules.text;
  const isBehind = isChanged && draft.version !== rules.version;
  const save = async (): Promise<void> => {
    setError(undefined);
    try {
      const saved = await put.mutateAsync({
        params: { tunnel: tunnel.id },
        body: { text },
        ifMatch: draft?.version ?? rules.version,
      });
      setDraft(undefined);
      say(`Rules saved as version ${saved.version}`);
    } catch (failure) {
      setError(failure);
    }
  };
  const faults = error instanceof ApiError ? faultsByLine(error.problem) : new Map<number, string>();
  return (
    <div className={classes['stack']}>
      <p className={classes['soft']}>
        As in cloudflared's config.yml: the first rule that matches wins, and the last one takes the rest.
        Saved rules reach the connectors within a second.
      </p>
      <LineEditor
        label="Rules of this tunnel"
        text={text}
        faults={faults}
        onChange={(value) =>
          setDraft((before) => ({ text: value, version: before?.version ?? rules.version }))
        }
        onSave={() => void save()}
      />
      {isBehind && (
        <Notice
          tone="warn"
          actions={
            <Button size="xs" variant="default" onClick={() => setDraft(undefined)}>
              Take theirs
            </Button>
          }
        >
          Somebody else has saved version {rules.version} meanwhile; yours began at {draft.version}.
        </Notice>
      )}
      <ProblemNotice error={error} />
      {rules.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
      <Group justify="space-between">
        <OnEdge />
        <Group gap="xs">
          <Button
            variant="default"
            disabled={!isChanged}
            onClick={() => {
              setDraft(undefined);
              setError(undefined);
            }}
          >
            Undo changes
          </Button>
          <Button disabled={!isChanged} loading={put.isPending} onClick={() => void save()}>
            Save rules
          </Button>
        </Group>
      </Group>
    </div>
  );
}

const stateWords: Readonly<Record<RuleSetView['connectors'][number]['state'], readonly [Tone, string]>> = {
  current: ['good', 'runs this version'],
  pending: ['off', 'this version is on its way'],
  refused: ['bad', 'has refused this version'],
  unsupported: ['bad', 'is too old to take rules from here'],
  local: ['good', 'runs its own config.yml'],
};

function Running({ rules }: { readonly rules: RuleSetView }) {
  if (rules.connectors.length === 0) return null;
  return (
    <Section title="Who runs which version">
      <ul className={classes['moving']}>
        {rules.connectors.map(({ instanceId, hostname, state, version, detail }) => (
          <li key={instanceId}>
            <span>{hostname || instanceId.slice(0, 8)}</span>
            <Status tone={stateWords[state][0]}>
              {stateWords[state][1]}
              {state !== 'current' && version > 0 && ` (has ${version})`}
              {detail !== '' && `: ${detail}`}
            </Status>
          </li>
        ))}
      </ul>
    </Section>
  );
}
