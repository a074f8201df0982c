// Mantine in our clothes: its colours and sizes come from tokens.css, its components get the density that operators want.
import {
  Button,
  createTheme,
  type CSSVariablesResolver,
  defaultVariantColorsResolver,
  Drawer,
  type MantineColorsTuple,
  type VariantColorsResolver,
  Menu,
  Modal,
  Table,
  Tooltip,
} from '@mantine/core';

/** Old copper, from the ground of a notice to the deepest text. Mantine wants ten steps. */
const copper: MantineColorsTuple = [
  ...(['#eef6f4', '#dcebe7', '#b9d9d2', '#93c6bc', '#63c3b4'] as const),
  ...(['#3f9d90', '#238577', '#0d6b62', '#0a574f', '#07433d'] as const),
];

const rust: MantineColorsTuple = [
  ...(['#fcf1ef', '#f8e1dc', '#f0c2ba', '#f19385', '#e0604e'] as const),
  ...(['#d0503e', '#c5402f', '#a02a1f', '#84211a', '#661913'] as const),
];

/** Filled buttons take their colours from tokens.css, where each pair was chosen for its contrast in both schemes. */
const variantColors: VariantColorsResolver = (input) => {
  const isRed = input.color === 'red';
  if (input.variant !== 'filled' || (input.color !== undefined && input.color !== 'copper' && !isRed)) {
    return defaultVariantColorsResolver(input);
  }
  const name = isRed ? 'bad' : 'accent';
  return {
    background: `var(--${name})`,
    hover: `var(--${name}-hover)`,
    color: `var(--${name}-ink)`,
    border: '1px solid transparent',
  };
};

export const theme = createTheme({
  primaryColor: 'copper',
  primaryShade: { light: 7, dark: 4 },
  colors: { copper, red: rust },
  variantColorResolver: variantColors,
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  headings: { fontFamily: 'var(--sans)', fontWeight: '620' },
  radius: { xs: '2px', sm: '3px', md: '4px', lg: '6px', xl: '10px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 8, horizontalSpacing: 12 } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        closeButtonProps: { 'aria-label': 'Close' },
        overlayProps: { backgroundOpacity: 0.45 },
        transitionProps: { duration: 120 },
      },
    }),
    Drawer: Drawer.extend({
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        overlayProps: { backgroundOpacity: 0.45 },
        transitionProps: { duration: 120 },
      },
    }),
    Menu: Menu.extend({ defaultProps: { transitionProps: { duration: 80 }, shadow: 'sm' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, transitionProps: { duration: 80 } } }),
  },
});

/** Mantine's own variables, taken from ours. */
export const cssVariables: CSSVariablesResolver = () => {
  const variables = {
    '--mantine-color-body': 'var(--surface)',
    '--mantine-color-text': 'var(--ink)',
    '--mantine-color-bright': 'var(--ink)',
    '--mantine-color-dimmed': 'var(--ink-faint)',
    '--mantine-color-placeholder': 'var(--ink-faint)',
    '--mantine-color-anchor': 'var(--accent)',
    '--mantine-color-error': 'var(--bad)',
    '--mantine-color-default': 'var(--raised)',
    '--mantine-color-default-hover': 'var(--sunken)',
    '--mantine-color-default-color': 'var(--ink)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-disabled': 'var(--sunken)',
    '--mantine-color-disabled-color': 'var(--ink-faint)',
    '--mantine-color-disabled-border': 'var(--line)',
  };
  return {
    variables: { '--mantine-shadow-sm': 'var(--shade)', '--mantine-shadow-md': 'var(--shade)' },
    light: variables,
    dark: variables,
  };
};
