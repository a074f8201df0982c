// What the edge does with a route's requests and responses: the fields of its steps, made of the schema that edge.yml has too.
import { z } from 'zod';
import type { RouteView } from '#api/routes.ts';
import {
  type RouteStepName,
  routeStepNames,
  routeStepsShape,
  shortSteps,
} from '#model/routes/route-steps.ts';
import { faultOf } from '../../kit/form-dialog.tsx';
import { SettingField } from '../../kit/schema-form/schema-form.tsx';
import { settingOf } from '../../kit/schema-form/setting.ts';
import classes from './routes.module.css';

const setting = settingOf(z.strictObject(routeStepsShape));

type Steps = Readonly<Partial<Record<RouteStepName, unknown>>>;

export interface StepFieldsProps {
  readonly route: RouteView;
  /** What has been changed and not saved. */
  readonly draft: Partial<RouteView>;
  readonly onChange: (steps: Partial<RouteView>) => void;
  readonly error: unknown;
}

/** The fields. */
export function StepFields({ route, draft, onChange, error }: StepFieldsProps) {
  const short: Steps = shortSteps(route);
  const steps: Steps = Object.fromEntries(
    routeStepNames
      .map((name) => [name, name in draft ? draft[name] : short[name]] as const)
      .filter(([, step]) => step !== undefined),
  );
  const take = (next: Steps): void => {
    const changed = routeStepNames.filter((name) => next[name] !== steps[name]);
    onChange(Object.fromEntries(changed.map((name) => [name, next[name]])));
  };
  return (
    <fieldset className={classes['steps']}>
      <legend>On the way</legend>
      <p>
        {Object.keys(steps).length === 0
          ? 'Nothing of its own: responses are cached as their headers say, and text is compressed.'
          : 'What the edge does with requests and responses.'}
      </p>
      <SettingField
        setting={setting}
        label="Steps"
        path=""
        value={steps}
        onChange={(next) => take(next as Steps)}
        faultAt={(path) => (path === '' ? undefined : faultOf(error, path))}
      />
    </fieldset>
  );
}

/** The steps of a draft as the API takes them: null goes back to the default. */
export function changedStepsOf(draft: Partial<RouteView>): Partial<RouteView> {
  return Object.fromEntries(
    routeStepNames.flatMap((name) => (name in draft ? [[name, draft[name] ?? null]] : [])),
  );
}
