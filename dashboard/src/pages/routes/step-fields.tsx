// The fields of a route's steps: one row for each step of model/route-steps.ts, each by default or by settings of its own.
import { ApiError } from '#api/client.ts';
import type { RouteView } from '#api/routes.ts';
import { type RouteStepName, routeStepNames, shortSteps } from '#model/route-steps.ts';
import { StepField } from './step-field.tsx';
import classes from './routes.module.css';

interface StepWords {
  readonly label: string;
  /** What the default does, in a few words. */
  readonly byDefault: string;
  /** Settings to begin with, as JSON. */
  readonly example?: string;
  /** Where the settings are one of a few words. */
  readonly choices?: Readonly<Record<string, string>>;
  /** It can be switched off, which is not the default. */
  readonly hasOff?: boolean;
}

const words: Readonly<Record<RouteStepName, StepWords>> = {
  cache: {
    label: 'Cache',
    byDefault: 'What responses allow',
    example: '{ "query": { "drop": ["utm_*"] } }',
    hasOff: true,
  },
  compression: {
    label: 'Compression',
    byDefault: 'Text, when clients take it',
    example: '{ "minBytes": "2KiB" }',
    hasOff: true,
  },
  redirects: {
    label: 'Redirects',
    byDefault: 'None',
    example: '[{ "outside": "/blog", "to": "/blog{rest}" }]',
  },
  hsts: {
    label: 'Strict-Transport-Security',
    byDefault: 'As the edge has it',
    example: '{ "maxAge": "8760h", "includeSubDomains": true }',
    hasOff: true,
  },
  canonicalHost: {
    label: 'One of two names',
    byDefault: 'Both, as they are routed',
    choices: { apex: 'Without www.', www: 'With www.' },
  },
  prefix: { label: 'Path prefix', byDefault: 'The path as it is', example: '{ "strip": "/blog" }' },
};

export interface StepFieldsProps {
  readonly route: RouteView;
  /** What has been changed and not saved. */
  readonly draft: Partial<RouteView>;
  readonly onChange: (step: RouteStepName, settings: unknown) => void;
  readonly error: unknown;
}

/** All of them. */
export function StepFields({ route, draft, onChange, error }: StepFieldsProps) {
  const short = shortSteps(route);
  return (
    <div className={classes['pair']}>
      {routeStepNames.map((name) => (
        <StepField
          key={name}
          label={words[name].label}
          byDefault={words[name].byDefault}
          hasNoOff={words[name].hasOff !== true}
          example={words[name].example ?? ''}
          choices={words[name].choices ?? {}}
          value={name in draft ? draft[name] : short[name]}
          onChange={(settings) => onChange(name, settings)}
          error={stepFault(error, name)}
        />
      ))}
    </div>
  );
}

/** The steps of a draft as the API takes them: null goes back to the default. */
export function changedStepsOf(draft: Partial<RouteView>): Partial<RouteView> {
  return Object.fromEntries(
    routeStepNames.flatMap((name) => (name in draft ? [[name, draft[name] ?? null]] : [])),
  );
}

/** What is wrong with a step, wherever in its settings. */
function stepFault(error: unknown, step: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const fault = error.problem.errors?.find(({ path }) => path === step || path.startsWith(`${step}.`));
  return fault && (fault.path === step ? fault.message : `${fault.path}: ${fault.message}`);
}
