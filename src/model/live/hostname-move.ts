// A hostname that went from one tunnel to another (S0-38): what wakes people at night when nobody meant it.

export interface HostnameMove {
  readonly hostname: string;
  readonly path: string;
  /** What people call the two tunnels. */
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  /** Its route says so, which somebody has written; otherwise a connector's rules did. */
  readonly isDeclared: boolean;
}
