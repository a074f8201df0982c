// Loaded into every process of `npm test` and `npm run conformance` (--import): a test file that does not come to its end is
// ended after `limitMs` with a line that says what it was still holding; the runner by itself would wait for ever.

/** Far beyond what the slowest file takes on a busy machine. */
const limitMs = 600_000;

// The runner's own process, which runs as long as all files together, has no such variable.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) setTimeout(endFile, limitMs).unref();

function endFile(): never {
  const held = process.getActiveResourcesInfo().toSorted().join(', ');
  process.stderr.write(
    `${process.argv[1] ?? 'a test file'} did not end within ${limitMs / 1000} s; it still holds: ${held}\n`,
  );
  process.exit(1);
}
