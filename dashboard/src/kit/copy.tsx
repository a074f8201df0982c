// Text to take away: one value with a button beside it, or a block of lines for a shell or a file.
import { ActionIcon, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Icon } from './icons.tsx';
import classes from './kit.module.css';

/** How long the button says that it has copied, in milliseconds. */
const confirmMs = 1_500;

/** Puts `text` on the clipboard. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const clipboard = useClipboard({ timeout: confirmMs });
  return (
    <Tooltip label={clipboard.copied ? 'Copied' : label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="md"
        aria-label={clipboard.copied ? 'Copied' : label}
        onClick={() => clipboard.copy(text)}
      >
        <Icon name={clipboard.copied ? 'check' : 'copy'} />
      </ActionIcon>
    </Tooltip>
  );
}

/** A value in one line, with its button. */
export function CopyValue({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <span className={classes['copyValue']}>
      <code title={text}>{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** Lines for a shell or a file, as they are. */
export function CodeBlock({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={classes['codeBlock']}>
      {/* Scrollable, so it must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} label={`Copy ${label}`} />
    </div>
  );
}
