// A page that failed by itself: a part of the dashboard that could not be loaded (the edge was replaced by another
// version meanwhile), or a fault of ours.
import { Button } from '@mantine/core';
import { sentenceOf } from '../api/send.ts';
import { Notice } from '../kit/notices.tsx';
import { Page } from '../kit/page.tsx';

/** Says what happened; loading anew is the cure for most of it. */
export function PageFault({ error }: { readonly error: unknown }) {
  const isOldVersion = /dynamically imported module|Importing a module script|preload/i.test(
    sentenceOf(error),
  );
  return (
    <Page title="This page did not open">
      <Notice
        tone="warn"
        isAlert
        title={
          isOldVersion
            ? 'The edge has another version of the dashboard now, or does not answer.'
            : 'A fault of the dashboard itself.'
        }
        actions={
          <Button size="xs" variant="default" onClick={() => location.reload()}>
            Load anew
          </Button>
        }
      >
        {isOldVersion ? 'Loading the page anew brings the current one.' : sentenceOf(error)}
      </Notice>
    </Page>
  );
}
