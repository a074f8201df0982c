// What a public route answers to a plain look at its first page, as far as it is needed to know a product by it.

/** One answer; a redirect is followed by the next. */
export interface ProbeAnswer {
  readonly status: number;
  /** Names in lower case; several of one name stand each for itself. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Of a page, its beginning; '' for what is none. */
  readonly html: string;
  /** Where it leads, as path and query on the same hostname; '' where it leads nowhere, or elsewhere. */
  readonly location: string;
}
