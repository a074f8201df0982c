// The states and sources of a route, in words and colours.
import type { RouteView } from '#api/routes.ts';
import type { Tone } from '../../kit/status.tsx';

export const routeStatusWords: Readonly<Record<RouteView['status'], string>> = {
  up: 'up',
  down: 'down',
  disabled: 'switched off',
  'no-rule': 'no rule',
};

export const routeTone: Readonly<Record<RouteView['status'], Tone>> = {
  up: 'good',
  down: 'bad',
  disabled: 'off',
  'no-rule': 'warn',
};

/** Where a route comes from, and so where it is changed. */
export const sourceWords: Readonly<Record<RouteView['source'], string>> = {
  store: 'added here',
  file: 'edge.yml',
  claim: 'published',
};

/** A sentence on how to change a route that is not changed here. */
export const sourceHints: Readonly<Record<RouteView['source'], string>> = {
  store: '',
  file: 'It is declared in edge.yml on the edge, and changed there.',
  claim:
    'A connector publishes this hostname in its rules, and the tunnel may claim it. Change the rule to change the route.',
};
