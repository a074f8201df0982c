// The states of a tunnel in words and colours.
import type { TunnelView } from '#api/tunnels.ts';
import type { Tone } from '../../kit/status.tsx';

export const statusWords: Readonly<Record<TunnelView['status'], string>> = {
  healthy: 'healthy',
  degraded: 'degraded',
  down: 'down',
  'never-connected': 'never connected',
};

export const toneOf: Readonly<Record<TunnelView['status'], Tone>> = {
  healthy: 'good',
  degraded: 'warn',
  down: 'bad',
  'never-connected': 'off',
};
