// What the API in memory is held to: a handler for every operation of the contract, or this does not compile.
import type { OperationId, Operations, StreamOperationId } from '#api/api.ts';
import type { CallResult, HandlerInput } from '#api/operation.ts';
import { type Problem, type ProblemCode, problemStatus } from '#api/problem.ts';

/** One handler an operation. */
export type Handlers = {
  readonly [Id in Exclude<OperationId, StreamOperationId>]: (
    input: HandlerInput<Operations[Id]>,
  ) => CallResult<Operations[Id]>;
};

/** A refusal, with what a problem says. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(code: ProblemCode, detail: string, more: Partial<Problem> = {}) {
    super(detail);
    this.problem = {
      ...{ type: `urn:sallyport:problem:${code}`, title: code, status: problemStatus[code], detail, code },
      ...more,
    };
  }
}
