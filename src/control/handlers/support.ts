// Handlers of the support bundle.
import type { supportOperations } from '#api/support.ts';
import { supportArchive, supportEntries } from '#base/support/support-bundle.ts';
import type { Handlers } from '../http/handler.ts';
import { edgeBundle, type EdgeBundleSources } from '../support/edge-bundle.ts';

/** Makes them. */
export function supportHandlers(sources: EdgeBundleSources): Handlers<keyof typeof supportOperations> {
  const { control } = sources;
  return {
    listSupportBundle: async () => ({ items: supportEntries(await edgeBundle(sources)) }),
    async downloadSupportBundle() {
      const archive = await supportArchive(await edgeBundle(sources), control.nowMs());
      const day = new Date(control.nowMs()).toISOString().slice(0, 10);
      return (response) =>
        new Promise((resolve) => {
          response.on('close', resolve);
          response.writeHead(200, {
            'Content-Type': 'application/octet-stream',
            'Content-Length': archive.length,
            'Content-Disposition': `attachment; filename="sallyport-support-${day}.tar.gz"`,
          });
          response.end(archive);
        });
    },
  };
}
