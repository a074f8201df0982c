// What the edge knows of an origin at the moment: a service that connectors of one tunnel publish.
import type { PartState } from './health.ts';

export interface OriginLive {
  readonly tunnelId: string;
  /** As its owner wrote it, such as `http://localhost:8096`. */
  readonly service: string;
  readonly state: PartState;
  /** What was seen last, in a sentence. */
  readonly sentence: string;
}
