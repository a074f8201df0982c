// Colours as people see them: how far two stand apart (WCAG 2.2, "contrast ratio"), and a colour moved towards black or white
// until what is written in it can be read. Colours are `#rrggbb`.

/** What WCAG 2.2 asks of text (success criterion 1.4.3, level AA). */
export const readableContrast = 4.5;

type Rgb = readonly [number, number, number];

/** Between 1 (the same) and 21 (black on white). */
export function contrastOf(one: string, other: string): number {
  const [dark, light] = [luminanceOf(rgbOf(one)), luminanceOf(rgbOf(other))].toSorted((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

/** Black or white, whichever stands further from it: one of them is always readable on any colour. */
export function inkOn(colour: string): string {
  return contrastOf(colour, '#000000') >= contrastOf(colour, '#ffffff') ? '#000000' : '#ffffff';
}

/** The colour, or the nearest to it on the way to black or white that can be read on each of the grounds. */
export function readableOn(colour: string, grounds: readonly string[]): string {
  const target = inkOn(grounds[0]!);
  const rgb = rgbOf(colour);
  const steps = 100;
  for (let step = 0; step <= steps; step++) {
    const mixed = hexOf(mix(rgb, rgbOf(target), step / steps));
    if (grounds.every((ground) => contrastOf(mixed, ground) >= readableContrast)) return mixed;
  }
  return target;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * share);
  return [part(0), part(1), part(2)];
}

/** Relative luminance (WCAG 2.2): sRGB made linear, then weighed as eyes do. */
function luminanceOf(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function rgbOf(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

function hexOf(rgb: Rgb): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
