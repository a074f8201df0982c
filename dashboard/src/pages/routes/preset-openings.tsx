// What the presets of a route's policy let through without a sign-in, each request with its reason, and what to know first.
import type { RouteView } from '#api/routes.ts';
import { presetsOf } from '#model/access/access-policy.ts';
import { accessPresets, type PresetOpening } from '#model/presets/access-preset.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Notice } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import classes from './routes.module.css';

/** What the presets of a policy let through, and what to know of them. */
export function PresetOpenings({ access }: { readonly access: RouteView['access'] }) {
  const presets = presetsOf(access);
  if (presets.length === 0) return null;
  return (
    <Section
      title="Without a sign-in"
      intro="What the presets of this route let through, after all its rules."
    >
      {presets.map((name) => (
        <div key={name} className={classes['preset']}>
          <Notice tone="warn" title={accessPresets[name].title}>
            {accessPresets[name].caution}
          </Notice>
          <DataTable
            label={`Opened by ${name}`}
            items={accessPresets[name].opens}
            rowKey={({ why, paths }) => `${why} ${paths.join(' ')}`}
            columns={openingColumns}
          />
        </div>
      ))}
    </Section>
  );
}

const openingColumns: readonly Column<PresetOpening>[] = [
  { title: 'Method', cell: ({ methods }) => methods?.join(' ') ?? 'all' },
  { title: 'Path', isWide: true, cell: ({ paths }) => <Mono>{paths.join(' ')}</Mono> },
  { title: 'What', cell: ({ why }) => why },
];
