// How Vite builds the dashboard, and serves it to whoever works on it: `npm run dev -w dashboard` shows it against the
// small API in memory of dev/ (open /dev/), or with SALLYPORT_EDGE=https://... against a real edge (open /).
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const edge = process.env['SALLYPORT_EDGE'];

export default defineConfig({
  root: path('.'),
  // Every address in the build is relative, so that the dashboard stands at whatever path the edge gives it.
  base: './',
  plugins: [react(), devAddresses()],
  resolve: {
    alias: [
      { find: /^#(api|model|base)\//, replacement: `${path('../src/')}$1/` },
      // The one module of Node that the contract's schemas need: the browser's own URL parser does the same.
      { find: 'node:url', replacement: path('src/browser-url.ts') },
    ],
  },
  build: {
    outDir: path('dist'),
    emptyOutDir: true,
    target: 'es2023',
    assetsDir: 'assets',
    // Fonts and icons stay files: the content security policy has no data: for them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
  },
  server: edge === undefined ? {} : { proxy: { '/api': { target: edge, secure: false } } },
});

/** Every address below /dev/ that is no file shows the page of dev/, as the edge does with its own. */
function devAddresses(): Plugin {
  return {
    name: 'sallyport-dev-addresses',
    configureServer(dev) {
      dev.middlewares.use((request, _response, next) => {
        if (request.url !== undefined && /^\/dev\/[^.]*(\?.*)?$/.test(request.url))
          request.url = '/dev/index.html';
        next();
      });
    },
  };
}
