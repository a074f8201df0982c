// A token, shown once, inside of the lines that use it.
import { Tabs } from '@mantine/core';
import { CodeBlock } from '../../kit/copy.tsx';
import { Notice } from '../../kit/notices.tsx';
import { startWays } from './start-lines.ts';
import classes from './tunnels.module.css';

export interface StartLinesProps {
  readonly name: string;
  readonly token: string;
  readonly isRemote: boolean;
}

/** The lines, one tab for each way to run a connector. */
export function StartLines({ name, token, isRemote }: StartLinesProps) {
  const ways = startWays(name, token, isRemote);
  return (
    <div className={classes['startLines']}>
      <Notice tone="warn" title="The token is in these lines, and is shown only now.">
        The edge keeps no copy of it. If it gets lost, rotate the key for another one.
      </Notice>
      <Tabs defaultValue="shell" keepMounted={false}>
        <Tabs.List aria-label="Ways to start a connector">
          {ways.map(({ id, title }) => (
            <Tabs.Tab key={id} value={id}>
              {title}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {ways.map(({ id, title, hint, text }) => (
          <Tabs.Panel key={id} value={id}>
            <p>{hint}</p>
            <CodeBlock text={text} label={`lines for ${title}`} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}
