// A text with its line numbers, and faults at their lines. A plain text area, so that everything a keyboard, a phone and a
// screen reader know about text still works.
import { useId, useRef, useState } from 'react';
import classes from './line-editor.module.css';

export interface LineEditorProps {
  readonly label: string;
  readonly text: string;
  /** By line, counted from 1. */
  readonly faults: ReadonlyMap<number, string>;
  readonly onChange: (text: string) => void;
  /** Ctrl-S. */
  readonly onSave?: () => void;
  readonly minLines?: number;
}

/** What Tab writes. It leaves the field after Escape, so that a keyboard is never caught. */
const indent = '  ';

/** The editor. */
export function LineEditor({ label, text, faults, onChange, onSave, minLines = 12 }: LineEditorProps) {
  const numbers = useRef<HTMLDivElement>(null);
  const [tabLeaves, setTabLeaves] = useState(false);
  const hintId = useId();
  const count = text.split('\n').length;
  const press = (event: React.KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key === 'Escape') return setTabLeaves(true);
    if (event.key.toLowerCase() === 's' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return onSave?.();
    }
    if (event.key !== 'Tab' || event.shiftKey || tabLeaves) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = event.currentTarget;
    event.currentTarget.setRangeText(indent, selectionStart, selectionEnd, 'end');
    onChange(event.currentTarget.value);
  };
  return (
    <div className={classes['editor']}>
      <div className={classes['area']}>
        <div className={classes['numbers']} ref={numbers} aria-hidden="true">
          {Array.from({ length: Math.max(count, minLines) }, (_, i) => (
            <span key={i} data-fault={faults.has(i + 1) || undefined}>
              {i < count ? i + 1 : ' '}
            </span>
          ))}
        </div>
        <textarea
          aria-label={label}
          aria-describedby={hintId}
          aria-invalid={faults.size > 0 || undefined}
          value={text}
          rows={Math.min(Math.max(count, minLines), 36)}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          wrap="off"
          onChange={(event) => onChange(event.currentTarget.value)}
          onKeyDown={press}
          onFocus={() => setTabLeaves(false)}
          onScroll={(event) => {
            if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      {faults.size > 0 && (
        <ul className={classes['faults']}>
          {[...faults].map(([line, message]) => (
            <li key={line}>
              <b>Line {line}</b> {message}
            </li>
          ))}
        </ul>
      )}
      <span id={hintId} className={classes['hint']}>
        Tab indents; Escape, then Tab leaves the field.{onSave !== undefined && ' Ctrl-S saves.'}
      </span>
    </div>
  );
}
