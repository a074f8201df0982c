// The card in the middle of the page, for whoever is not inside yet. It looks like the owner's: his title, colour and logo.
import { useDocumentTitle } from '@mantine/hooks';
import type { CSSProperties, ReactNode } from 'react';
import { readableOn } from '#base/pages/contrast.ts';
import { Mark } from '../../kit/icons.tsx';
import classes from './sign-in.module.css';

/** What the edge says of itself to whoever has not signed in. */
interface CardLook {
  readonly title: string;
  readonly colour: string;
  readonly logo: string;
}

/** The card with the edge's title. */
export function SignInCard({
  look,
  children,
}: {
  readonly look: CardLook | undefined;
  readonly children: ReactNode;
}) {
  const { title = '\u00a0', colour = '', logo = '' } = look ?? {};
  useDocumentTitle(look === undefined ? 'Sign in' : `Sign in · ${title}`);
  return (
    <div className={classes['ground']} style={colour === '' ? undefined : accentOf(colour)}>
      <main className={classes['card']}>
        <header>
          {logo === '' ? <Mark size={36} /> : <img src={logo} alt="" className={classes['logo']} />}
          <h1>{title}</h1>
        </header>
        {children}
      </main>
    </div>
  );
}

/** Grounds of cards in both schemes, `--surface` of tokens.css. */
const grounds = { light: '#fdfcfa', dark: '#191d1f' } as const;

/** The owner's colour, as near as can be read on the card; what is written on it is the card's own ground. */
function accentOf(colour: string): CSSProperties {
  const [light, dark] = [readableOn(colour, [grounds.light]), readableOn(colour, [grounds.dark])];
  const accent = `light-dark(${light}, ${dark})`;
  const ink = `light-dark(${grounds.light}, ${grounds.dark})`;
  return {
    ...{ '--accent': accent, '--accent-hover': accent, '--accent-ink': ink },
    // What Mantine's filled buttons take when nothing else is said of them.
    ...{ '--mantine-primary-color-filled': accent, '--mantine-primary-color-filled-hover': accent },
    '--button-color': ink,
  } as CSSProperties;
}
