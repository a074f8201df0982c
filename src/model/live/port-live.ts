// What the edge sees of a port right now: whether it is open, and what has passed.
import { z } from 'zod';

export const portLiveSchema = z.object({
  /** `portName`. */
  name: z.string(),
  isOpen: z.boolean(),
  /** Why it is not open; '' when it is. */
  trouble: z.string(),
  /** Connections (UDP: clients) under way. */
  active: z.int().min(0),
  /** Since it was opened. */
  connections: z.int().min(0),
  bytesIn: z.int().min(0),
  bytesOut: z.int().min(0),
});

export type PortLive = z.infer<typeof portLiveSchema>;
