// Which of an edge's processes a tunnel connection has reached. An edge that runs as several says so in WELCOME, so that a
// connector can keep a connection to each of them.

/** A process among its kind. */
export interface WorkerSeat {
  /** From 1. */
  readonly number: number;
  readonly count: number;
}
