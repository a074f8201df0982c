// What an owner can set while the edge runs.
import { Button, Group, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Settings } from '#model/setting.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { OnEdge } from '../../kit/confirm.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { faultOf } from '../../kit/form-dialog.tsx';
import { ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Page, Panel } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatDuration } from '../../kit/units.ts';
import { LookFields } from './look-fields.tsx';

/** The page. */
export function SettingsPage() {
  const read = useRead('getSettings', {});
  return (
    <Page
      title="Settings"
      intro="Taken up at once. What must be known before the edge starts (ports, folders, the store) stands in edge.yml."
    >
      {read.data === undefined ? (
        read.error === null ? (
          <Waiting what="settings" lines={5} />
        ) : (
          <ProblemNotice error={read.error} />
        )
      ) : (
        <SettingsForm settings={read.data} />
      )}
    </Page>
  );
}

const hour = 3_600_000;
const day = 24 * hour;

function SettingsForm({ settings }: { readonly settings: Settings }) {
  const mayWrite = useMay('settings:write');
  const update = useChange('updateSettings');
  const say = useToast();
  const [draft, setDraft] = useState<Partial<Settings>>({});
  const value = { ...settings, ...draft };
  const isChanged = Object.entries(draft).some(([key, entry]) => settings[key as keyof Settings] !== entry);
  const save = async (): Promise<void> => {
    await update.mutateAsync({ body: draft });
    setDraft({});
    say('Settings saved');
  };
  return (
    <Panel>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save().catch(() => {});
        }}
      >
        <fieldset disabled={!mayWrite} style={{ border: 0, margin: 0, padding: 0 }}>
          <Stacked>
            <TextInput
              label="Title"
              description="Shown at the top of the dashboard, on sign-in pages, and in mails."
              value={value.title}
              onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
              error={faultOf(update.error, 'title')}
              maw={420}
            />
            <LookFields
              colour={value.colour}
              logo={value.logo}
              onChange={(change) => setDraft({ ...draft, ...change })}
              fault={(field) => faultOf(update.error, field)}
              mayWrite={mayWrite}
            />
            <Length
              label="A browser that is not used is signed out after"
              choices={[hour, 8 * hour, day, 7 * day, 30 * day]}
              value={value.sessionIdleMs}
              onChange={(sessionIdleMs) => setDraft({ ...draft, sessionIdleMs })}
              error={faultOf(update.error, 'sessionIdleMs')}
            />
            <Length
              label="A browser is signed out at the latest after"
              choices={[day, 7 * day, 30 * day, 90 * day, 365 * day]}
              value={value.sessionMaxMs}
              onChange={(sessionMaxMs) => setDraft({ ...draft, sessionMaxMs })}
              error={faultOf(update.error, 'sessionMaxMs')}
            />
            <NumberInput
              label="Requests kept in memory"
              description="For the live view; about half a kilobyte each. All of them are in the access log as well."
              value={value.recentRequests}
              onChange={(entry) => typeof entry === 'number' && setDraft({ ...draft, recentRequests: entry })}
              min={0}
              max={100_000}
              step={1_000}
              thousandSeparator=","
              error={faultOf(update.error, 'recentRequests')}
              maw={420}
              hideControls
            />
            <Length
              label="Audit events are kept for"
              choices={[0, 90 * day, 365 * day, 5 * 365 * day]}
              value={value.auditKeptMs}
              onChange={(auditKeptMs) => setDraft({ ...draft, auditKeptMs })}
              error={faultOf(update.error, 'auditKeptMs')}
            />
            <ProblemNotice error={update.error} />
            {mayWrite && (
              <Group justify="space-between">
                <OnEdge />
                <Group gap="xs">
                  <Button variant="default" disabled={!isChanged} onClick={() => setDraft({})}>
                    Undo changes
                  </Button>
                  <Button type="submit" disabled={!isChanged} loading={update.isPending}>
                    Save
                  </Button>
                </Group>
              </Group>
            )}
          </Stacked>
        </fieldset>
      </form>
    </Panel>
  );
}

interface LengthProps {
  readonly label: string;
  /** Milliseconds; 0 is for ever. */
  readonly choices: readonly number[];
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly error: string | undefined;
}

/** A length of time; one that was set elsewhere is offered too. */
function Length({ label, choices, value, onChange, error }: LengthProps) {
  const all = [...new Set([...choices, value])].toSorted((a, b) => a - b);
  return (
    <Select
      label={label}
      data={all.map((ms) => ({ value: String(ms), label: ms === 0 ? 'ever' : inWords(ms) }))}
      value={String(value)}
      onChange={(chosen) => chosen !== null && onChange(Number(chosen))}
      allowDeselect={false}
      error={error}
      maw={420}
    />
  );
}

function inWords(ms: number): string {
  if (ms % (365 * day) === 0) return ms === 365 * day ? '1 year' : `${ms / (365 * day)} years`;
  if (ms % day === 0) return ms === day ? '1 day' : `${ms / day} days`;
  if (ms % hour === 0) return ms === hour ? '1 hour' : `${ms / hour} hours`;
  return formatDuration(ms);
}
