// The dashboard's own icons: strokes on a grid of 20, drawn in the colour of the text around them. They only accompany
// words, so that a screen reader passes over them; a button without words carries its own label.
const paths = {
  overview: 'M3 3h6v8H3zM11 3h6v5h-6zM11 10h6v7h-6zM3 13h6v4H3z',
  health: 'M2 10h4l2-6 4 12 2-6h4',
  exposed:
    'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM2.5 10h15M10 2.5c2.5 2.2 3.3 4.6 3.3 7.5S12.5 15.3 10 17.5C7.5 15.3 6.7 12.9 6.7 10S7.5 4.7 10 2.5z',
  tunnels: 'M2.5 16.5v-6a7.5 7.5 0 0 1 15 0v6M6.5 16.5v-6a3.5 3.5 0 0 1 7 0v6M1.5 16.5h5M13.5 16.5h5',
  routes: 'M3 5h5c4 0 4 10 8.5 10M3 15h4M14 12.5l3 2.5-3 2.5M14 2.5 17 5l-3 2.5M11.5 5H17',
  ports: 'M3 4h14v12H3zM6.5 16v-5h2v-2h3v2h2v5',
  names: 'M3 4.5h7.5L17 10l-6.5 5.5H3zM6.5 10h.1M9.5 10h3',
  shield: 'M10 2.5l6.5 2.5v5c0 4-2.7 6.3-6.5 7.5-3.8-1.2-6.5-3.5-6.5-7.5V5zM7 10l2.2 2.2L13 8',
  bell: 'M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13zM8.5 17.5h3',
  requests: 'M3 5h14M3 10h9M3 15h12',
  explain: 'M8.5 3a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM12.6 12.6 17 17',
  users:
    'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c0-3 2.3-4.8 5.5-4.8s5.5 1.8 5.5 4.8M13 3.8a3 3 0 0 1 0 5.4M15 12c2 .7 3 2.3 3 4.5',
  visitors: 'M5 17.5V2.5h10v15M3 17.5h14M12 10h.1',
  key: 'M6.5 10.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM9 11.5 16.5 4M13 7.5l2.5 2.5M15 5.5l1.5 1.5',
  audit: 'M5 2.5h7l3.5 3.5v11.5H5zM11.5 2.5V6.5h4M7.5 10h5.5M7.5 13.5h5.5',
  settings: 'M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4',
  cache:
    'M10 2.5c3.6 0 6.5 1.1 6.5 2.5S13.6 7.5 10 7.5 3.5 6.4 3.5 5 6.4 2.5 10 2.5zM3.5 5v10c0 1.4 2.9 2.5 6.5 2.5s6.5-1.1 6.5-2.5V5M3.5 10c0 1.4 2.9 2.5 6.5 2.5s6.5-1.1 6.5-2.5',
  lab: 'M4 3.5h12v13H4zM4 8h12M8.5 8v8.5',
  certificate: 'M10 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM7 10.8V17.5l3-2 3 2v-6.7M8.3 7l1.2 1.2 2.2-2.4',
  account: 'M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 17.5c.3-3.3 2.8-5 6.5-5s6.2 1.7 6.5 5',
  plus: 'M10 4v12M4 10h12',
  copy: 'M7 7h9.5v9.5H7zM4 13H3.5V3.5H13V4',
  check: 'M4 10.5l4 4 8-9',
  cross: 'M5 5l10 10M15 5 5 15',
  chevronDown: 'M5 7.5l5 5 5-5',
  chevronRight: 'M7.5 5l5 5-5 5',
  chevronUp: 'M5 12.5l5-5 5 5',
  warning: 'M10 3 2 16.5h16zM10 8v4M10 14v.5',
  error: 'M6.5 2.5h7l4 4v7l-4 4h-7l-4-4v-7zM10 6v5M10 13.5v.5',
  notice: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v5M10 6v.5',
  pause: 'M7 4v12M13 4v12',
  play: 'M6 4l9.5 6L6 16z',
  replay: 'M4 10a6 6 0 1 0 2-4.5M6 2.5v3.5h3.5',
  trash: 'M3.5 5.5h13M8 5.5V3h4v2.5M5 5.5l.7 11.5h8.6L15 5.5M8.5 9v5M11.5 9v5',
  edit: 'M3.5 16.5l1-4L13 4l3 3-8.5 8.5zM11.5 5.5l3 3',
  more: 'M4.5 10h.1M10 10h.1M15.5 10h.1',
  menu: 'M3 5.5h14M3 10h14M3 14.5h14',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M4 16l1.4-1.4M14.6 5.4 16 4',
  moon: 'M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z',
  system: 'M3 4h14v9.5H3zM7 17h6M10 13.5V17',
  out: 'M8 3.5H4v13h4M12.5 6.5 16 10l-3.5 3.5M7.5 10H16',
  external: 'M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7',
  download: 'M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13',
  upload: 'M10 13V3.5M6 7l4-4 4 4M3.5 16.5h13',
  sort: 'M6.5 8 10 4.5 13.5 8M6.5 12l3.5 3.5 3.5-3.5',
  filter: 'M3 4h14l-5.5 6.5v5l-3 1.5v-6.5z',
  passkey:
    'M7 8.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 15.5c0-3 2-4.5 5-4.5 1 0 1.9.2 2.6.5M14.5 6a2.7 2.7 0 0 0-1.3 5.1V17l1.3 1.3 1.3-1.3-1-1.5 1-1.5-1-1v-1.9A2.7 2.7 0 0 0 14.5 6z',
  rotate: 'M3.5 8.5A7 7 0 0 1 16 6M16.5 2.5V6H13M16.5 11.5A7 7 0 0 1 4 14M3.5 17.5V14H7',
  link: 'M8.5 11.5l3-3M7 9 4.5 11.5a2.8 2.8 0 0 0 4 4L11 13M9 7l2.5-2.5a2.8 2.8 0 0 1 4 4L13 11',
} as const;

export type IconName = keyof typeof paths;

/** An icon of 16 px, or `size`. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The gate: an arch in a wall, and a way out of it. */
export function Mark({ size = 24 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M3 29V15a13 13 0 0 1 26 0v14z" fill="var(--accent)" />
      <path d="M10 29V16a6 6 0 0 1 12 0v13z" fill="var(--surface)" />
      <path
        d="M16 26v-9m-3.2 3.2L16 17l3.2 3.2"
        fill="none"
        stroke="var(--accent)"
        strokeWidth={2}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
