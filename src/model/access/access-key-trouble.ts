// What the edge cannot do with the keys of access. Those that it has stay in force.

/** Why, in a sentence. `exchange`: they cannot be read or exchanged; `copy`: this edge cannot keep what has been exchanged. */
export interface AccessKeyTrouble {
  readonly what: 'exchange' | 'copy';
  readonly why: string;
}
