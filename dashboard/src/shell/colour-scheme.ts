// Light, dark, or as the system has it: kept by the browser under one key, which public/colour-scheme.js reads before
// anything is drawn.
import type { MantineColorScheme, MantineColorSchemeManager } from '@mantine/core';

const key = 'sallyport-colours';

function read(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

/** Where Mantine keeps what was chosen. */
export const keptColours: MantineColorSchemeManager = {
  get(defaultValue) {
    const value = read();
    return value === 'light' || value === 'dark' ? value : defaultValue;
  },
  set(value: MantineColorScheme) {
    write(value === 'auto' ? null : value);
  },
  subscribe() {},
  unsubscribe() {},
  clear: () => write(null),
};
