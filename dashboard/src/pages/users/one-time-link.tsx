// A one-time sign-in link, to be passed on; shown only now.
import { Modal } from '@mantine/core';
import { CodeBlock } from '../../kit/copy.tsx';
import { Notice } from '../../kit/notices.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';

export interface OneTimeLink {
  readonly userName: string;
  readonly url: string;
  readonly expiresAtMs: number;
}

/** The dialog that shows it. */
export function OneTimeLinkDialog({
  link,
  onClose,
}: {
  readonly link: OneTimeLink | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Modal
      opened={link !== undefined}
      onClose={onClose}
      title={`Sign-in link for ${link?.userName ?? ''}`}
      size={620}
      closeOnClickOutside={false}
    >
      {link !== undefined && (
        <Stacked>
          <CodeBlock text={link.url} label="the link" />
          <Notice tone="warn" title="It is shown only now, works once, and signs in whoever opens it.">
            Pass it on by a way that you trust. It ends <TimeAgo atMs={link.expiresAtMs} />.
          </Notice>
        </Stacked>
      )}
    </Modal>
  );
}
