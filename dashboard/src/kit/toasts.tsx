// Short words on what has just been done. Spoken by a screen reader, gone by themselves; nothing that must be read later
// is ever said here.
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from 'react';
import { Icon } from './icons.tsx';
import classes from './kit.module.css';

type Say = (text: string) => void;

const ToastContext = createContext<Say | undefined>(undefined);

/** How long a toast stays, in milliseconds: time to read a dozen words twice. */
const shownMs = 5_000;
const maxToasts = 3;

/** Shows toasts for everything inside. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly { id: number; text: string }[]>([]);
  const say = useCallback((text: string) => {
    const id = performance.now();
    setToasts((present) => [...present.slice(1 - maxToasts), { id, text }]);
    setTimeout(() => setToasts((present) => present.filter((toast) => toast.id !== id)), shownMs);
  }, []);
  const value = useMemo(() => say, [say]);
  return (
    <ToastContext value={value}>
      {children}
      <div className={classes['toasts']} role="status" aria-live="polite">
        {toasts.map(({ id, text }) => (
          <div key={id} className={classes['toast']}>
            <Icon name="check" />
            {text}
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

/** Says what has been done. */
export function useToast(): Say {
  const say = use(ToastContext);
  if (say === undefined) throw new Error('useToast is used outside of ToastProvider');
  return say;
}
